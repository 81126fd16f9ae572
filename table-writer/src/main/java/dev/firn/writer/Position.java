package dev.firn.writer;

/**
 * A comparable place in a source's log, always the end of a transaction.
 *
 * <p>Its text ({@code toString}) is what snapshot summaries carry; the source's own parser turns
 * that back into a position. Equal positions have equal texts.
 */
public interface Position {
  /**
   * Whether the transaction that ends at {@code other} is in it; of a position that was read from
   * its text, whether all that it names is.
   */
  boolean contains(Position other);
}
