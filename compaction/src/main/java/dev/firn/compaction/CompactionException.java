package dev.firn.compaction;

/** A group of files could not be replaced; the table is as it was, and the message says why. */
public final class CompactionException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CompactionException(String message) {
    super(message);
  }

  public CompactionException(String message, Throwable cause) {
    super(message, cause);
  }
}
