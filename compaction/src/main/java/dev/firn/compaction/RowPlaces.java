package dev.firn.compaction;

/** Where the live rows of an old file stand among all rows of the new ones. */
@FunctionalInterface
interface RowPlaces {
  /**
   * The place of one row.
   *
   * @param live which of the file's live rows, from 0
   */
  long of(long live);

  /** In order, one after the other. */
  static RowPlaces from(long first) {
    return live -> first + live;
  }
}
