package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.cleaning.Unreachable;
import dev.firn.compaction.maintenance.Part;
import dev.firn.ingest.BuiltApplication;
import dev.firn.ingest.demo.MaintenanceBenchText.Ended;
import dev.firn.ingest.demo.MaintenanceBenchText.Left;
import dev.firn.ingest.demo.MaintenanceBenchText.Run;
import dev.firn.ingest.demo.ShapeSeries.Shape;
import dev.firn.testing.RowComparison;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.iceberg.Snapshot;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the maintenance beside a pipeline costs, and what it keeps the tables like: updates at a
 * steady rate on a large table, once without it and once with it. A measurement, which is made when
 * {@code -Dfirn.bench.minutes=10} says for how long; {@code -Dfirn.bench.rows}, {@code
 * -Dfirn.bench.rate} and {@code -Dfirn.bench.text} say how many rows the table has, how many of
 * them change in a second, and how long a text is in each. Its limits hold for ten minutes and
 * more; in less only the rows are compared.
 */
@EnabledIfSystemProperty(
    named = "firn.bench.minutes",
    matches = "[1-9]\\d*",
    disabledReason = "a measurement of half an hour: -Dfirn.bench.minutes=10 makes it")
class MaintenanceBenchIT {
  private static final int ROWS = Integer.getInteger("firn.bench.rows", 1_000_000);
  private static final int RATE = Integer.getInteger("firn.bench.rate", 2_000);

  /** Digits that cannot be guessed: a file holds half of them in bytes. */
  private static final int TEXT = Integer.getInteger("firn.bench.text", 32);

  private static final Duration LENGTH = Duration.ofMinutes(Long.getLong("firn.bench.minutes", 1));
  private static final int MD5_DIGITS = 32;
  private static final Duration LEAST_LENGTH = Duration.ofMinutes(10);

  private static final String TABLE = "accounts";
  private static final String CHANGELOG = LakeView.changelogOf(TABLE);
  private static final List<String> TABLES = List.of(TABLE, CHANGELOG);

  /** Until the pipeline's code is compiled. */
  private static final Duration WARM_UP = Duration.ofSeconds(20);

  private static final Duration SAMPLED_EVERY = Duration.ofSeconds(10);
  private static final Duration WITHIN = Duration.ofMinutes(10);
  private static final Duration QUIET = Duration.ofSeconds(30);
  private static final Duration SETTLES_WITHIN = Duration.ofMinutes(10);
  private static final double SCAN_RATIO = 1.15;
  private static final int SCANS = 5;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  @Test
  void costsLittleAndKeepsTheTableAsIfFreshlyWritten()
      throws IOException, SQLException, InterruptedException {
    Run without = new Bench("without", List.of("maintenance=false")).run();
    Run with = new Bench("with", maintained()).run();
    MaintenanceBenchText text =
        new MaintenanceBenchText(
            "%d min of %d changed rows/s on %d rows with a text of %d"
                .formatted(LENGTH.toMinutes(), RATE, ROWS, TEXT),
            maintained(),
            without,
            with);
    text.lines().forEach(System.out::println);

    assertRight(without);
    assertRight(with);
    assertThat(with.left().afterOrphans()).allMatch(some -> some.files() == 0);
    if (LENGTH.compareTo(LEAST_LENGTH) >= 0) {
      assertWithinLimits(without, with);
    }
  }

  /** A grace of an hour would leave no file to remove; shorter runs get a shorter history. */
  private static List<String> maintained() {
    List<String> settings = new ArrayList<>(List.of("clean.grace=1m"));
    if (LENGTH.compareTo(LEAST_LENGTH) < 0) {
      settings.add("retention.recent=%ds".formatted(LENGTH.toSeconds() / 2));
    }
    return settings;
  }

  private static void assertRight(Run run) {
    assertThat(run.restarts()).as(run.name()).isZero();
    assertThat(run.differences()).as(run.name()).isEmpty();
  }

