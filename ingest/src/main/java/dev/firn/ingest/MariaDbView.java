package dev.firn.ingest;

import dev.firn.ingest.log.BinlogLog;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What a consistent snapshot of MariaDB sees: all transactions up to a place in the log.
 *
 * @param gtids the last of each domain that it sees
 * @param written the last of each domain that was in the log then: they are there a moment earlier
 */
record MariaDbView(String gtids, String written) implements SourceView {
  /** Begins a transaction on the connection that sees this. */
  static MariaDbView begin(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      statement.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    }
    String file = status(connection, "binlog_snapshot_file");
    String place = status(connection, "binlog_snapshot_position");
    return new MariaDbView(
        one(connection, "SELECT BINLOG_GTID_POS('%s', %s)".formatted(file, place)),
        one(connection, "SELECT @@GLOBAL.gtid_binlog_pos"));
  }

  private static String status(Connection connection, String name) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW STATUS LIKE '%s'".formatted(name))) {
      return row.next() ? row.getString(2) : "";
    }
  }

  private static String one(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      String found = row.next() ? row.getString(1) : "";
      return found == null ? "" : found.replaceAll("\\s", "");
    }
  }

  @Override
  public boolean sees(String transaction) {
    return BinlogLog.coversGtids(gtids, transaction);
  }

  /** Whether it sees all that was in the log when another one was taken. */
  boolean seesAllOf(MariaDbView other) {
    return BinlogLog.coversGtids(gtids, other.written());
  }
}
