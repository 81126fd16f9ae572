package dev.firn.compaction;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.PartitionMap;

/**
 * Delete files that no longer apply to any data file. None of them ever will: what is added later
 * is newer, and what replaces an old file demands that this is still there. Only a rollback brings
 * old files back, and after one the removal is refused.
 */
final class DanglingDeletes {
  private static final int RETRIES = 20;

  private final Table table;
  private final Snapshot snapshot;

  /** What the delete files are about, as long as no data file of it was seen. */
  private final Set<String> missing = new HashSet<>();

  private final PartitionMap<Long> oldest;
  private long oldestAnywhere = Long.MAX_VALUE;

  private DanglingDeletes(Table table, Snapshot snapshot) {
    this.table = table;
    this.snapshot = snapshot;
    this.oldest = PartitionMap.create(table.specs());
  }

  /** Removes them from the table. */
  static void remove(Table table) {
    table.refresh();
    if (!find(table).isEmpty()) {
      new RepeatedCommit(table, RETRIES, () -> removal(table))
          .run("delete files that apply to no data file");
    }
  }

  private static Optional<RewriteFiles> removal(Table table) {
    List<DeleteFile> dangling = find(table);
    Snapshot seen = table.currentSnapshot();
    if (dangling.isEmpty() || seen == null) {
      return Optional.empty();
    }
    RewriteFiles removal =
        table
            .newRewrite()
            .validateFromSnapshot(seen.snapshotId())
            .validateWith(ancestors -> {
              for (Snapshot ancestor : ancestors) {
                if (ancestor.snapshotId() == seen.snapshotId()) {
                  return true;
                }
              }
              return false;
            });
    dangling.forEach(removal::deleteFile);
    return Optional.of(removal);
  }

  /** Those of the table as it is loaded. */
  static List<DeleteFile> find(Table table) {
    Snapshot snapshot = table.currentSnapshot();
    return snapshot == null ? List.of() : new DanglingDeletes(table, snapshot).find();
  }

  private List<DeleteFile> find() {
    List<LiveDelete> deletes = Manifests.deleteFiles(table, snapshot);
    if (deletes.isEmpty()) {
      return List.of();
    }
    deletes.stream()
        .filter(delete -> delete.dataFile() != null)
        .forEach(delete -> missing.add(delete.dataFile()));
    for (ManifestFile manifest : snapshot.dataManifests(table.io())) {
      Manifests.dataFiles(table, manifest, this::see);
    }
    return deletes.stream().filter(this::isDangling).map(LiveDelete::file).toList();
  }

  private void see(DataFile file) {
    missing.remove(file.location());
    long sequenceNumber = file.dataSequenceNumber();
    oldestAnywhere = Math.min(oldestAnywhere, sequenceNumber);
    Long before = oldest.get(file.specId(), file.partition());
    if (before == null || sequenceNumber < before) {
      oldest.put(file.specId(), file.partition(), sequenceNumber);
    }
  }

  private boolean isDangling(LiveDelete delete) {
    DeleteFile file = delete.file();
    if (!delete.isByEquality()) {
      return delete.dataFile() == null
          ? oldestOf(file) > file.dataSequenceNumber()
          : missing.contains(delete.dataFile());
    }
    Map<Integer, PartitionSpec> specs = table.specs();
    long data = DeleteIndex.isEverywhere(specs, file) ? oldestAnywhere : oldestOf(file);
    return data >= file.dataSequenceNumber();
  }

  private long oldestOf(DeleteFile delete) {
    Long found = oldest.get(delete.specId(), delete.partition());
    return found == null ? Long.MAX_VALUE : found;
  }
}