  private static void assertWithinLimits(Run without, Run with) {
    SoftAssertions limits = new SoftAssertions();
    for (Run run : List.of(without, with)) {
      limits.assertThat(run.rate()).as("rate reached").isGreaterThan(0.95 * RATE);
    }
    limits
        .assertThat((double) with.freshness().p99() / without.freshness().p99())
        .as("freshness p99")
        .isLessThanOrEqualTo(1.3);
    limits
        .assertThat(with.table().growthOfPeak(Shape::snapshots))
        .as("growth of the number of snapshots")
        .isLessThanOrEqualTo(1.1);
    limits
        .assertThat(with.table().growthOfPeak(Shape::metadataBytes))
        .as("growth of the metadata")
        .isLessThanOrEqualTo(1.1);
    ScanComparison settled = with.settled().orElseThrow().scan();
    limits.assertThat(settled.ratio()).as("full scan").isLessThanOrEqualTo(SCAN_RATIO);
    limits.assertThat(settled.fileRatio()).as("data files").isLessThanOrEqualTo(2);
    limits.assertAll();
  }

  /** One of the two runs, with a database and a lake of its own. */
  private final class Bench {
    private final String name;
    private final List<String> settings;
    private final ShapeSeries ofTable = new ShapeSeries();
    private final ShapeSeries ofChangelog = new ShapeSeries();

    Bench(String name, List<String> settings) {
      this.name = name;
      this.settings = settings;
    }

    private boolean isMaintained() {
      return !settings.contains("maintenance=false");
    }

    Run run() throws IOException, SQLException, InterruptedException {
      try (FollowedDatabase database = FollowedDatabase.start(folder.resolve(name))) {
        database.execute(
            """
            CREATE TABLE books.accounts (
              id bigint PRIMARY KEY, owner text NOT NULL, city text NOT NULL,
              balance numeric(12, 2) NOT NULL, visits int NOT NULL, changed timestamptz NOT NULL);
            INSERT INTO books.accounts
              SELECT i,
                (SELECT string_agg(md5(i || ' ' || j), '') FROM generate_series(1, %d) AS j),
                'city ' || i %% 1000, i / 7.0, 0, now()
              FROM generate_series(1, %d) AS i
            """
                .formatted(Math.ceilDiv(TEXT, MD5_DIGITS), ROWS));
        try (SinkProcess sink = database.startSink(BuiltApplication.program(), settings)) {
          FollowedDatabase.await(sink, WITHIN, () -> database.rows(TABLE) == ROWS);
          Run measured = measure(database, sink);
          sink.stop();
          return isMaintained() ? measured.cleaned(clean(database)) : measured;
        } finally {
          keepLog(database.log());
        }
      }
    }

    private Run measure(FollowedDatabase database, SinkProcess sink)
        throws SQLException, InterruptedException {
      Instant begin;
      Instant end;
      Duration cpu;
      double load;
      double rate;
      List<SnapshotFreshness.Seen> seen;
      try (SnapshotFreshness freshness = SnapshotFreshness.start(database.table(TABLE))) {
        try (PacedUpdates updates = PacedUpdates.start(database, ROWS, RATE)) {
          watch(database, sink, updates, WARM_UP, new ShapeSeries(), new ShapeSeries());
          begin = Instant.now();
          long changed = updates.changed();
          Duration cpuBefore = cpu(sink);
          watch(database, sink, updates, LENGTH, ofTable, ofChangelog);
          end = Instant.now();
          cpu = cpu(sink).minus(cpuBefore);
          load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
          rate = 1000.0 * (updates.changed() - changed) / Duration.between(begin, end).toMillis();
        }
        awaitAll(database, sink);
        seen = freshness.between(begin, end);
      }
      Optional<Ended> settled = Optional.empty();
      Ended atOnce = ended(database, Duration.ZERO, "at once");
      if (isMaintained()) {
        settled = Optional.of(ended(database, awaitQuiet(database, sink), "settled"));
      }
      return new Run(
          name,
          begin,
          rate,
          cpu,
          load,
          seen,
          ofTable,
          ofChangelog,
          atOnce,
          settled,
          sink.restarts(),
          differences(database),
          Left.NOTHING);
    }

