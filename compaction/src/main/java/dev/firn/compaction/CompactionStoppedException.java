package dev.firn.compaction;

/** Thrown by a {@link Pacer}: the run ends here, and what it has not committed is removed. */
public final class CompactionStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CompactionStoppedException(String why) {
    super(why);
  }
}
