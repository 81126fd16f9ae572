package dev.firn.ingest.demo;

import dev.firn.compaction.cleaning.Unreachable;
import dev.firn.ingest.demo.ShapeSeries.Shape;
import dev.firn.ingest.demo.SnapshotFreshness.Seen;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** The figures of two runs, one without and one with the maintenance, side by side. */
final class MaintenanceBenchText {
  private static final int WORST = 6;

  /**
   * How the tables stand when nothing changes any more.
   *
   * @param after how long the maintenance went on
   */
  record Ended(Duration after, Shape table, Shape changelog, ScanComparison scan) {}

  /**
   * Files that nothing reaches when all that may go is gone, of each table.
   *
   * @param afterSweep of what expired
   * @param afterOrphans of what nothing had ever reached
   */
  record Left(List<Unreachable> afterSweep, List<Unreachable> afterOrphans) {
    static final Left NOTHING = new Left(List.of(), List.of());

    Left {
      afterSweep = List.copyOf(afterSweep);
      afterOrphans = List.copyOf(afterOrphans);
    }
  }

  /**
   * What a run came to.
   *
   * @param begin of the time that counts
   * @param rate rows changed in a second at the source
   * @param cpu of the pipeline's process in the time that counts
   * @param load how many threads of the machine wanted to run in its last minute
   * @param seen its batches
   * @param atOnce when the last change had arrived
   * @param settled when the maintenance had nothing more to do
   * @param differences of source, table and changelog
   * @param left by the cleaning
   */
  record Run(
      String name,
      Instant begin,
      double rate,
      Duration cpu,
      double load,
      List<Seen> seen,
      ShapeSeries table,
      ShapeSeries changelog,
      Ended atOnce,
      Optional<Ended> settled,
      int restarts,
      List<String> differences,
      Left left) {
    Run {
      seen = List.copyOf(seen);
      differences = List.copyOf(differences);
    }

    Run cleaned(Left after) {
      return new Run(
          name,
          begin,
          rate,
          cpu,
          load,
          seen,
          table,
          changelog,
          atOnce,
          settled,
          restarts,
          differences,
          after);
    }

    /** Each changed row counts. */
    Percentiles freshness() {
      return Percentiles.of(millis(seen));
    }

    long longest() {
      return seen.stream().mapToLong(Seen::oldestMillis).max().orElse(0);
    }

    private static long[] millis(List<Seen> some) {
      return some.stream().flatMapToLong(Seen::millis).toArray();
    }

    private long[] p99ByMinute() {
      return seen.stream()
          .collect(
              Collectors.groupingBy(
                  batch -> since(batch.first()).toMinutes(), TreeMap::new, Collectors.toList()))
          .values()
          .stream()
          .mapToLong(minute -> Percentiles.of(millis(minute)).p99())
          .toArray();
    }

    private Duration since(Instant instant) {
      return Duration.between(begin, instant);
    }

    /** The batches that took longest, with the second in which they were seen. */
    private String worst() {
      return seen.stream()
          .sorted(Comparator.comparingLong(Seen::oldestMillis).reversed())
          .limit(WORST)
          .map(batch ->
              "%,d ms at %d s".formatted(batch.oldestMillis(), since(batch.at()).toSeconds()))
          .collect(Collectors.joining(", "));
    }
  }

  private final String title;
  private final List<String> settings;
  private final Run without;
  private final Run with;
  private final List<String> lines = new ArrayList<>();

  /**
   * @param settings of the pipeline with the maintenance that are not the defaults
   */
  MaintenanceBenchText(String title, List<String> settings, Run without, Run with) {
    this.title = title;
    this.settings = List.copyOf(settings);
    this.without = without;
    this.with = with;
  }

