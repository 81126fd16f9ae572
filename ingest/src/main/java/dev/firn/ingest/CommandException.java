package dev.firn.ingest;

/** Ends a command with one line for its user and an exit code. */
public final class CommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** It ran and failed, or what it compared differs. */
  public static final int FAILED = 1;

  /** It was asked wrongly, or the machine lacks something. */
  public static final int USAGE = 2;

  private final int exitCode;

  public CommandException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  public CommandException(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  public int exitCode() {
    return exitCode;
  }
}
