package dev.firn.writer;

/**
 * A comparable place in a source's log, always the end of a transaction.
 *
 * <p>Its text ({@code toString}) is what snapshot summaries carry; the source's own parser turns
 * that back into a position. Equal positions have equal texts.
 */
public interface Position {
  /** Whether everything up to and including the transaction that ends at {@code other} is in it. */
  boolean contains(Position other);
}
