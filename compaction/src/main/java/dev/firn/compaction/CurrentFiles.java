package dev.firn.compaction;

import dev.firn.writer.SummaryKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * The files of a rewrite as its table has them now.
 *
 * @param files those of the old files that are part of it, by location
 * @param removableDeletes delete files that apply to no other data file
 */
record CurrentFiles(
    long snapshotId, Map<String, FileScanTask> files, Set<DeleteFile> removableDeletes) {

  /**
   * Looks at a table as it is loaded.
   *
   * @throws SupersededException live rows of the old files are in other files now
   */
  static CurrentFiles of(Table table, GroupRewrite rewrite) {
    Set<String> old =
        rewrite.sources().stream()
            .map(source -> source.file().location())
            .collect(Collectors.toSet());
    Snapshot snapshot = table.currentSnapshot();
    if (snapshot == null) {
      throw new SupersededException("the table was made empty meanwhile");
    }
    Map<String, FileScanTask> files = new HashMap<>();
    Map<String, DeleteFile> removable = new HashMap<>();
    Set<String> needed = new HashSet<>();
    try (CloseableIterable<FileScanTask> tasks =
        table.newScan().useSnapshot(snapshot.snapshotId()).planFiles()) {
      for (FileScanTask task : tasks) {
        if (old.contains(task.file().location())) {
          files.put(task.file().location(), task);
          task.deletes().forEach(delete -> removable.put(identity(delete), delete));
        } else {
          task.deletes().forEach(delete -> needed.add(identity(delete)));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of " + table.name(), e);
    }
    removable.keySet().removeAll(needed);
    requireOnlyDead(table, rewrite.snapshotId(), old, files.keySet());
    return new CurrentFiles(snapshot.snapshotId(), files, Set.copyOf(removable.values()));
  }

  /** Vectors of several data files share one location. */
  private static String identity(DeleteFile delete) {
    return "%s@%s".formatted(delete.location(), delete.contentOffset());
  }

  /** The old files that are gone have no live row: their rows did not move to other files. */
  private static void requireOnlyDead(
      Table table, long since, Set<String> old, Set<String> present) {
    Set<String> gone = new HashSet<>(old);
    gone.removeAll(present);
    if (present.isEmpty()) {
      throw new SupersededException("none of them is part of the table any more");
    }
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(table)) {
      if (gone.isEmpty() || snapshot.snapshotId() == since) {
        break;
      }
      if (removesOnlyDeadFiles(snapshot)) {
        SnapshotChanges.builderFor(table)
            .snapshot(snapshot)
            .build()
            .removedDataFiles()
            .forEach(file -> gone.remove(file.location()));
      }
    }
    if (!gone.isEmpty()) {
      throw new SupersededException(
          "%d of the %d files were replaced by someone else meanwhile"
              .formatted(gone.size(), old.size()));
    }
  }

  /** A writer of Firn takes a file away when its last row is deleted, and never moves a row. */
  private static boolean removesOnlyDeadFiles(Snapshot snapshot) {
    return snapshot.summary().containsKey(SnapshotSummary.DELETED_FILES_PROP)
        && (snapshot.summary().containsKey(SummaryKeys.PIPELINE)
            || snapshot.operation().equals(DataOperations.DELETE));
  }

  /**
   * The positions of an old file that are deleted now.
   *
   * @param read what was read before, by data file and delete files; what is read is added
   * @throws SupersededException it has equality deletes
   */
  PositionDeleteIndex deleted(
      Table table, SourceFile source, Map<String, PositionDeleteIndex> read) {
    FileScanTask task = files.get(source.file().location());
    if (task == null) {
      return SourceFile.allDeleted(source.file().recordCount());
    }
    if (CompactionPlan.hasEqualityDeletes(task)) {
      throw new SupersededException("someone else wrote equality deletes meanwhile");
    }
    String which =
        task.deletes().stream()
            .map(CurrentFiles::identity)
            .collect(Collectors.joining(" ", task.file().location() + " ", ""));
    return read.computeIfAbsent(
        which, unused -> GroupRewrite.deleted(table, task.file(), task.deletes()));
  }
}
