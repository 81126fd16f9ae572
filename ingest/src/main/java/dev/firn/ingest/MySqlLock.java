package dev.firn.ingest;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.stream.Collectors;

/**
 * Holds tables of a MySQL still for the moment in which a snapshot of them begins.
 *
 * <p>A transaction that has changed a table keeps the table's metadata lock until its commit is
 * complete: in the log, in the tables, and in {@code gtid_executed}, which get there one after the
 * other. While {@code LOCK TABLES ... READ} is held there is no such transaction. So those that are
 * in {@code gtid_executed} then are those that a snapshot sees, for these tables.
 *
 * <p>Nobody waits for a lock that is not given yet but those that want the whole table to itself: a
 * table that is changed without any pause keeps it from being given, and not the other way round.
 */
final class MySqlLock {
  /** A transaction that runs longer keeps it from being given; it is tried again. */
  private static final int WAIT_SECONDS = 2;

  /** The server's number for that. */
  private static final int TIMED_OUT = 1205;

  /** After which the server itself gives it up, when nothing is heard of its owner. */
  private static final int SILENT_SECONDS = 5;

  private MySqlLock() {}

  /**
   * Takes the lock.
   *
   * @throws SQLException it was not given in time, or may not be
   */
  static void take(Connection locking, Collection<SourceTable> tables) throws SQLException {
    execute(
        locking,
        "SET SESSION lock_wait_timeout = %d, SESSION innodb_lock_wait_timeout = %1$d, SESSION wait_timeout = %d"
            .formatted(WAIT_SECONDS, SILENT_SECONDS));
    try {
      execute(
          locking,
          tables.stream()
              .map(table -> BinlogTables.quoted(table) + " READ")
              .collect(Collectors.joining(", ", "LOCK TABLES ", "")));
    } catch (SQLException e) {
      throw e.getErrorCode() == TIMED_OUT
          ? new SQLException(
              "LOCK TABLES ... READ, needed for some milliseconds, was not given within %d seconds: transactions that change the table run for longer, or overlap without a pause"
                  .formatted(WAIT_SECONDS),
              e)
          : e;
    }
  }

  /** Keeps the tables' definitions as they are until the transaction ends. */
  static void hold(Connection reading, Collection<SourceTable> tables) throws SQLException {
    for (SourceTable table : tables) {
      execute(reading, "SELECT 1 FROM %s LIMIT 0".formatted(BinlogTables.quoted(table)));
    }
  }

  /** Gives the lock back; the end of the connection does it as well. */
  static void release(Connection locking) throws SQLException {
    execute(locking, "UNLOCK TABLES");
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
