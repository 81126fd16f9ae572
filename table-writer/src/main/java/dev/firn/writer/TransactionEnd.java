package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.time.Instant;

/**
 * The end of one source transaction.
 *
 * @param transaction the source's name for it; empty for the end of an initial snapshot
 * @param position where it ends; later transactions have later positions
 * @param committedAt when the source committed it
 * @param offset from where the source's reader resumes once all of it is in the lake
 */
public record TransactionEnd(
    String transaction, Position position, Instant committedAt, SourceOffset offset) {
  /** That of a transaction whose end has not come yet. */
  static final TransactionEnd UNKNOWN =
      new TransactionEnd("", new Unknown(), Instant.EPOCH, new SourceOffset("", ""));

  private record Unknown() implements Position {
    @Override
    public boolean contains(Position other) {
      return false;
    }

    @Override
    public String toString() {
      return "";
    }
  }

  public TransactionEnd {
    requireNonNull(transaction, "transaction is null");
    requireNonNull(position, "position is null");
    requireNonNull(committedAt, "committedAt is null");
    requireNonNull(offset, "offset is null");
  }
}
