package dev.firn.ingest;

import java.io.IOException;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tells a lost or refused connection to PostgreSQL from other failures. */
final class ConnectionLoss {
  /** The server shuts down, crashed, or starts up; it has no connection left. */
  private static final Set<String> STATES = Set.of("57P01", "57P02", "57P03", "53300");

  /** The class of SQL states of connection failures. */
  private static final String CONNECTION_CLASS = "08";

  /** The slot is still held by the connection that was lost. */
  private static final String IN_USE = "55006";

  private ConnectionLoss() {}

  static boolean isIn(@Nullable Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof IOException || (t instanceof SQLException sql && isConnection(sql))) {
        return true;
      }
    }
    return false;
  }

  /** The innermost message, on one line. */
  static String reason(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message = root.getMessage() == null ? root.toString() : root.getMessage();
    return message.lines().findFirst().orElse(message);
  }

  private static boolean isConnection(SQLException e) {
    String state = e.getSQLState();
    return state != null
        && (state.startsWith(CONNECTION_CLASS) || STATES.contains(state) || state.equals(IN_USE));
  }
}
