package dev.firn.compaction;

import static org.apache.iceberg.util.ContentFileUtil.isFileScoped;

import java.util.Comparator;
import java.util.List;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.PartitionSpec;

/**
 * A data file and what applies to it.
 *
 * @param spec which it was written with
 * @param deletes vectors and position deletes
 * @param equalityDeletes those that are newer than the file
 */
record PlannedFile(
    DataFile file, PartitionSpec spec, List<DeleteFile> deletes, List<DeleteFile> equalityDeletes) {
  static final Comparator<PlannedFile> BY_AGE =
      Comparator.comparing(
              (PlannedFile planned) -> planned.file.dataSequenceNumber(),
              Comparator.nullsFirst(Comparator.naturalOrder()))
          .thenComparing(
              planned -> planned.file.firstRowId(),
              Comparator.nullsFirst(Comparator.naturalOrder()))
          .thenComparing(planned -> planned.spec.partitionToPath(planned.file.partition()))
          .thenComparing(planned -> planned.file.location());

  String location() {
    return file.location();
  }

  long bytes() {
    return file.fileSizeInBytes();
  }

  /** Rows that are deleted by what is about this file alone. */
  long deletedRows() {
    return deletes.stream()
        .filter(delete -> isFileScoped(delete))
        .mapToLong(ContentFile::recordCount)
        .sum();
  }

  double deletedFraction() {
    return (double) deletedRows() / Math.max(1, file.recordCount());
  }

  long liveRows() {
    return Math.max(0, file.recordCount() - deletedRows());
  }
}
