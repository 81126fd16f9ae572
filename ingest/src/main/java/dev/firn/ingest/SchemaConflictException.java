package dev.firn.ingest;

import dev.firn.writer.PipelineException;

/** What a table of the source has become has no place in its table of the lake. */
final class SchemaConflictException extends PipelineException {
  private static final long serialVersionUID = 1L;

  private final String conflict;

  /**
   * @param conflict what does not fit
   * @param ways out of it
   */
  SchemaConflictException(String conflict, String ways) {
    super("%s; %s".formatted(conflict, ways));
    this.conflict = conflict;
  }

  /** What does not fit, for people. */
  String conflict() {
    return conflict;
  }
}
