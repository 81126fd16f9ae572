package dev.firn.compaction.health;

import dev.firn.compaction.CompactionKeys;
import dev.firn.writer.SummaryKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.EnvironmentContext;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * What the snapshots of a table tell of who did what, and when.
 *
 * @param main its current snapshot and the ones before it, newest first
 * @param all with those of other branches and tags
 */
record History(List<Snapshot> main, List<Snapshot> all) {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final String OURS = "firn.";

  /** How the keys end by which maintenance says why it did what it did. */
  private static final String WHY = ".why";

  History {
    main = List.copyOf(main);
    all = List.copyOf(all);
  }

  static History of(Table table) {
    List<Snapshot> main = new ArrayList<>();
    SnapshotUtil.currentAncestors(table).forEach(main::add);
    List<Snapshot> all = new ArrayList<>();
    table.snapshots().forEach(all::add);
    return new History(main, all);
  }

  TableHealth.Activity activity(Instant now) {
    Optional<TableHealth.Commit> last = main.stream().findFirst().map(History::commit);
    Optional<Instant> sourceTime =
        newest(snapshot -> snapshot.summary().containsKey(SummaryKeys.SOURCE_TIME_LAST))
            .map(snapshot -> Instant.parse(snapshot.summary().get(SummaryKeys.SOURCE_TIME_LAST)));
    return new TableHealth.Activity(
        last,
        sourceTime,
        sourceTime.or(() -> last.map(TableHealth.Commit::at)).map(then -> since(then, now)),
        newest(History::isCompaction).map(History::time),
        lastHour(now));
  }

  private Optional<Snapshot> newest(Predicate<Snapshot> wanted) {
    return main.stream().filter(wanted).findFirst();
  }

  private static Duration since(Instant then, Instant now) {
    return then.isAfter(now) ? Duration.ZERO : Duration.between(then, now);
  }

  private static Instant time(Snapshot snapshot) {
    return Instant.ofEpochMilli(snapshot.timestampMillis());
  }

  private static TableHealth.Commit commit(Snapshot snapshot) {
    TableHealth.Committer by = committer(snapshot);
    String engine =
        by == TableHealth.Committer.OTHER
            ? snapshot.summary().getOrDefault(EnvironmentContext.ENGINE_NAME, "")
            : "";
    return new TableHealth.Commit(time(snapshot), snapshot.snapshotId(), by, engine);
  }

  private static TableHealth.Committer committer(Snapshot snapshot) {
    Map<String, String> summary = snapshot.summary();
    if (isWriters(summary)) {
      return TableHealth.Committer.WRITER;
    }
    return summary.keySet().stream().anyMatch(key -> key.startsWith(OURS))
        ? TableHealth.Committer.MAINTENANCE
        : TableHealth.Committer.OTHER;
  }

  /**
   * Maintenance bears no pipeline's mark; nor do parts of an initial snapshot, which say no why.
   */
  private static boolean isWriters(Map<String, String> summary) {
    return summary.containsKey(SummaryKeys.PIPELINE)
        || (summary.containsKey(SummaryKeys.COMMIT)
            && summary.keySet().stream()
                .noneMatch(key -> key.startsWith(OURS) && key.endsWith(WHY)));
  }

  /** Of Firn or another engine: files were replaced by others with the same rows. */
  private static boolean isCompaction(Snapshot snapshot) {
    Map<String, String> summary = snapshot.summary();
    return summary.containsKey(CompactionKeys.WHY)
        || (DataOperations.REPLACE.equals(snapshot.operation())
            && summary.containsKey(SnapshotSummary.DELETED_FILES_PROP));
  }

  /**
   * What the writer asked of the storage in the last hour. Where snapshots of that time are expired
   * already, those that are left stand for them: sequence numbers tell how many there were.
   */
  private TableHealth.Requests lastHour(Instant now) {
    Instant begin = now.minus(HOUR);
    List<Snapshot> hour = all.stream().filter(snapshot -> time(snapshot).isAfter(begin)).toList();
    List<Snapshot> writers =
        hour.stream()
            .filter(snapshot -> committer(snapshot) == TableHealth.Committer.WRITER)
            .toList();
    double scale = scale(hour);
    return new TableHealth.Requests(
        Math.round(scale * writers.size()),
        Math.round(scale * writers.stream().mapToLong(CommitRequests::puts).sum()),
        Math.round(
            scale
                * writers.stream()
                    .filter(this::isAfterAnother)
                    .mapToLong(CommitRequests::getsAfterAnother)
                    .sum()));
  }

  /** Whether the snapshot before, if it is still there, is not the writer's. */
  private boolean isAfterAnother(Snapshot snapshot) {
    return all.stream()
        .filter(before -> Objects.equals(before.snapshotId(), snapshot.parentId()))
        .anyMatch(before -> committer(before) != TableHealth.Committer.WRITER);
  }

  private static double scale(List<Snapshot> hour) {
    long first = hour.stream().mapToLong(Snapshot::sequenceNumber).min().orElse(0);
    long last = hour.stream().mapToLong(Snapshot::sequenceNumber).max().orElse(0);
    return hour.isEmpty() ? 1 : Math.max(1.0, (double) (last - first + 1) / hour.size());
  }
}
