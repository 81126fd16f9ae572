package dev.firn.ingest.demo;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A report for the reader of a terminal. */
final class ReportText {
  private final DemoReport report;

  ReportText(DemoReport report) {
    this.report = report;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add("  table          source rows     lake rows");
    for (DemoReport.TableReport table : report.tables()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  %-12s  %,12d  %,12d   %s",
              table.name(),
              table.sourceRows(),
              table.lakeRows(),
              table.equal() ? "equal, value by value" : "DIFFERS"));
      table.differences().forEach(difference -> lines.add("      " + difference));
    }
    lines.add(
        report.changelogEqual()
            ? "  changelog      baseline + changelog = table, for every table"
            : "  changelog      baseline + changelog DIFFERS from its table");
    Percentiles fresh = report.freshnessMillis();
    lines.add("");
    lines.add(
        String.format(
            Locale.ROOT,
            "  freshness   p50 %,d ms   p95 %,d ms   p99 %,d ms   (commit returned -> row read)",
            fresh.p50(),
            fresh.p95(),
            fresh.p99()));
    if (onS3()) {
      lines.add(
          "              at best about a second: on an object store commits start a second apart");
      lines.add(
          "              (commit.interval-min); the S3 server and this reader share the machine");
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "  changes     %,d rows in %,d transactions, %,d rows per second",
            report.events(),
            report.transactions(),
            report.eventsPerSecond()));
    lines.add(
        String.format(
            Locale.ROOT,
            "  commits     %,d snapshots, %,d batches of whole transactions",
            report.commits(),
            report.batches()));
    lines.add(
        String.format(
            Locale.ROOT,
            "  files       %,d data files, %,d deletion vectors, %,d equality deletes",
            report.dataFiles(),
            report.deletionVectors(),
            report.equalityDeleteFiles()));
    if (report.restarts() > 0) {
      lines.add(
          String.format(Locale.ROOT, "  restarts    %,d of the sink's process", report.restarts()));
    }
    return lines;
  }

  private boolean onS3() {
    return report.storage().equals(DemoLake.Storage.S3.text());
  }

  /** Orders by status, then and now. */
  List<String> timeTravel(
      Duration back, Map<String, LakeView.Turnover> then, Map<String, LakeView.Turnover> now) {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(
        String.format(
            Locale.ROOT,
            "  orders      %24s   %24s",
            back.toSeconds() + " s before the end",
            "now"));
    TreeSet<String> states = new TreeSet<>(then.keySet());
    states.addAll(now.keySet());
    for (String state : states) {
      lines.add(
          String.format(
              Locale.ROOT,
              "    %-9s %s   %s",
              state,
              turnover(then.get(state)),
              turnover(now.get(state))));
    }
    return lines;
  }

  private static String turnover(LakeView.@Nullable Turnover found) {
    LakeView.Turnover turnover = found == null ? LakeView.Turnover.NONE : found;
    BigDecimal total = turnover.total();
    return String.format(Locale.ROOT, "%,8d %,15.2f", turnover.orders(), total);
  }

  /** The life of one order, change by change. */
  List<String> life(List<LakeView.OrderChange> changes) {
    if (changes.isEmpty()) {
      return List.of();
    }
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add("  the life of one order, from orders_changelog");
    for (LakeView.OrderChange change : changes) {
      lines.add(
          String.format(
              Locale.ROOT,
              "    %s   %s   transaction %-8s  %-9s %,12.2f",
              change.committedAt().toLocalTime().truncatedTo(ChronoUnit.MILLIS),
              change.op(),
              change.transaction(),
              change.status(),
              change.total()));
    }
    return lines;
  }

  List<String> whereNext(DemoFolder folder) {
    Path here = Path.of("").toAbsolutePath();
    Path shown = folder.root().startsWith(here) ? here.relativize(folder.root()) : folder.root();
    return List.of(
        "",
        "  lake        " + lake(shown),
        String.format(Locale.ROOT, "  log         %s", shown.resolve("logs").resolve("ingest.log")),
        String.format(
            Locale.ROOT,
            "  next        the same command again goes on from here; %s is",
            shown.resolve("ingest.properties")),
        "              a configuration to start from for a PostgreSQL of your own",
        "");
  }

  private String lake(Path shown) {
    return onS3()
        ? "%s (the bucket's objects), %s (the catalog)"
            .formatted(shown.resolve("s3"), shown.resolve("lake"))
        : "%s (tables, and their catalog)".formatted(shown.resolve("lake"));
  }
}
