package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import org.apache.iceberg.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One UPDATE of far more than the sink's memory budget holds arrives whole, in one batch.
 *
 * <p>{@code -Dfirn.large.rows=20000000 -Dfirn.large.heap=-Xmx1g} is the promised size.
 */
class LargeUpdateIT {
  private static final int ROWS = Integer.getInteger("firn.large.rows", 200_000);
  private static final String HEAP = System.getProperty("firn.large.heap", "-Xmx512m");

  /** Of 100 kB each, which do not come with an update of other columns. */
  private static final int DOCUMENTS = 4_000;

  /** What it has to arrive within: far more than it takes anywhere. */
  private static final Duration WITHIN = Duration.ofMinutes(10 + ROWS / 500_000);

  @TempDir private Path folder;

  @Test
  void arrivesWholeInOneBatch() throws IOException, SQLException {
    arrivesWhole(
        "entries",
        ROWS,
        HEAP,
        """
        CREATE TABLE books.entries
          (id bigint PRIMARY KEY, account text, amount numeric(12,2), booked timestamptz);
        INSERT INTO books.entries
          SELECT i, md5(i::text), i / 7.0, now() FROM generate_series(1, %d) AS i
        """,
        "UPDATE books.entries SET amount = amount + 1, booked = now()");
  }

  @Test
  void largeValuesThatAreNotSentAreFilledInWithinTheMemory() throws IOException, SQLException {
    arrivesWhole(
        "documents",
        DOCUMENTS,
        "-Xmx512m",
        """
        CREATE TABLE books.documents (id bigint PRIMARY KEY, state text, body text);
        ALTER TABLE books.documents ALTER body SET STORAGE EXTERNAL;
        INSERT INTO books.documents
          SELECT i, 'new', (SELECT string_agg(md5((i * 4000 + j)::text), '')
                            FROM generate_series(1, 3200) AS j)
          FROM generate_series(1, %d) AS i
        """,
        "UPDATE books.documents SET state = 'read'");
  }

  /** One value at a time: that one is in memory several times while it is read and written. */
  @Test
  void valuesOfAHundredMegabytesArriveAndAreFilledIn() throws IOException, SQLException {
    String insert =
        "INSERT INTO books.scans VALUES (%d, 'new', repeat('x', 104857600), NULL),"
            + " (%d, 'new', NULL, convert_to(repeat('y', 104857600), 'UTF8'))";
    try (FollowedDatabase database = FollowedDatabase.start(folder)) {
      database.execute(
          "CREATE TABLE books.scans (id bigint PRIMARY KEY, state text, body text, bytes bytea)");
      database.execute(insert.formatted(1, 2));
      try (SinkProcess sink = database.startSink("-Xmx2g")) {
        FollowedDatabase.await(sink, WITHIN, () -> database.rows("scans") == 2);
        database.execute(insert.formatted(3, 4));
        FollowedDatabase.await(sink, WITHIN, () -> database.rows("scans") == 4);
        long before = database.table("scans").currentSnapshot().snapshotId();
        database.execute("UPDATE books.scans SET state = 'read'");
        FollowedDatabase.await(
            sink, WITHIN, () -> database.table("scans").currentSnapshot().snapshotId() != before);
        assertThat(sink.restarts()).isZero();
      }
      assertThat(database.compare("scans").differences()).isEmpty();
    }
  }

  private void arrivesWhole(String table, int rows, String heap, String ddl, String sql)
      throws IOException, SQLException {
    try (FollowedDatabase database = FollowedDatabase.start(folder)) {
      database.execute(ddl.formatted(rows));
      try (SinkProcess sink = database.startSink(heap)) {
        FollowedDatabase.await(sink, WITHIN, () -> database.rows(table) == rows);
        long before = database.table(table).currentSnapshot().snapshotId();
        database.execute(sql);
        FollowedDatabase.await(
            sink, WITHIN, () -> database.table(table).currentSnapshot().snapshotId() != before);
        Snapshot update = database.table(table).currentSnapshot();
        assertThat(update.parentId()).isEqualTo(before);
        assertThat(update.summary()).containsEntry("firn.updated", Integer.toString(rows));
        assertThat(sink.restarts()).isZero();
        assertThat(database.compare(table).differences()).isEmpty();
      }
    }
  }
}
