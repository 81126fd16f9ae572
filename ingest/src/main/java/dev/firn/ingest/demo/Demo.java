package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.Program;
import dev.firn.testing.RowComparison;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.exceptions.NoSuchTableException;

/** One run of the demo, from the source's start to the report. */
final class Demo {
  private static final Duration TIME_TRAVEL = Duration.ofSeconds(10);

  private static final int SHORT_RUN_SECONDS = 120;

  private final DemoSettings settings;
  private final Screen screen;
  private final DemoFolder folder;

  private Demo(DemoSettings settings, Screen screen, DemoFolder folder) {
    this.settings = settings;
    this.screen = screen;
    this.folder = folder;
  }

  /** Runs it; whatever happens, all that it started is ended when this returns. */
  static DemoReport run(DemoSettings settings, Screen screen) throws InterruptedException {
    try (DemoFolder folder = DemoFolder.open(settings.folder())) {
      return new Demo(settings, screen, folder).run();
    } catch (SQLException e) {
      throw new CommandException(
          CommandException.FAILED, "the demo's database refused: " + e.getMessage(), e);
    }
  }

  private DemoReport run() throws SQLException, InterruptedException {
    if (SinkProcess.endLeftover(folder.sinkProcess())) {
      screen.line("  ended the sink that an interrupted run had left behind");
    }
    Stopwatch stopwatch = new Stopwatch();
    DemoLake.Storage storage = DemoLake.choose(settings.storage(), folder);
    try (DemoSource source = DemoSource.start(settings, folder);
        DemoLake lake = DemoLake.open(folder, storage)) {
      Shop shop = source.shop();
      source.begin(folder, lake);
      String version = "%s %s".formatted(source.name(), shop.version());
      screen.line(
          "  source    %s on port %d, run %d of this folder%s"
              .formatted(version, source.port(), folder.run(), stopwatch.lap()));
      if (lake instanceof DemoLake.OnS3 s3) {
        screen.line(
            "  storage   an S3 server on port %d; Iceberg's S3FileIO"
                .formatted(s3.server().port()));
      }
      return withSink(shop, lake, version);
    }
  }

  private DemoReport withSink(Shop shop, DemoLake demoLake, String version)
      throws SQLException, InterruptedException {
    SinkProcess.Settings process =
        new SinkProcess.Settings(
            program(), folder.config(), folder.ingestLog(), folder.sinkProcess());
    Stopwatch stopwatch = new Stopwatch();
    LakeView lake = LakeView.open(folder.lake(), demoLake);
    try (SinkProcess sink = SinkProcess.start(process, this::notice)) {
      CatchUp.awaitTables(lake, sink, shop.mark());
      screen.line(
          "  sink      its own process %d; %s%s"
              .formatted(
                  sink.pid(),
                  folder.run() == 1 ? "initial snapshot is in the lake" : "goes on from the lake",
                  stopwatch.lap()));
      return withLoad(shop, sink, lake, new Setting(version, demoLake.storage()));
    }
  }

  private Program program() {
    Program own = Program.own().with("-Xmx512m");
    Program program = settings.seconds() <= SHORT_RUN_SECONDS ? own.shortRun() : own;
    return settings.archive().map(program::recording).orElse(program);
  }

  private void notice(Object text) {
    screen.line("  !         " + text);
  }

  private DemoReport withLoad(Shop shop, SinkProcess sink, LakeView lake, Setting setting)
      throws SQLException, InterruptedException {
    screen.line(
        "  load      %d transactions per second for %d seconds"
            .formatted(settings.rate(), settings.seconds()));
    Instant begin = Instant.now();
    long beginNanos = System.nanoTime();
    long transactions;
    long events;
    Percentiles freshness;
    try (FreshnessProbe probe = FreshnessProbe.start(lake)) {
      try (Load load = Load.start(shop, settings.rate(), folder.run(), probe)) {
        watch(load, probe, sink);
        load.close();
        transactions = load.transactions();
        events = load.rows();
      }
      CatchUp.await(lake, sink, shop.mark());
      freshness = Percentiles.of(probe.all());
    }
    Instant end = Instant.now();
    double seconds = (System.nanoTime() - beginNanos) / 1e9;
    List<DemoReport.TableReport> tables = compare(shop, lake);
    LakeView.Contents files = lake.contents(begin);
    DemoReport report =
        new DemoReport(
            tables.stream().allMatch(DemoReport.TableReport::equal),
            tables,
            changelogsEqual(shop, lake),
            freshness,
            Math.round(events / seconds),
            files.commits(),
            files.batches(),
            files.dataFiles(),
            files.deletionVectors(),
            files.equalityDeletes(),
            transactions,
            events,
            Math.round(seconds * 10) / 10.0,
            sink.restarts(),
            folder.run(),
            setting.source(),
            setting.storage().text());
    ReportText text = new ReportText(report);
    text.lines().forEach(screen::line);
    Duration back =
        TIME_TRAVEL.compareTo(Duration.ofSeconds(settings.seconds())) < 0
            ? TIME_TRAVEL
            : Duration.ofSeconds(settings.seconds()).dividedBy(2);
    lake.turnover(end.minus(back))
        .ifPresent(then ->
            text.timeTravel(back, then, lake.turnover(Instant.now()).orElse(then))
                .forEach(screen::line));
    text.life(lake.longestLife()).forEach(screen::line);
    text.whereNext(folder).forEach(screen::line);
    return report;
  }

