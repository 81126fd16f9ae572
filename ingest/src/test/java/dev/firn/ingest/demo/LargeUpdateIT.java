package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One UPDATE of far more rows than the sink's memory budget holds arrives whole, in one batch.
 *
 * <p>{@code -Dfirn.large.rows=20000000 -Dfirn.large.heap=-Xmx1g} is the promised size.
 */
class LargeUpdateIT {
  private static final int ROWS = Integer.getInteger("firn.large.rows", 200_000);
  private static final String HEAP = System.getProperty("firn.large.heap", "-Xmx512m");

  /** What it has to arrive within: far more than it takes anywhere. */
  private static final int MINUTES = 10 + ROWS / 500_000;

  private static final String DATABASE = "ledger";
  private static final TableIdentifier ENTRIES = TableIdentifier.of("books", "entries");

  @TempDir private Path folder;

  @Test
  void arrivesWholeInOneBatch() throws IOException, SQLException {
    try (PostgresServer server = PostgresServer.start(18)) {
      create(server);
      Files.createDirectories(folder.resolve("lake"));
      Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder.resolve("lake")));
      try (SinkProcess sink = startSink(server)) {
        await(sink, () -> total(catalog, "total-records") == ROWS);
        long before = catalog.loadTable(ENTRIES).currentSnapshot().snapshotId();
        update(server);
        await(sink, () -> catalog.loadTable(ENTRIES).currentSnapshot().snapshotId() != before);
        Table table = catalog.loadTable(ENTRIES);
        Snapshot update = table.currentSnapshot();
        assertThat(update.parentId()).isEqualTo(before);
        assertThat(update.summary()).containsEntry("firn.updated", Integer.toString(ROWS));
        assertThat(sink.restarts()).isZero();
        assertThat(compare(server, table).differences()).isEmpty();
      }
    }
  }

  private static void create(PostgresServer server) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + DATABASE);
    }
    try (Connection connection = server.connect(DATABASE);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE SCHEMA books");
      statement.execute(
          "CREATE TABLE books.entries"
              + " (id bigint PRIMARY KEY, account text, amount numeric(12,2), booked timestamptz)");
      statement.execute(
          "INSERT INTO books.entries SELECT i, md5(i::text), i / 7.0, now() FROM"
              + " generate_series(1, %d) AS i".formatted(ROWS));
    }
  }

  private static void update(PostgresServer server) throws SQLException {
    try (Connection connection = server.connect(DATABASE);
        Statement statement = connection.createStatement()) {
      statement.execute("UPDATE books.entries SET amount = amount + 1, booked = now()");
    }
  }

  private SinkProcess startSink(PostgresServer server) {
    Path config = folder.resolve("ingest.properties");
    IngestConfig.write(config, server, DATABASE, "books", folder.resolve("lake"));
    return SinkProcess.start(
        new SinkProcess.Settings(
            BuiltApplication.program().with(HEAP),
            config,
            folder.resolve("ingest.log"),
            folder.resolve("ingest.pid")),
        notice -> System.out.println(notice));
  }

  private interface Condition {
    boolean holds();
  }

  private static void await(SinkProcess sink, Condition condition) {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES);
    while (!condition.holds()) {
      assertThat(sink.failure()).isEmpty();
      assertThat(System.nanoTime()).as(() -> sink.tail()).isLessThan(deadline);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
    }
  }

  private static long total(Catalog catalog, String counter) {
    try {
      Snapshot snapshot = catalog.loadTable(ENTRIES).currentSnapshot();
      Map<String, String> summary = snapshot == null ? Map.of() : snapshot.summary();
      return Long.parseLong(summary.getOrDefault(counter, "0"));
    } catch (NoSuchTableException e) {
      return 0;
    }
  }

  private static RowComparison.Result compare(PostgresServer server, Table table)
      throws SQLException {
    try (Connection source = server.connect(DATABASE)) {
      source.setAutoCommit(false);
      SourceRows rows = SourceRows.of(source, "books", "entries");
      return RowComparison.compare(rows, LakeRows.of(table, rows.columns()), rows.key());
    }
  }
}