  List<String> lines() {
    lines.clear();
    say("");
    say("  %s; the maintenance by default, but %s", title, String.join(", ", settings));
    say("");
    say("  %-34s %12s %12s %8s", "", "without", "with", "ratio");
    both("rows changed per second", Run::rate);
    both("CPU seconds of the pipeline", run -> run.cpu().toMillis() / 1000.0);
    both("load of the machine", Run::load);
    both("batches", run -> run.seen().size());
    both("freshness p50, ms", run -> run.freshness().p50());
    both("freshness p95, ms", run -> run.freshness().p95());
    both("freshness p99, ms   (<= 1.3)", run -> run.freshness().p99());
    both("freshness longest, ms", Run::longest);
    say("");
    say("  freshness p99 by minute, ms");
    series(Run::p99ByMinute);
    say("  slowest batches");
    for (Run run : List.of(without, with)) {
      say("    %-8s from %s on: %s", run.name(), run.begin(), run.worst());
    }
    figures("data files", Shape::dataFiles);
    figures("snapshots", Shape::snapshots);
    figures("metadata, kB", Shape::metadataKilobytes);
    ends();
    say("");
    say(
        "  unreachable files: %d after the sweep, %d after the search for orphans as well",
        files(with.left().afterSweep()), files(with.left().afterOrphans()));
    with.left().afterSweep().stream()
        .flatMap(table -> table.examples().stream())
        .forEach(file -> say("    %s", fileName(file)));
    for (Run run : List.of(without, with)) {
      say(
          "  %-8s source = table = baseline + changelog: %s; %d restarts",
          run.name(), run.differences().isEmpty() ? "yes" : "NO", run.restarts());
      run.differences().forEach(difference -> say("    %s", difference));
    }
    return List.copyOf(lines);
  }

  @SuppressWarnings("AnnotateFormatMethod")
  private void say(String format, Object... values) {
    lines.add(String.format(Locale.ROOT, format, values).stripTrailing());
  }

  private static long files(List<Unreachable> tables) {
    return tables.stream().mapToLong(Unreachable::files).sum();
  }

  private static String fileName(String location) {
    return location.substring(location.lastIndexOf('/') + 1);
  }

  private void both(String what, ToDoubleFunction<Run> figure) {
    double before = figure.applyAsDouble(without);
    double after = figure.applyAsDouble(with);
    say("  %-34s %,12.0f %,12.0f %8.2f", what, before, after, after / before);
  }

  /** Figures of a run, one after the other. */
  private interface Figures {
    long[] of(Run run);
  }

  private void series(Figures figures) {
    for (Run run : List.of(without, with)) {
      say("    %-8s %s", run.name(), joined(figures.of(run)));
    }
  }

  private static String joined(long[] values) {
    return Arrays.stream(values).mapToObj(Long::toString).collect(Collectors.joining(" "));
  }

  private void figures(String what, ToLongFunction<Shape> figure) {
    say("");
    say("  %s, every ten seconds", what);
    series(run -> run.table().values(figure));
    say("    of the changelog");
    series(run -> run.changelog().values(figure));
    say(
        "    with, second half: table %+.1f a minute, last peak %.2f of the one before (<= 1.1 for snapshots and metadata); changelog %+.1f, %.2f",
        with.table().slope(figure),
        with.table().growthOfPeak(figure),
        with.changelog().slope(figure),
        with.changelog().growthOfPeak(figure));
  }

  private void ends() {
    say("");
    say(
        "  %-26s %9s %9s %9s %11s %9s %9s %9s %9s",
        "at the end",
        "after, s",
        "scan, ms",
        "copy, ms",
        "scan/copy",
        "by model",
        "files",
        "of copy",
        "files/copy");
    end("without, at once", without.atOnce());
    end("with, at once", with.atOnce());
    with.settled().ifPresent(settled -> end("with, settled (<= 1.15, 2)", settled));
  }

  private void end(String what, Ended ended) {
    ScanComparison scan = ended.scan();
    say(
        "  %-26s %9d %,9d %,9d %11.2f %9.2f %9d %9d %9.1f",
        what,
        ended.after().toSeconds(),
        scan.table().toMillis(),
        scan.copy().toMillis(),
        scan.ratio(),
        ended.table().readRatio(),
        scan.tableFiles(),
        scan.copyFiles(),
        scan.fileRatio());
    say(
        "  %-26s snapshots %d, metadata %,d kB; changelog %d data files, %d snapshots, %,d kB",
        "",
        ended.table().snapshots(),
        ended.table().metadataKilobytes(),
        ended.changelog().dataFiles(),
        ended.changelog().snapshots(),
        ended.changelog().metadataKilobytes());
  }
}
