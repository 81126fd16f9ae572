package dev.firn.ingest;

import dev.firn.writer.PipelineException;

/** An event cannot be applied to its table in the lake. */
class BadEventException extends PipelineException {
  private static final long serialVersionUID = 1L;

  BadEventException(String message) {
    super(message);
  }

  /** Why, for people, where the pipeline goes on. */
  String reason() {
    return String.valueOf(getMessage());
  }
}
