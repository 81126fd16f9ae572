package dev.firn.ingest.demo;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** The lock that whoever writes to a SQLite catalog holds for a moment. */
final class CatalogLock {
  private CatalogLock() {}

  /** Whether nobody holds it: a process that stands still with it keeps all others out. */
  static boolean isFree(DemoFolder folder) {
    try (Connection connection = connect(folder, 0)) {
      execute(connection, "BEGIN IMMEDIATE");
      execute(connection, "ROLLBACK");
      return true;
    } catch (SQLException e) {
      if (e.getMessage() != null && e.getMessage().contains("SQLITE_BUSY")) {
        return false;
      }
      throw new IllegalStateException("cannot look at the catalog", e);
    }
  }

  /** Nobody else can swap a table's metadata until this connection is closed. */
  static Connection take(DemoFolder folder) throws SQLException {
    Connection connection = connect(folder, 30_000);
    execute(connection, "BEGIN IMMEDIATE");
    return connection;
  }

  private static Connection connect(DemoFolder folder, int busyMillis) throws SQLException {
    Path catalog = folder.lake().resolve("catalog.db");
    return DriverManager.getConnection(
        "jdbc:sqlite:%s?busy_timeout=%d".formatted(catalog, busyMillis));
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
