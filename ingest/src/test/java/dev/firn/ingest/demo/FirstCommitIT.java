package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * How long a pipeline takes from the start of its process to its first new commit; a measurement,
 * which is made when {@code -Dfirn.bench.keys=1000000} says how many keys the tables have.
 */
@EnabledIfSystemProperty(
    named = "firn.bench.keys",
    matches = "\\d+",
    disabledReason = "a measurement")
class FirstCommitIT {
  private static final int TABLES = 4;
  private static final int STARTS = 7;
  private static final Duration WITHIN = Duration.ofMinutes(5);

  @TempDir private Path folder;

  @Test
  void comesSoonAfterTheStart() throws IOException, SQLException {
    int keys = Integer.getInteger("firn.bench.keys") / TABLES;
    try (FollowedDatabase database = FollowedDatabase.start(folder)) {
      for (int table = 0; table < TABLES; table++) {
        database.execute(
            """
            CREATE TABLE books.t%1$d (id bigint PRIMARY KEY, name text, n int);
            INSERT INTO books.t%1$d SELECT i, md5(i::text), 0 FROM generate_series(1, %2$d) AS i
            """
                .formatted(table, keys));
      }
      try (SinkProcess sink = database.startSink()) {
        FollowedDatabase.await(sink, WITHIN, () -> database.rows("t3") == keys);
      }
      List<Duration> times = new ArrayList<>();
      for (int start = 0; start < STARTS; start++) {
        times.add(measure(database));
      }
      System.out.printf("%d keys, start to first new commit: %s%n", keys * TABLES, times);
      assertThat(database.compare("t0").differences()).isEmpty();
    }
  }

  private static Duration measure(FollowedDatabase database) throws SQLException {
    long before = database.table("t0").currentSnapshot().snapshotId();
    database.execute("UPDATE books.t0 SET n = n + 1 WHERE id % 1000 = 7");
    long started = System.nanoTime();
    try (SinkProcess sink = database.startSink()) {
      FollowedDatabase.await(sink, WITHIN, () -> isNewBatch(database, before));
      return Duration.ofMillis(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started));
    }
  }

  /** A takeover makes snapshots as well, without rows. */
  private static boolean isNewBatch(FollowedDatabase database, long before) {
    Snapshot now = database.table("t0").currentSnapshot();
    return now.snapshotId() != before && now.summary().containsKey("firn.updated");
  }
}