  /** Shows how it goes until the load's time is over. */
  private void watch(Load load, FreshnessProbe probe, SinkProcess sink)
      throws InterruptedException, SQLException {
    long every = screen.terminal() ? 500 : 5000;
    long start = System.nanoTime();
    long end = start + TimeUnit.SECONDS.toNanos(settings.seconds());
    long shown = start;
    long transactions = 0;
    long rows = 0;
    long firstBatch = 0;
    for (long now = start; now < end; now = System.nanoTime()) {
      TimeUnit.NANOSECONDS.sleep(
          Math.min(TimeUnit.MILLISECONDS.toNanos(100), Math.max(1, end - now)));
      failFast(load, sink);
      now = System.nanoTime();
      if (firstBatch == 0) {
        firstBatch = probe.batch();
      }
      if (now - shown >= TimeUnit.MILLISECONDS.toNanos(every)) {
        double interval = (now - shown) / 1e9;
        screen.live(
            liveLine(
                (now - start) / 1_000_000_000,
                (load.transactions() - transactions) / interval,
                (load.rows() - rows) / interval,
                probe,
                probe.batch() - firstBatch));
        shown = now;
        transactions = load.transactions();
        rows = load.rows();
      }
    }
  }

  private static String liveLine(
      long second, double transactions, double rows, FreshnessProbe probe, long batches) {
    long waiting = probe.oldestAwaitedMillis();
    long[] fresh = probe.sinceLastAsked();
    String lag =
        waiting > 2000
            ? "%,d ms behind".formatted(waiting)
            : fresh.length == 0
                ? "nothing new read"
                : "readable after %,d ms".formatted(Percentiles.of(fresh).p50());
    return String.format(
        Locale.ROOT,
        "  %3d s     %,.0f tx/s   %,.0f rows/s   %s   %,d batches",
        second,
        transactions,
        rows,
        lag,
        batches);
  }

  private static void failFast(Load load, SinkProcess sink) throws SQLException {
    if (sink.failure().isPresent()) {
      throw sink.failure().orElseThrow();
    }
    if (load.failure().isPresent()) {
      throw load.failure().orElseThrow();
    }
  }

  private boolean changelogsEqual(Shop shop, LakeView lake) throws SQLException {
    boolean equal = true;
    try (Connection source = shop.connect()) {
      source.setAutoCommit(false);
      for (String table : Shop.TABLES) {
        RowComparison.Result replayed = lake.replay(source, table);
        replayed
            .differences()
            .forEach(difference ->
                notice("baseline and changelog of %s: %s".formatted(table, difference)));
        equal &= replayed.equal();
      }
    }
    return equal;
  }

  private List<DemoReport.TableReport> compare(Shop shop, LakeView lake) throws SQLException {
    List<DemoReport.TableReport> reports = new ArrayList<>();
    try (Connection source = shop.connect()) {
      source.setAutoCommit(false);
      source.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      for (String table : Shop.TABLES) {
        reports.add(compare(source, lake, table));
      }
    }
    return reports;
  }

  private static DemoReport.TableReport compare(Connection source, LakeView lake, String table) {
    try {
      RowComparison.Result result = lake.compare(source, table);
      return new DemoReport.TableReport(
          table,
          result.sourceRows(),
          result.lakeRows(),
          result.equal(),
          result.differences().stream().map(RowComparison.Difference::toString).toList());
    } catch (NoSuchTableException e) {
      return new DemoReport.TableReport(
          table, 0, 0, false, List.of("the lake has no table " + table));
    }
  }

  /** What both sides run on. */
  private record Setting(String source, DemoLake.Storage storage) {}

  private static final class Stopwatch {
    private final long start = System.nanoTime();

    String lap() {
      return String.format(Locale.ROOT, " (%.1f s)", (System.nanoTime() - start) / 1e9);
    }
  }
}
