package dev.firn.ingest.log;

import dev.firn.writer.Position;

/**
 * The end of a PostgreSQL transaction: the log sequence number of its commit.
 *
 * @param lsn as PostgreSQL counts, bytes since the start of the log
 */
public record LsnPosition(long lsn) implements Position {

  /** Reads PostgreSQL's text form, {@code X/Y} in hexadecimal digits. */
  public static LsnPosition parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 1) {
      throw new IllegalArgumentException("'%s' is no log sequence number (X/Y)".formatted(text));
    }
    long high = Long.parseLong(text, 0, slash, 16);
    long low = Long.parseLong(text, slash + 1, text.length(), 16);
    return new LsnPosition((high << 32) | low);
  }

  /** The last place before this one; a snapshot that was exported here ends there. */
  LsnPosition before() {
    return new LsnPosition(lsn - 1);
  }

  @Override
  public boolean contains(Position other) {
    return other instanceof LsnPosition o && Long.compareUnsigned(lsn, o.lsn) >= 0;
  }

  @Override
  public String toString() {
    return "%X/%X".formatted(lsn >>> 32, lsn & 0xFFFFFFFFL);
  }
}