    /** Takes the tables' shapes until the time is over. */
    private void watch(
        FollowedDatabase database,
        SinkProcess sink,
        PacedUpdates updates,
        Duration length,
        ShapeSeries table,
        ShapeSeries changelog)
        throws InterruptedException {
      long began = System.nanoTime();
      Duration next = SAMPLED_EVERY;
      while (next.compareTo(length) <= 0) {
        Duration now = Duration.ofNanos(System.nanoTime() - began);
        if (now.compareTo(next) >= 0) {
          table.add(Shape.of(database.table(TABLE), now));
          changelog.add(Shape.of(database.table(CHANGELOG), now));
          next = next.plus(SAMPLED_EVERY);
        }
        assertThat(sink.failure()).isEmpty();
        assertThat(updates.failure()).isEmpty();
        Sinks.pause(20);
      }
    }

    private static Duration cpu(SinkProcess sink) {
      return ProcessHandle.of(sink.pid())
          .flatMap(process -> process.info().totalCpuDuration())
          .orElse(Duration.ZERO);
    }

    /** The last change of all is a row that no file of another batch can have. */
    private static void awaitAll(FollowedDatabase database, SinkProcess sink) throws SQLException {
      long last = Long.MAX_VALUE;
      database.execute(
          "INSERT INTO books.accounts VALUES (%d, 'last', 'nowhere', 0, 0, now())".formatted(last));
      for (String table : TABLES) {
        FollowedDatabase.await(sink, WITHIN, () -> database.shows(table, last));
      }
    }

    /**
     * Waits until both tables have had the same snapshots for a while, and the table is as good as
     * a fresh copy, by its health: what is left of it is merged the later the more there is of it.
     */
    private static Duration awaitQuiet(FollowedDatabase database, SinkProcess sink)
        throws InterruptedException {
      Instant began = Instant.now();
      Instant changed = began;
      List<Long> before = List.of();
      while ((Duration.between(changed, Instant.now()).compareTo(QUIET) < 0
              || Shape.of(database.table(TABLE), QUIET).readRatio() > SCAN_RATIO)
          && Duration.between(began, Instant.now()).compareTo(SETTLES_WITHIN) < 0) {
        List<Long> now = List.of(snapshot(database, TABLE), snapshot(database, CHANGELOG));
        changed = now.equals(before) ? changed : Instant.now();
        before = now;
        assertThat(sink.failure()).isEmpty();
        Sinks.pause(500);
      }
      return Duration.between(began, changed);
    }

    private static long snapshot(FollowedDatabase database, String table) {
      Snapshot current = database.table(table).currentSnapshot();
      return current.snapshotId();
    }

    private Ended ended(FollowedDatabase database, Duration after, String when) {
      Shape table = Shape.of(database.table(TABLE), after);
      Shape changelog = Shape.of(database.table(CHANGELOG), after);
      Path copy = folder.resolve("%s, %s".formatted(name, when));
      return new Ended(
          after, table, changelog, ScanComparison.of(() -> database.table(TABLE), copy, SCANS));
    }

    private static List<String> differences(FollowedDatabase database) throws SQLException {
      List<String> all = new ArrayList<>();
      for (RowComparison.Difference difference : database.compare(TABLE).differences()) {
        all.add("source and table: " + difference);
      }
      for (RowComparison.Difference difference : database.replay(TABLE).differences()) {
        all.add("table and changelog: " + difference);
      }
      return all;
    }

    /**
     * Sweeps, and then looks for orphans, such as the metadata of a commit that another one came
     * before: as if all files were old enough for that.
     */
    private static Left clean(FollowedDatabase database) throws IOException {
      for (String table : TABLES) {
        database.maintain(table, Part.SWEEP, InstantSource.system());
      }
      List<Unreachable> afterSweep = unreachable(database);
      for (String table : TABLES) {
        database.maintain(table, Part.ORPHANS, () -> Instant.now().plus(Duration.ofDays(4)));
      }
      return new Left(afterSweep, unreachable(database));
    }

    private static List<Unreachable> unreachable(FollowedDatabase database) {
      List<Unreachable> found =
          TABLES.stream().map(table -> Unreachable.in(database.table(table))).toList();
      assertThat(found).allMatch(some -> some.notes().isEmpty());
      return found;
    }

    private void keepLog(Path log) throws IOException {
      Path kept = Path.of("target", "maintenance-bench-%s.log".formatted(name));
      Files.copy(log, kept, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
