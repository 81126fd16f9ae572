package dev.firn.compaction;

import static org.apache.iceberg.util.ContentFileUtil.isFileScoped;

import java.util.Comparator;
import java.util.List;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileScanTask;

/**
 * Data files of one table and partition that are to be replaced together, oldest first.
 *
 * @param snapshotId the snapshot that they were found in
 * @param files each with its delete files
 */
public record FileGroup(long snapshotId, List<FileScanTask> files) {
  private static final Comparator<FileScanTask> BY_AGE =
      Comparator.comparing(
              (FileScanTask task) -> task.file().dataSequenceNumber(),
              Comparator.nullsFirst(Comparator.naturalOrder()))
          .thenComparing(
              task -> task.file().firstRowId(), Comparator.nullsFirst(Comparator.naturalOrder()))
          .thenComparing(task -> task.spec().partitionToPath(task.partition()))
          .thenComparing(task -> task.file().location());

  /** Groups by their first files; always in the same order. */
  static final Comparator<FileGroup> OLDEST_FIRST =
      Comparator.comparing(group -> group.files().getFirst(), BY_AGE);

  public FileGroup {
    files = files.stream().sorted(BY_AGE).toList();
  }

  /** Whether a rewrite would change anything. */
  boolean isWorthIt() {
    return files.size() > 1 || !files.getFirst().deletes().isEmpty();
  }

  List<DataFile> dataFiles() {
    return files.stream().map(FileScanTask::file).toList();
  }

  /** For people. */
  String why(long smallBytes, double deletedFraction) {
    long small = files.stream().filter(task -> task.file().fileSizeInBytes() < smallBytes).count();
    long deleted = files.stream().filter(task -> deletedFraction(task) >= deletedFraction).count();
    return "%d small files, %d with many deleted rows".formatted(small, deleted);
  }

  private static double deletedFraction(FileScanTask task) {
    long deleted =
        task.deletes().stream()
            .filter(delete -> isFileScoped(delete))
            .mapToLong(ContentFile::recordCount)
            .sum();
    return (double) deleted / Math.max(1, task.file().recordCount());
  }
}
