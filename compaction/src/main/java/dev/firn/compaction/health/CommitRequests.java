package dev.firn.compaction.health;

import static org.apache.iceberg.SnapshotSummary.ADDED_DELETE_FILES_PROP;
import static org.apache.iceberg.SnapshotSummary.ADDED_DVS_PROP;
import static org.apache.iceberg.SnapshotSummary.ADDED_FILES_PROP;
import static org.apache.iceberg.SnapshotSummary.CREATED_MANIFESTS_COUNT;
import static org.apache.iceberg.SnapshotSummary.KEPT_MANIFESTS_COUNT;
import static org.apache.iceberg.SnapshotSummary.REMOVED_DELETE_FILES_PROP;
import static org.apache.iceberg.SnapshotSummary.REPLACED_MANIFESTS_COUNT;

import org.apache.iceberg.Snapshot;

/** What one commit asked of the storage, by what its snapshot says. */
final class CommitRequests {
  /** A manifest list and a metadata.json. */
  private static final long PUTS_ALWAYS = 2;

  /** The metadata.json and the manifest list of somebody else's snapshot. */
  private static final long GETS_AFTER_ANOTHER = 2;

  private CommitRequests() {}

  static long puts(Snapshot snapshot) {
    long vectors = number(snapshot, ADDED_DVS_PROP);
    // All vectors of a commit lie in one file.
    long deleteFiles = number(snapshot, ADDED_DELETE_FILES_PROP) - vectors + Math.min(1, vectors);
    return PUTS_ALWAYS
        + number(snapshot, ADDED_FILES_PROP)
        + deleteFiles
        + number(snapshot, CREATED_MANIFESTS_COUNT);
  }

  /**
   * A writer knows what it has written itself. After somebody else's commit it reads what is new;
   * to remove delete files, all manifests of delete files are looked through.
   */
  static long getsAfterAnother(Snapshot snapshot) {
    long searched =
        number(snapshot, REMOVED_DELETE_FILES_PROP) > 0
            ? number(snapshot, KEPT_MANIFESTS_COUNT)
            : 0;
    return GETS_AFTER_ANOTHER + number(snapshot, REPLACED_MANIFESTS_COUNT) + searched;
  }

  private static long number(Snapshot snapshot, String key) {
    return Long.parseLong(snapshot.summary().getOrDefault(key, "0"));
  }
}
