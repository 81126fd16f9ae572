package dev.firn.ingest;

import dev.firn.writer.FencedException;
import dev.firn.writer.PipelineException;
import java.io.IOException;
import java.sql.SQLException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import software.amazon.awssdk.core.exception.SdkException;

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

  /** Whether a disk, an object store or a catalog's database has refused. */
  private boolean isOfStorage() {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof IOException || t instanceof SQLException || t instanceof SdkException) {
        return true;
      }
    }
    return false;
  }

  /** What has failed, in one line. */
  String message() {
    if (isExpected()) {
      return String.valueOf(failure.getMessage());
    }
    if (isOfStorage()) {
      return "the lake's storage or catalog failed: %s; nothing is lost: mend it and start again"
          .formatted(withRoot());
    }
    return withRoot();
  }

  /** What failed, and the innermost why. */
  private String withRoot() {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message =
        failure.getCause() == null ? failure.toString() : failure.getMessage() + ": " + root;
    return message.lines().collect(Collectors.joining(" "));
  }

  void log(Logger log) {
    if (isExpected() || isOfStorage()) {
      log.error("stopping: {}", message());
      log.debug("stopping", failure);
    } else {
      log.error("stopping after an unexpected failure", failure);
    }
  }
}
