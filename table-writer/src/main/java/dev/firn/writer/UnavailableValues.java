package dev.firn.writer;

import org.apache.iceberg.data.Record;

/** Puts a row's earlier values where the source sent none. */
final class UnavailableValues {
  private UnavailableValues() {}

  static boolean isIn(Record row) {
    for (int i = 0; i < row.size(); i++) {
      if (row.get(i) == Unavailable.VALUE) {
        return true;
      }
    }
    return false;
  }

  /**
   * @param earlier a row whose leading fields are the columns of {@code row}
   */
  static void fill(Record row, Record earlier) {
    for (int i = 0; i < row.size(); i++) {
      if (row.get(i) == Unavailable.VALUE) {
        row.set(i, earlier.get(i));
      }
    }
  }
}
