package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.health.Finding;
import dev.firn.compaction.health.TableHealth;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Says how tables stand, for people. */
record TablesReport(List<Entry> tables) {
  private static final List<String> HEAD =
      List.of(
          "table",
          "rows",
          "files",
          "size",
          "median",
          "small",
          "deleted",
          "snapshots",
          "metadata",
          "lag",
          "compacted",
          "read cost",
          "");

  /** A table and its health, or why that is not known. */
  record Entry(String name, Asked<TableHealth> health) {
    Entry {
      requireNonNull(name, "name is null");
      requireNonNull(health, "health is null");
    }
  }

  TablesReport {
    tables = List.copyOf(tables);
  }

  /** Whether the health of all tables is known. */
  boolean isComplete() {
    return tables.stream().allMatch(table -> table.health().answer().isPresent());
  }

  /** A line for each table, then what is wrong with some. */
  String text() {
    if (tables.isEmpty()) {
      return "Firn keeps no tables here; others are named in full: firn tables NAMESPACE.TABLE";
    }
    List<List<String>> rows = new ArrayList<>(List.of(HEAD));
    tables.forEach(
        table -> table.health().answer().ifPresent(health -> rows.add(row(table, health))));
    List<String> lines = new ArrayList<>(rows.size() == 1 ? List.of() : TextColumns.aligned(rows));
    for (Entry table : tables) {
      problems(table)
          .ifPresent(problems -> {
            lines.add("");
            lines.addAll(problems);
          });
    }
    return lines(lines);
  }

  private static List<String> row(Entry table, TableHealth health) {
    TableHealth.Activity activity = health.activity();
    return List.of(
        table.name(),
        number(health.files().rows()),
        number(health.files().dataFiles()),
        StatusReport.bytes(health.files().dataBytes()),
        StatusReport.bytes(health.files().medianBytes()),
        percent(health.files().smallFileRatio()),
        percent(health.files().deletedRowRatio()),
        number(health.metadata().snapshots()),
        StatusReport.bytes(health.metadata().metadataBytes()),
        activity.lag().map(TablesReport::age).orElse("-"),
        activity.lastCompaction().map(at -> ago(health, at)).orElse("never"),
        times(health.cost().readRatio()),
        verdict(health));
  }

