package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.CloseableIterable;

/**
 * How the files of a table's newest snapshot differ from those that its writer knows.
 *
 * @param gone known files that are no longer part of it
 * @param added files that are not known
 * @param redeleted known files whose deleted positions may be others, as they are now
 * @param rows of all its files, deleted ones included
 */
record FileDifference(
    List<LiveFile> gone,
    List<FileScanTask> added,
    Map<LiveFile, FileScanTask> redeleted,
    long rows) {

  static FileDifference of(Table table, LiveFiles files) {
    Map<String, LiveFile> gone = new LinkedHashMap<>();
    files.committed().forEach(file -> gone.put(file.file().location(), file));
    List<FileScanTask> added = new ArrayList<>();
    Map<LiveFile, FileScanTask> redeleted = new LinkedHashMap<>();
    long rows = 0;
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      for (FileScanTask task : tasks) {
        rows += task.file().recordCount();
        LiveFile known = gone.remove(task.file().location());
        if (known == null) {
          added.add(task);
        } else if (!known.isDeletedBy(task.deletes())) {
          redeleted.put(known, task);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of " + table.name(), e);
    }
    return new FileDifference(List.copyOf(gone.values()), added, redeleted, rows);
  }

  /** Rows of the files that are not known, deleted ones included. */
  long rowsAdded() {
    return added.stream().mapToLong(task -> task.file().recordCount()).sum();
  }
}
