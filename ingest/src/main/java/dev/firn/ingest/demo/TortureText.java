package dev.firn.ingest.demo;

import dev.firn.ingest.demo.TortureReport.TableResult;
import dev.firn.testing.RowComparison;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The end of a torture for the reader of a terminal. */
final class TortureText {
  private final TortureReport report;

  TortureText(TortureReport report) {
    this.report = report;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add("  killed in");
    for (Phase phase : Phase.values()) {
      int kills = report.phases().getOrDefault(phase.key(), 0);
      if (kills > 0) {
        lines.add("    %-18s %3d  %s".formatted(phase.text(), kills, "+".repeat(kills)));
      }
    }
    lines.add("");
    lines.add("  table          source rows     lake rows   state       baseline + changelog");
    report.tables().forEach(table -> addTo(lines, table));
    lines.add("");
    lines.add(
        "  paused         %d, replaced and let go on: %d ended as fenced, naming their successor"
            .formatted(report.paused(), report.fenced()));
    lines.add("                 %d commits of a replaced writer".formatted(report.lateCommits()));
    lines.add("  terminated     %d, besides the last".formatted(report.terminated()));
    lines.add(
        String.format(
            Locale.ROOT,
            "  meanwhile      %,d transactions with %,d rows, and %,d rows many at once, in %.0f s",
            report.load().transactions(),
            report.load().rows(),
            report.load().copiedRows(),
            report.seconds()));
    lines.add(
        String.format(
            Locale.ROOT,
            "                 %,d transactions on tables that were altered %d times",
            report.load().alteringTransactions(),
            report.load().alterations()));
    lines.add(
        "                 %d compactions in other processes, and %d that were killed"
            .formatted(report.load().compactions(), report.load().killedCompactions()));
    lines.add("");
    lines.add("  " + verdict());
    lines.add("");
    return lines;
  }

  private static void addTo(List<String> lines, TableResult table) {
    lines.add(
        String.format(
            Locale.ROOT,
            "  %-12s  %,12d  %,12d   %-10s  %s",
            table.name(),
            table.sourceRows(),
            table.lakeRows(),
            table.equal() ? "equal" : "DIFFERS",
            table.changelogEqual() ? "equal" : "DIFFERS"));
    differences("state", table.state(), lines);
    differences("changelog", table.log(), lines);
  }

  private static void differences(String of, RowComparison.Result result, List<String> lines) {
    result.differences().forEach(difference -> lines.add("      %s: %s".formatted(of, difference)));
  }

  private String verdict() {
    if (report.passed()) {
      return "%d kills. Nothing lost, nothing doubled.".formatted(report.kills());
    }
    List<String> wrong = new ArrayList<>();
    if (!report.equal()) {
      wrong.add(
          "%d rows lost, %d doubled, %d changed"
              .formatted(report.lostRows(), report.doubledRows(), report.changedRows()));
    }
    if (!report.changelogEqual()) {
      wrong.add(
          "by the changelog %d rows lost, %d doubled, %d changed"
              .formatted(
                  report.changelogLostRows(),
                  report.changelogDoubledRows(),
                  report.changelogChangedRows()));
    }
    if (report.lateCommits() > 0) {
      wrong.add("a replaced writer went on committing");
    }
    if (report.endedByThemselves() > 0) {
      wrong.add(
          "%d processes ended though nothing was done to them"
              .formatted(report.endedByThemselves()));
    }
    if (!report.hits().stream().allMatch(TortureReport.Hit::isWell)) {
      wrong.add("a paused or terminated process did not end as it must");
    }
    if (report.kills() < report.planned()) {
      wrong.add("%d kills of %d".formatted(report.kills(), report.planned()));
    }
    return "BROKEN: %s. Again: --seed %d".formatted(String.join("; ", wrong), report.seed());
  }
}