  private static String verdict(TableHealth health) {
    return health.isHealthy()
        ? "healthy"
        : health.findings().stream()
            .filter(finding -> finding.kind().isProblem())
            .map(finding -> finding.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '))
            .collect(Collectors.joining(", "));
  }

  private static Optional<List<String>> problems(Entry table) {
    if (table.health().answer().isEmpty()) {
      return Optional.of(List.of(table.name() + " " + table.health().problem()));
    }
    TableHealth health = table.health().answer().orElseThrow();
    if (health.isHealthy()) {
      return Optional.empty();
    }
    List<String> lines = new ArrayList<>(List.of(table.name()));
    lines.addAll(findings(health));
    return Optional.of(lines);
  }

  private static List<String> findings(TableHealth health) {
    List<String> lines = new ArrayList<>();
    for (Finding finding : health.findings()) {
      lines.add("  " + finding.what());
      lines.add("    -> " + finding.remedy());
    }
    return lines;
  }

  /** All that is known of each table. */
  String details() {
    return tables.stream()
        .map(TablesReport::details)
        .collect(Collectors.joining(System.lineSeparator() + System.lineSeparator()));
  }

  private static String details(Entry table) {
    return table
        .health()
        .answer()
        .map(health -> lines(details(table.name(), health)))
        .orElseGet(() -> table.name() + " " + table.health().problem());
  }

  private static List<String> details(String name, TableHealth health) {
    List<String> lines = new ArrayList<>();
    lines.add("%s at %s: %s".formatted(name, seconds(health.at()), verdict(health)));
    lines.addAll(findings(health));
    line(lines, "rows", rows(health.files()));
    line(lines, "data files", files(health.files()));
    line(lines, "deletes", deletes(health.deletes()));
    line(lines, "metadata", metadata(health.metadata()));
    line(lines, "last commit", lastCommit(health));
    line(lines, "lag", lag(health.activity()));
    line(lines, "compacted", compacted(health));
    line(lines, "full scan", fullScan(health.cost()));
    line(lines, "last hour", lastHour(health.activity().lastHour()));
    line(lines, "a month", month(health.cost()));
    return lines;
  }

  private static void line(List<String> lines, String name, String words) {
    lines.add("  %-12s %s".formatted(name, words));
  }

  private static String rows(TableHealth.Files files) {
    return "%s, and %s deleted ones (%s) in the files"
        .formatted(
            number(files.rows()),
            number(files.storedRows() - files.rows()),
            percent(files.deletedRowRatio()));
  }

  private static String files(TableHealth.Files files) {
    return "%s of %s together, median %s; %s are small (%s)"
        .formatted(
            number(files.dataFiles()),
            StatusReport.bytes(files.dataBytes()),
            StatusReport.bytes(files.medianBytes()),
            number(files.smallFiles()),
            percent(files.smallFileRatio()));
  }

  private static String deletes(TableHealth.Deletes deletes) {
    return "%s deletion vectors (%s), %s position delete files (%s), %s equality delete files (%s, %s keys)"
        .formatted(
            number(deletes.vectors()),
            StatusReport.bytes(deletes.vectorBytes()),
            number(deletes.positionDeleteFiles()),
            StatusReport.bytes(deletes.positionDeleteBytes()),
            number(deletes.equalityDeleteFiles()),
            StatusReport.bytes(deletes.equalityDeleteBytes()),
            number(deletes.equalityDeleteRows()));
  }

  private static String metadata(TableHealth.Metadata metadata) {
    return "format version %d, %s snapshots, %s branches and tags, %s manifests (%s), metadata.json of %s"
        .formatted(
            metadata.formatVersion(),
            number(metadata.snapshots()),
            number(metadata.refs()),
            number(metadata.manifests()),
            StatusReport.bytes(metadata.manifestBytes()),
            StatusReport.bytes(metadata.metadataBytes()));
  }

  private static String lastCommit(TableHealth health) {
    return health
        .activity()
        .lastCommit()
        .map(commit ->
            "%s (%s), snapshot %d, by %s"
                .formatted(
                    seconds(commit.at()),
                    ago(health, commit.at()),
                    commit.snapshotId(),
                    by(commit)))
        .orElse("none");
  }

  private static String by(TableHealth.Commit commit) {
    return switch (commit.by()) {
      case WRITER -> "the writer";
      case MAINTENANCE -> "maintenance";
      case OTHER -> commit.engine().isEmpty() ? "another tool" : commit.engine();
    };
  }

  private static String lag(TableHealth.Activity activity) {
    String since =
        activity
            .sourceTime()
            .map(at -> " since the source's commit at " + seconds(at))
            .orElse(" since the last commit");
    return activity.lag().map(lag -> age(lag) + since).orElse("not known");
  }

  private static String compacted(TableHealth health) {
    return health
        .activity()
        .lastCompaction()
        .map(at -> "%s (%s)".formatted(seconds(at), ago(health, at)))
        .orElse("never, as far as the snapshots tell");
  }

  private static String fullScan(TableHealth.Cost cost) {
    return "%s requests for %s: %s of a fresh copy's time (%s requests for %s in %s files)"
        .formatted(
            number(cost.fullScan().requests()),
            StatusReport.bytes(cost.fullScan().bytes()),
            times(cost.readRatio()),
            number(cost.freshCopy().requests()),
            StatusReport.bytes(cost.freshCopy().bytes()),
            number(cost.freshCopy().dataFiles()));
  }

  private static String lastHour(TableHealth.Requests hour) {
    return "%s commits of the writer, by %s requests that write and %s that read"
        .formatted(number(hour.commits()), number(hour.puts()), number(hour.gets()));
  }

  private static String month(TableHealth.Cost cost) {
    return String.format(
        Locale.ROOT,
        "costs %,.2f for requests as in the last hour and %,.2f for storage",
        cost.requestsPerMonth(),
        cost.storagePerMonth());
  }

  private static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }

  private static String times(double ratio) {
    return String.format(Locale.ROOT, "%,.2fx", ratio);
  }

  private static String ago(TableHealth health, Instant then) {
    return age(Duration.between(then, health.at())) + " ago";
  }

  /** In the unit that leaves few digits. */
  private static String age(Duration age) {
    long seconds = Math.max(0, age.toSeconds());
    if (seconds < 120) {
      return seconds + " s";
    }
    if (seconds < 2 * 3600) {
      return seconds / 60 + " min";
    }
    long hours = seconds / 3600;
    return hours < 48 ? hours + " h" : hours / 24 + " days";
  }

  private static String seconds(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String lines(List<String> lines) {
    return String.join(System.lineSeparator(), lines);
  }
}
