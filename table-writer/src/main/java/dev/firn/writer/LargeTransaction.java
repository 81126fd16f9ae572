package dev.firn.writer;

/** One transaction that streams into data files as it arrives; still one commit. */
public final class LargeTransaction {
  LargeTransaction() {}

  /** Applies the next change. */
  public void apply(TableChange change) {
    throw new UnsupportedOperationException();
  }

  /** Commits it as a batch of its own; tables that already have it drop it. */
  public CommittedBatch commit(TransactionEnd end) {
    throw new UnsupportedOperationException();
  }

  /** Gives it up, as when its end never came; it will be sent again. */
  public void abandon() {
    throw new UnsupportedOperationException();
  }
}
