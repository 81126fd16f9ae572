package dev.firn.writer;

import java.util.NoSuchElementException;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.BadRequestException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.exceptions.NoSuchViewException;
import org.apache.iceberg.exceptions.ValidationException;

/** Tells failures that may pass by themselves from those that no waiting cures. */
final class Failures {
  private Failures() {}

  /**
   * Whether the same may go well later. Storage and catalogs fail in more ways than can be listed,
   * and with exceptions of their clients; what is listed is what no waiting cures: a decision of
   * this code, a table that is not there, a request that is wrong, a mistake in a program.
   */
  static boolean mayPass(RuntimeException failure) {
    return switch (failure) {
      case CommitTrials.NotCommittedException e -> mayPass(e.reason());
      case FencedException e -> false;
      case PipelineException e -> false;
      case Head.ForeignCommitException e -> false;
      case Head.AlreadyCommittedException e -> false;
      case NoSuchTableException e -> false;
      case NoSuchViewException e -> false;
      case NoSuchNamespaceException e -> false;
      case AlreadyExistsException e -> false;
      case BadRequestException e -> false;
      case ValidationException e -> false;
      case IllegalArgumentException e -> false;
      case IllegalStateException e -> false;
      case NullPointerException e -> false;
      case ClassCastException e -> false;
      case IndexOutOfBoundsException e -> false;
      case NoSuchElementException e -> false;
      case ArithmeticException e -> false;
      case UnsupportedOperationException e -> false;
      default -> true;
    };
  }

  /** What failed, and the innermost why, on one line. */
  static String reason(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String what = message(failure);
    String why = message(root);
    return what.contains(why) ? what : "%s: %s".formatted(what, why);
  }

  private static String message(Throwable failure) {
    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    return message.lines().findFirst().orElse(message);
  }
}
