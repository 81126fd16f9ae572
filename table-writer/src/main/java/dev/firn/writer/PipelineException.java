package dev.firn.writer;

/** The pipeline cannot go on; the message says what happened, to which table, and what to do. */
public class PipelineException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public PipelineException(String message) {
    super(message);
  }

  public PipelineException(String message, Throwable cause) {
    super(message, cause);
  }
}
