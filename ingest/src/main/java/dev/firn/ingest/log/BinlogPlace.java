package dev.firn.ingest.log;

import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;

/**
 * Where a transaction begins in the binary log of one server: its file and its place in it. It
 * stands for the whole of the transaction.
 *
 * @param base the name of all files, without their number
 * @param file the number of the file
 * @param place in bytes
 */
record BinlogPlace(String base, long file, long place) implements Position {
  /** Reads {@code binlog.000003/157}. */
  static BinlogPlace parse(String text) {
    int slash = text.lastIndexOf('/');
    int dot = text.lastIndexOf('.', slash);
    if (slash < 0 || dot < 0) {
      throw new IllegalArgumentException("'%s' is no place in a binary log".formatted(text));
    }
    return new BinlogPlace(
        text.substring(0, dot),
        Long.parseLong(text, dot + 1, slash, 10),
        Long.parseLong(text, slash + 1, text.length(), 10));
  }

  /**
   * @throws PipelineException the places are of two logs, whose order nobody knows
   */
  @Override
  public boolean contains(Position other) {
    if (!(other instanceof BinlogPlace o)) {
      return false;
    }
    if (!base.equals(o.base)) {
      throw new PipelineException(
          "the binary log's files are called %s now, the lake is at %s: without GTIDs the place in another log is unknown; start over with a new pipeline name"
              .formatted(o.base, this));
    }
    return file > o.file || (file == o.file && place >= o.place);
  }

  @Override
  public String toString() {
    return "%s.%06d/%d".formatted(base, file, place);
  }
}
