package dev.firn.compaction;

import dev.firn.writer.SummaryKeys;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.util.SnapshotUtil;

/** The old files of a rewrite as their table has them now. */
final class CurrentFiles {
  private final Table table;
  private final GroupRewrite rewrite;
  private final long snapshotId;
  private final Set<String> present;
  private final List<LiveDelete> ofOldFiles;
  private final DeleteIndex deletes;
  private final Map<String, PositionDeleteIndex> read;
  private final Map<String, PositionDeleteIndex> newByEquality;

  private CurrentFiles(
      Table table,
      GroupRewrite rewrite,
      Snapshot snapshot,
      Set<String> present,
      List<LiveDelete> live,
      Map<String, PositionDeleteIndex> read) {
    this.table = table;
    this.rewrite = rewrite;
    this.snapshotId = snapshot.snapshotId();
    this.present = present;
    Set<String> old = locations(rewrite);
    this.ofOldFiles =
        live.stream()
            .filter(delete -> delete.dataFile() != null && old.contains(delete.dataFile()))
            .toList();
    this.deletes = new DeleteIndex(table.specs(), live);
    this.read = read;
    this.newByEquality = rewrite.tools().equality().rows(withNewEqualityDeletes(live));
  }

  /**
   * Looks at a table as it is loaded.
   *
   * @param read what was read of deletes before, and what is read now
   * @throws SupersededException live rows of the old files are in other files now, or the table was
   *     rolled back
   */
  static CurrentFiles of(Table table, GroupRewrite rewrite, Map<String, PositionDeleteIndex> read) {
    Snapshot snapshot = table.currentSnapshot();
    if (snapshot == null) {
      throw new SupersededException("the table was made empty meanwhile");
    }
    Set<String> old = locations(rewrite);
    Set<String> present = rewrite.tools().seen().dataFiles(table, snapshot);
    present.retainAll(old);
    requireOnlyDead(table, rewrite.snapshotId(), old, present);
    List<LiveDelete> live = rewrite.tools().seen().deletes(table, snapshot);
    return new CurrentFiles(table, rewrite, snapshot, present, live, read);
  }

  private static Set<String> locations(GroupRewrite rewrite) {
    return rewrite.sources().stream()
        .map(source -> source.file().location())
        .collect(Collectors.toSet());
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

  /** The old files that have come under more equality deletes, each with these alone. */
  private List<PlannedFile> withNewEqualityDeletes(List<LiveDelete> live) {
    List<PlannedFile> before =
        rewrite.sources().stream().filter(this::isPresent).map(SourceFile::planned).toList();
    Set<String> known = EqualityDeletes.all(table, before).keySet();
    Set<String> added = EqualityDeletes.all(table, under(before, deletes)).keySet();
    if (!added.containsAll(known)) {
      throw new SupersededException("equality deletes are gone meanwhile");
    }
    added.removeAll(known);
    if (added.isEmpty()) {
      return List.of();
    }
    List<LiveDelete> ofThese =
        live.stream().filter(delete -> added.contains(delete.file().location())).toList();
    return under(before, new DeleteIndex(table.specs(), ofThese)).stream()
        .filter(file -> !file.equalityDeletes().isEmpty())
        .toList();
  }

  private static List<PlannedFile> under(List<PlannedFile> files, DeleteIndex deletes) {
    return files.stream()
        .map(planned ->
            new PlannedFile(
                planned.file(), planned.spec(), List.of(), deletes.equality(planned.file())))
        .toList();
  }

  long snapshotId() {
    return snapshotId;
  }

  /** Those of the old files that are part of the table. */
  List<DataFile> files() {
    return rewrite.sources().stream().filter(this::isPresent).map(SourceFile::file).toList();
  }

  private boolean isPresent(SourceFile source) {
    return present.contains(source.file().location());
  }

  /** Delete files that are about one of the old files and no other. */
  List<DeleteFile> removableDeletes() {
    return ofOldFiles.stream().map(LiveDelete::file).toList();
  }

  /** The positions of an old file that are deleted now. */
  PositionDeleteIndex deleted(SourceFile source) {
    if (!isPresent(source)) {
      return SourceFile.allDeleted(source.file().recordCount());
    }
    PositionDeleteIndex byEquality =
        DataFiles.union(
            source.byEquality(),
            newByEquality.getOrDefault(source.file().location(), DataFiles.noRows()));
    return DataFiles.union(byPosition(source.file()), byEquality);
  }

  private PositionDeleteIndex byPosition(DataFile file) {
    List<DeleteFile> now = deletes.positions(file);
    String which =
        now.stream()
            .map(LiveDelete::identity)
            .collect(Collectors.joining(" ", file.location() + " ", ""));
    return read.computeIfAbsent(which, unused -> DataFiles.deleted(table, file, now));
  }
}
