package dev.firn.writer;

/**
 * Where a live row lies.
 *
 * @param fileId its data file, as numbered by the {@link LiveFiles} of its table
 * @param position its ordinal in that file, from 0
 * @param rowId its {@code _row_id}, or {@link #INHERITED}: the file's first row id plus its
 *     position
 */
record RowLocation(int fileId, int position, long rowId) {
  static final long INHERITED = -1;
}
