package dev.firn.ingest;

import com.github.shyiko.mysql.binlog.network.AuthenticationException;
import com.github.shyiko.mysql.binlog.network.ServerException;
import dev.firn.writer.PipelineException;
import java.sql.SQLException;
import java.util.Optional;

/** What a server with a binary log answers that stays the same until somebody does something. */
final class BinlogFailure {
  /** The server cannot send the log from where it was asked to. */
  private static final int NO_SUCH_PLACE = 1236;

  private static final String AUTHORIZATION_CLASS = "28";

  /** The ways on when a part of the log cannot be taken. */
  static final String ANEW = SourceLoss.ways();

  private BinlogFailure() {}

  /** What to say of it. */
  static Optional<String> refusal(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      Optional<String> found = refused(t);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> refused(Throwable t) {
    return switch (t) {
      case AuthenticationException e -> Optional.of(unknownUser(e));
      case ServerException e when e.getErrorCode() == NO_SUCH_PLACE -> Optional.of(noLog(e));
      case SQLException e
          when e.getSQLState() != null && e.getSQLState().startsWith(AUTHORIZATION_CLASS) ->
          Optional.of(unknownUser(e));
      default -> Optional.empty();
    };
  }

  /** What Firn itself has found wrong, within what Debezium has made of it. */
  static Optional<PipelineException> finding(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof PipelineException e) {
        return Optional.of(e);
      }
    }
    return Optional.empty();
  }

  private static String unknownUser(Exception e) {
    return "the database refuses the pipeline's user (%s). Nothing is lost; set debezium.source.database.user and database.password to what the database knows and start again"
        .formatted(ConnectionLoss.reason(e));
  }

  private static String noLog(Exception e) {
    return SourceLoss.of(
        "the source cannot send its log from where the lake is (%s): the files were purged (expire_logs_days, binlog_expire_logs_seconds, PURGE BINARY LOGS, RESET MASTER), or it is another server"
            .formatted(ConnectionLoss.reason(e)));
  }
}
