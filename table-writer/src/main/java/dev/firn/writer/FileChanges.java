package dev.firn.writer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Table;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files that one commit adds to a table and takes from it.
 *
 * @param added data files
 * @param removed data files without a live row
 * @param deleted newly deleted positions, by number of the data file that stays
 * @param deletes the delete files that say so
 */
record FileChanges(
    List<LiveFile> added,
    List<LiveFile> removed,
    Map<Integer, PositionDeleteIndex> deleted,
    List<DeleteFile> deletes) {
  private static final Logger LOG = LoggerFactory.getLogger(FileChanges.class);

  FileChanges {
    added = List.copyOf(added);
    removed = List.copyOf(removed);
    deletes = List.copyOf(deletes);
  }

  /** Completes the files of a write; the one before it is committed. */
  static FileChanges of(TableState state, TableWrite write) {
    return Uploads.overlapping(() -> complete(state, write));
  }

  private static FileChanges complete(TableState state, TableWrite write) {
    List<LiveFile> added = new ArrayList<>(write.finish());
    List<LiveFile> removed = new ArrayList<>();
    List<LiveFile> dropped = new ArrayList<>();
    Map<Integer, PositionDeleteIndex> deleted = new LinkedHashMap<>();
    if (write.isTruncated()) {
      removed.addAll(state.files().committed());
    }
    write
        .deletions()
        .forEach((id, positions) -> {
          LiveFile file = state.files().get(id);
          if (!file.isDeadWith(positions)) {
            deleted.put(id, positions);
          } else if (added.remove(file)) {
            dropped.add(file);
          } else {
            removed.add(file);
          }
        });
    dropped.forEach(write::drop);
    return new FileChanges(added, removed, deleted, new DeletionFiles(state).write(deleted));
  }

  /** The same, and these are removed as well. */
  FileChanges removing(List<LiveFile> more) {
    return new FileChanges(
        added, Stream.concat(removed.stream(), more.stream()).toList(), deleted, deletes);
  }

  boolean isEmpty() {
    return added.isEmpty() && removed.isEmpty() && deleted.isEmpty();
  }

  void addTo(RowDelta delta, LiveFiles files) {
    added.forEach(file -> delta.addRows(file.file()));
    removed.forEach(file -> delta.removeRows(file.file()));
    deletes.forEach(delta::addDeletes);
    replacedVectors(files).forEach(delta::removeDeletes);
    delta.validateDataFilesExist(locationsBefore(files));
    delta.validateDeletedFiles();
  }

  /**
   * Removes the delete files: no commit has made them part of the table, nor will one. Where the
   * storage refuses they are left to the removal of orphan files.
   */
  void discardDeletes(Table table) {
    try {
      deletes.stream().map(DeleteFile::location).distinct().forEach(table.io()::deleteFile);
    } catch (RuntimeException e) {
      LOG.info("delete files of {} that nobody needs stay: {}", table.name(), Failures.reason(e));
    }
  }

  private Stream<DeleteFile> replacedVectors(LiveFiles files) {
    return Stream.concat(removed.stream(), deleted.keySet().stream().map(files::get))
        .map(LiveFile::vector)
        .filter(Objects::nonNull);
  }

  /** The data files that are deleted from and were there before the commit. */
  private List<String> locationsBefore(LiveFiles files) {
    return deleted.keySet().stream()
        .map(files::get)
        .filter(LiveFile::isCommitted)
        .map(LiveFile::file)
        .map(DataFile::location)
        .toList();
  }

  /** Notes the commit in the table's files. */
  void takeOver(LiveFiles files, FirstRowIds firstRowIds) {
    added.forEach(file -> file.committed(firstRowIds.of(file.file())));
    Map<String, DeleteFile> vectors = new LinkedHashMap<>();
    for (DeleteFile delete : deletes) {
      if (delete.format() == FileFormat.PUFFIN) {
        vectors.put(Objects.requireNonNull(delete.referencedDataFile()), delete);
      }
    }
    deleted.forEach((id, positions) -> {
      LiveFile file = files.get(id);
      file.deleted(positions, vectors.get(file.file().location()));
    });
    files.removeAll(removed);
  }

  /** The id that a commit gave to the first row of each data file that it added. */
  @FunctionalInterface
  interface FirstRowIds {
    long of(DataFile file);
  }
}
