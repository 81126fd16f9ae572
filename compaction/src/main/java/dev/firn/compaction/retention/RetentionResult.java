package dev.firn.compaction.retention;

import java.util.List;
import java.util.OptionalLong;

/**
 * What a run of retention did to one table, or in a dry run would do.
 *
 * @param snapshotsBefore how many it had
 * @param snapshotsAfter how many of these are left
 * @param tagsSet tags for a minute, hour, day or year that are new
 * @param tagsRemoved those that have had their time
 * @param metadataBytesBefore size of its metadata file; empty: nothing changed, or it is not known
 * @param metadataBytesAfter the same afterwards
 * @param changelogFilesRemoved data files of its changelog with rows from before the baseline only
 * @param notes what else happened, or why the table was left alone
 */
public record RetentionResult(
    String table,
    int snapshotsBefore,
    int snapshotsAfter,
    int tagsSet,
    int tagsRemoved,
    OptionalLong metadataBytesBefore,
    OptionalLong metadataBytesAfter,
    int changelogFilesRemoved,
    List<String> notes) {
  public RetentionResult {
    notes = List.copyOf(notes);
  }

  public int snapshotsExpired() {
    return snapshotsBefore - snapshotsAfter;
  }

  /** Whether there was nothing to do, and nothing stood in the way either. */
  public boolean isNothing() {
    return snapshotsExpired() == 0
        && tagsSet == 0
        && tagsRemoved == 0
        && changelogFilesRemoved == 0
        && notes.isEmpty();
  }
}
