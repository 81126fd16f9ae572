package dev.firn.compaction;

import java.util.Arrays;
import java.util.function.LongConsumer;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.deletes.Deletes;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;

/** A data file that was read for a rewrite: which of its rows went where. */
final class SourceFile {
  private final DataFile file;
  private final long[] deleted;
  private final long firstRow;

  /**
   * @param deleted the positions that were deleted when it was read
   * @param firstRow where its first live row stands among all rows that were written
   */
  SourceFile(DataFile file, PositionDeleteIndex deleted, long firstRow) {
    this.file = file;
    this.deleted = ascending(deleted);
    this.firstRow = firstRow;
  }

  /** A row that was deleted when the file was read is live again: the table was rolled back. */
  static final class UndeletedException extends Exception {
    private static final long serialVersionUID = 1;
  }

  DataFile file() {
    return file;
  }

  long deleted() {
    return deleted.length;
  }

  long live() {
    return file.recordCount() - deleted.length;
  }

  /**
   * Finds the rows that were deleted since the file was read.
   *
   * @param now all positions that are deleted now
   * @param rows is told where each stands among all rows that were written, ascending
   */
  void remap(PositionDeleteIndex now, LongConsumer rows) throws UndeletedException {
    int[] known = {0};
    now.forEach(position -> {
      if (known[0] < deleted.length && deleted[known[0]] == position) {
        known[0]++;
      } else {
        rows.accept(firstRow + position - known[0]);
      }
    });
    if (known[0] < deleted.length) {
      throw new UndeletedException();
    }
  }

  static PositionDeleteIndex allDeleted(long rows) {
    PositionDeleteIndex all = Deletes.toPositionIndex(CloseableIterable.<Long>empty());
    all.delete(0, rows);
    return all;
  }

  private static long[] ascending(PositionDeleteIndex index) {
    long[][] positions = {new long[16]};
    int[] size = {0};
    index.forEach(position -> {
      if (size[0] == positions[0].length) {
        positions[0] = Arrays.copyOf(positions[0], 2 * size[0]);
      }
      positions[0][size[0]++] = position;
    });
    return Arrays.copyOf(positions[0], size[0]);
  }
}
