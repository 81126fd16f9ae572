package dev.firn.ingest;

import dev.firn.writer.FencedException;
import dev.firn.writer.PipelineException;
import org.slf4j.Logger;

/** What a failure means to the outside. */
record Outcome(int exitCode, RuntimeException failure) {
  static final int OK = 0;
  static final int FAILED = 1;
  static final int USAGE = 2;
  static final int FENCED = 3;

  static Outcome of(RuntimeException failure) {
    return new Outcome(
        switch (failure) {
          case FencedException e -> FENCED;
          case SettingsException e -> USAGE;
          default -> FAILED;
        },
        failure);
  }

  /** Whether the message says all that there is to say. */
  boolean isExpected() {
    return failure instanceof FencedException
        || failure instanceof SettingsException
        || failure instanceof PipelineException;
  }

  void log(Logger log) {
    if (isExpected()) {
      log.error("stopping: {}", failure.getMessage());
      log.debug("stopping", failure);
    } else {
      log.error("stopping after an unexpected failure", failure);
    }
  }
}
