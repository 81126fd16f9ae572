package dev.firn.ingest;

import dev.firn.ingest.log.BinlogLog;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What a consistent snapshot of a server sees: all transactions up to a place in its log.
 *
 * @param log what its GTIDs mean
 * @param gtids those that it sees
 * @param written those that were in the log then: they may be there a moment earlier
 */
record BinlogView(BinlogLog log, String gtids, String written) implements SourceView {
  /** Begins a transaction that sees one moment. */
  static void beginSnapshot(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      statement.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    }
  }

  static String status(Connection connection, String name) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW STATUS LIKE '%s'".formatted(name))) {
      return row.next() ? row.getString(2) : "";
    }
  }

  /** The one text that a query gives, without blanks; empty: it gives none. */
  static String one(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      String found = row.next() ? row.getString(1) : "";
      return found == null ? "" : found.replaceAll("\\s", "");
    }
  }

  @Override
  public boolean sees(String transaction) {
    return log.covers(gtids, transaction);
  }

  /** Whether it sees all that was in the log when another one was taken. */
  boolean seesAllOf(BinlogView other) {
    return log.covers(gtids, other.written());
  }
}
