package dev.firn.compaction;

import java.util.function.LongConsumer;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.deletes.PositionDeleteIndex;

/**
 * A data file that was read for a rewrite: which of its rows went where.
 *
 * @param planned as it was found
 * @param deleted the positions that were deleted when it was read
 * @param byEquality those of them that equality deletes deleted
 * @param places of its live rows
 */
record SourceFile(
    PlannedFile planned,
    PositionDeleteIndex deleted,
    PositionDeleteIndex byEquality,
    RowPlaces places) {
  /** A row that was deleted when the file was read is live again: the table was rolled back. */
  static final class UndeletedException extends Exception {
    private static final long serialVersionUID = 1;
  }

  DataFile file() {
    return planned.file();
  }

  long deletedRows() {
    return deleted.cardinality();
  }

  long live() {
    return file().recordCount() - deletedRows();
  }

  /**
   * Finds the rows that were deleted since the file was read.
   *
   * @param now all positions that are deleted now
   * @param rows is told where each stands among all rows that were written
   */
  void remap(PositionDeleteIndex now, LongConsumer rows) throws UndeletedException {
    long[] known = {0};
    now.forEach(position -> {
      if (deleted.isDeleted(position)) {
        known[0]++;
      } else {
        rows.accept(places.of(position - known[0]));
      }
    });
    if (known[0] < deletedRows()) {
      throw new UndeletedException();
    }
  }

  static PositionDeleteIndex allDeleted(long rows) {
    PositionDeleteIndex all = DataFiles.noRows();
    all.delete(0, rows);
    return all;
  }
}
