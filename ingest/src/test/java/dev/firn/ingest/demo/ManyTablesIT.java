package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.BuiltApplication;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.iceberg.expressions.Expressions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many tables of which some are busy, in one pipeline with the memory that it takes by itself: none
 * of them starves. {@code -Dfirn.bench.tables=300}, {@code -Dfirn.bench.busy=20} and {@code
 * -Dfirn.bench.seconds=120} make the full measurement of it.
 */
class ManyTablesIT {
  private static final int TABLES = Integer.getInteger("firn.bench.tables", 40);
  private static final int BUSY = Integer.getInteger("firn.bench.busy", 5);
  private static final int SECONDS = Integer.getInteger("firn.bench.seconds", 10);

  /** Changes a second of each busy table. */
  private static final int RATE = 10;

  /** How often a quiet table changes. */
  private static final double QUIET_SECONDS = 20;

  private static final Duration WITHIN = Duration.ofMinutes(5);

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  @Test
  void quietTablesAreAsFreshAsBusyOnes() throws Exception {
    List<String> names =
        IntStream.range(0, TABLES).mapToObj("t%03d"::formatted).collect(Collectors.toList());
    try (FollowedDatabase database = FollowedDatabase.start(folder)) {
      make(database, names);
      long begin = System.nanoTime();
      try (SinkProcess sink = database.startSink(BuiltApplication.program(), List.of())) {
        FollowedDatabase.await(
            sink, WITHIN, () -> names.stream().allMatch(name -> database.rows(name) == 100));
        double started = seconds(begin);
        try (VisibleBatches visible = VisibleBatches.start(folder.resolve("lake"))) {
          work(database, names);
          for (String name : names) {
            database.execute("UPDATE books.%s SET n = -1 WHERE id = 100".formatted(name));
          }
          FollowedDatabase.await(
              sink, WITHIN, () -> names.stream().allMatch(name -> shows(database, name)));
          FollowedDatabase.await(
              sink, WITHIN, () -> names.stream().allMatch(name -> tells(database, name)));
          visible.stop();
          Percentiles busy = freshness(database, visible, names.subList(0, BUSY));
          Percentiles quiet = freshness(database, visible, names.subList(BUSY, TABLES));
          System.out.printf(
              Locale.ROOT,
              "%d tables, %d of them busy: there after %.1f s; commit to readable in ms: busy p50 %d p99 %d, quiet p50 %d p99 %d%n",
              TABLES,
              BUSY,
              started,
              busy.p50(),
              busy.p99(),
              quiet.p50(),
              quiet.p99());
          assertThat(quiet.p99()).isLessThanOrEqualTo(2 * busy.p99());
        }
      }
      for (String name : List.of(names.getFirst(), names.getLast())) {
        assertThat(database.compare(name).differences()).isEmpty();
        assertThat(database.replay(name).differences()).isEmpty();
      }
    }
  }

  private static void make(FollowedDatabase database, List<String> names) throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      for (String name : names) {
        statement.execute(
            "CREATE TABLE books.%1$s (id int PRIMARY KEY, n int, note text); INSERT INTO books.%1$s SELECT i, 0, 'note ' || i FROM generate_series(1, 100) i"
                .formatted(name));
      }
    }
  }

  private static double seconds(long begin) {
    return (System.nanoTime() - begin) / 1e9;
  }

  private static boolean shows(FollowedDatabase database, String name) {
    return !LakeView.read(database.table(name), Expressions.equal("n", -1), "id").isEmpty();
  }

  private static boolean tells(FollowedDatabase database, String name) {
    return !LakeView.read(
            database.table(LakeView.changelogOf(name)), Expressions.equal("n", -1), "id")
        .isEmpty();
  }

  /** One row at a time, in transactions of one. */
  private static void work(FollowedDatabase database, List<String> names)
      throws SQLException, InterruptedException {
    SplittableRandom random = new SplittableRandom(20261123);
    double quietRate = (names.size() - BUSY) / QUIET_SECONDS;
    double rate = BUSY * RATE + quietRate;
    List<PreparedStatement> updates = new ArrayList<>();
    try (Connection connection = database.connect()) {
      for (String name : names) {
        updates.add(
            connection.prepareStatement(
                "UPDATE books.%s SET n = n + 1 WHERE id = ?".formatted(name)));
      }
      long begin = System.nanoTime();
      for (long i = 0; seconds(begin) < SECONDS; i++) {
        boolean isQuiet = random.nextDouble() * rate < quietRate;
        int table = isQuiet ? random.nextInt(BUSY, names.size()) : random.nextInt(BUSY);
        PreparedStatement update = updates.get(table);
        update.setInt(1, random.nextInt(1, 100));
        update.executeUpdate();
        long next = begin + (long) (i * 1e9 / rate);
        TimeUnit.NANOSECONDS.sleep(Math.max(0, next - System.nanoTime()));
      }
    }
  }

  private static Percentiles freshness(
      FollowedDatabase database, VisibleBatches visible, List<String> names) {
    return Percentiles.of(
        names.stream().flatMapToLong(name -> freshness(database, visible, name)).toArray());
  }

  private static LongStream freshness(
      FollowedDatabase database, VisibleBatches visible, String name) {
    return visible.millis(
        name,
        LakeView.read(
            database.table(LakeView.changelogOf(name)),
            Expressions.notEqual("n", -1),
            "_batch",
            "_committed_at"));
  }
}
