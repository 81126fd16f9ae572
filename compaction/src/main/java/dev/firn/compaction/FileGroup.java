package dev.firn.compaction;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;

/** Data files of one table that are to be replaced together, oldest first. */
public final class FileGroup {
  /** Groups by their first files; always in the same order. */
  static final Comparator<FileGroup> OLDEST_FIRST =
      Comparator.comparing(group -> group.files().getFirst(), PlannedFile.BY_AGE);

  private final long snapshotId;
  private final List<PlannedFile> files;

  /**
   * @param snapshotId the snapshot that they were found in
   * @param files of one partition, or written with older partitionings
   */
  FileGroup(long snapshotId, List<PlannedFile> files) {
    this.snapshotId = snapshotId;
    this.files = files.stream().sorted(PlannedFile.BY_AGE).toList();
  }

  long snapshotId() {
    return snapshotId;
  }

  List<PlannedFile> files() {
    return files;
  }

  /** How many files are to be replaced. */
  public int size() {
    return files.size();
  }

  /** What is to be read, as it lies in the storage. */
  public long bytes() {
    return files.stream().mapToLong(PlannedFile::bytes).sum();
  }

  /** How long that takes, about. */
  Duration cost() {
    long rows = files.stream().mapToLong(planned -> planned.file().recordCount()).sum();
    return Tiers.cost(files.size(), rows, bytes());
  }

  /** Whether rows go to other partitions than those they lie in. */
  boolean isRepartitioned(Table table) {
    return files.stream().anyMatch(file -> file.spec().specId() != table.spec().specId());
  }

  /**
   * Whether rows have no ids yet: that is so from a table's upgrade to v3 to its next commit, which
   * gives an id to each. Rows that are moved before could get other ids than that.
   */
  boolean waitsForRowIds(Table table) {
    return TableUtil.supportsRowLineage(table)
        && files.stream().anyMatch(file -> file.file().firstRowId() == null);
  }

  /** For people. */
  String why(long targetBytes, int currentSpec, RowOrder order) {
    long small = count(file -> file.bytes() < CompactionPlan.smallBytes(targetBytes));
    long deleted = count(file -> file.deletedFraction() >= CompactionPlan.MUCH_DELETED);
    long byEquality = count(file -> !file.equalityDeletes().isEmpty());
    long other = count(file -> file.spec().specId() != currentSpec);
    long unordered = count(file -> !order.has(file.file()));
    return "%d small files, %d with many deleted rows%s%s%s"
        .formatted(
            small,
            deleted,
            byEquality == 0 ? "" : ", %d with equality deletes".formatted(byEquality),
            other == 0 ? "" : ", %d of an older partitioning".formatted(other),
            unordered == 0 ? "" : ", %d in another order".formatted(unordered));
  }

  private long count(Predicate<PlannedFile> which) {
    return files.stream().filter(which).count();
  }
}
