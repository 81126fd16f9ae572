package dev.firn.ingest;

import java.io.IOException;
import java.sql.SQLException;
import java.util.Optional;
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

  /** The class of SQL states of refused users and passwords. */
  private static final String AUTHORIZATION_CLASS = "28";

  private static final String UNDEFINED_OBJECT = "42704";

  private ConnectionLoss() {}

  /** What to say of an answer of the server that stays the same until somebody does something. */
  static Optional<String> refusal(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SQLException sql && sql.getSQLState() != null) {
        return refusal(sql.getSQLState(), reason(t));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> refusal(String state, String reason) {
    if (state.startsWith(AUTHORIZATION_CLASS)) {
      return Optional.of(
          "the database refuses the pipeline's user (%s). Nothing is lost; ways on: (1) set debezium.source.database.user and database.password to what the database knows and start again; (2) see that pg_hba.conf lets the user in, also for replication"
              .formatted(reason));
    }
    return state.equals(UNDEFINED_OBJECT) && reason.contains("publication")
        ? Optional.of(
            SourceLoss.of(
                "the source's log cannot be read on: %s (it was dropped for a time, and changes since then are not in the log)"
                    .formatted(reason)))
        : Optional.empty();
  }

  static boolean isIn(@Nullable Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof IOException || (t instanceof SQLException sql && isConnection(sql))) {
        return true;
      }
    }
    return false;
  }

  /** Whether it is an answer of the server, who thus is there. */
  static boolean isAnswered(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SQLException sql && sql.getSQLState() != null) {
        return !sql.getSQLState().startsWith(CONNECTION_CLASS);
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
