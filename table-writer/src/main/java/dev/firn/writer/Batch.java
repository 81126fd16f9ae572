package dev.firn.writer;

/** Whole transactions that become visible together, folded by key. */
public final class Batch {
  Batch() {}

  /**
   * Adds a transaction; what a table already has of it (after a restart) is dropped.
   *
   * @return whether the transaction was new to at least one table or was empty
   */
  public boolean add(SourceTransaction transaction) {
    throw new UnsupportedOperationException();
  }

  /** Whether no transaction has been added. */
  public boolean isEmpty() {
    throw new UnsupportedOperationException();
  }

  /** An estimate of the memory that it holds. */
  public long bytes() {
    throw new UnsupportedOperationException();
  }
}
