package dev.firn.testing;

import dev.firn.writer.LakeTables;
import dev.firn.writer.SummaryKeys;
import java.util.Map;
import java.util.Objects;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.TableMetadata;
import org.jspecify.annotations.Nullable;

/** Tells by what a swap of metadata changes which step of the pipeline it is. */
final class CommitSteps {
  private static final String SNAPSHOT_BRANCH = "firn_snapshot";

  private CommitSteps() {}

  /**
   * @param base what the table was; null: it is made
   */
  static FaultPoint of(@Nullable TableMetadata base, TableMetadata next, boolean isControl) {
    if (base == null) {
      return isControl ? FaultPoint.CONTROL_CREATE : FaultPoint.TABLE_CREATE;
    }
    boolean moved = main(base) != main(next);
    if (isControl && !moved) {
      return FaultPoint.CONTROL_COMMIT;
    }
    if (isControl) {
      return epoch(next) > epoch(base) ? FaultPoint.CONTROL_CLAIM : FaultPoint.CONTROL_SETTLE;
    }
    boolean hadBranch = base.refs().containsKey(SNAPSHOT_BRANCH);
    boolean hasBranch = next.refs().containsKey(SNAPSHOT_BRANCH);
    if (hasBranch && isBegun(base, next)) {
      return FaultPoint.SNAPSHOT_BEGIN;
    }
    if (hadBranch && !hasBranch) {
      return moved ? FaultPoint.SNAPSHOT_PUBLISH : FaultPoint.SNAPSHOT_DROP;
    }
    if (hasBranch && !base.ref(SNAPSHOT_BRANCH).equals(next.ref(SNAPSHOT_BRANCH))) {
      return FaultPoint.SNAPSHOT_APPEND;
    }
    if (moved) {
      return ofMain(base, next);
    }
    return next.snapshots().size() < base.snapshots().size()
        ? FaultPoint.RETENTION_COMMIT
        : FaultPoint.TABLE_COMMIT;
  }

  /** Whether the branch begins anew, without a row. */
  private static boolean isBegun(TableMetadata base, TableMetadata next) {
    SnapshotRef branch = next.ref(SNAPSHOT_BRANCH);
    Snapshot head = next.snapshot(branch.snapshotId());
    return !branch.equals(base.ref(SNAPSHOT_BRANCH)) && Objects.equals(head.parentId(), main(next));
  }

  private static FaultPoint ofMain(TableMetadata base, TableMetadata next) {
    Map<String, String> summary = next.currentSnapshot().summary();
    if (!summary.containsKey(SummaryKeys.EPOCH)) {
      return FaultPoint.REWRITE_COMMIT;
    }
    if (epoch(next) > epoch(base)) {
      return FaultPoint.CLAIM_COMMIT;
    }
    if (base.currentSchemaId() != next.currentSchemaId()) {
      return FaultPoint.COLUMNS_COMMIT;
    }
    SnapshotRef baseline = next.ref(LakeTables.BASELINE);
    if (baseline != null && !baseline.equals(base.ref(LakeTables.BASELINE))) {
      return FaultPoint.READING_COMMIT;
    }
    return next.properties().containsKey(LakeTables.CHANGELOG_OF)
        ? FaultPoint.CHANGELOG_COMMIT
        : FaultPoint.STATE_COMMIT;
  }

  private static long main(TableMetadata metadata) {
    Snapshot current = metadata.currentSnapshot();
    return current == null ? -1 : current.snapshotId();
  }

  private static long epoch(TableMetadata metadata) {
    return Long.parseLong(metadata.properties().getOrDefault(SummaryKeys.EPOCH, "0"));
  }
}
