package dev.firn.testing.simulation;

import org.jspecify.annotations.Nullable;

/**
 * The first thing that did not hold: it must come to light although the writer, in whose commits
 * some checks run, takes it for a failure of its storage.
 */
final class Violations {
  private @Nullable InvariantViolation first;

  /** Throws what did not hold some time before. */
  void rethrow() {
    if (first != null) {
      throw first;
    }
  }

  /** Runs a check within the writer; what it throws is thrown by {@link #rethrow}. */
  void within(Runnable check, String what) {
    try {
      check.run();
    } catch (InvariantViolation e) {
      note(e);
    } catch (RuntimeException e) {
      note(new InvariantViolation(what + ": " + e, e));
    }
  }

  InvariantViolation fail(String message, @Nullable Throwable cause) {
    InvariantViolation failure =
        cause == null ? new InvariantViolation(message) : new InvariantViolation(message, cause);
    note(failure);
    return failure;
  }

  @SuppressWarnings("AnnotateFormatMethod")
  void require(boolean holds, String format, @Nullable Object... arguments) {
    if (!holds) {
      throw fail(format.formatted(arguments), null);
    }
  }

  void note(InvariantViolation failure) {
    if (first == null) {
      first = failure;
    }
  }
}
