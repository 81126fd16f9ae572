package dev.firn.writer;

/** Another writer of the same pipeline has taken over; this one must commit nothing more. */
public final class FencedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public FencedException(String message) {
    super(message);
  }
}
