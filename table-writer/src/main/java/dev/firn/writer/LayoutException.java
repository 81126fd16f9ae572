package dev.firn.writer;

/** A layout that is not understood, or that a table's columns do not allow; says what they do. */
public final class LayoutException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  LayoutException(String message) {
    super(message);
  }
}
