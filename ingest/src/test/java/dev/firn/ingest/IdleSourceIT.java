package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The captured table has no changes, while the server writes a lot of log for others. */
class IdleSourceIT {
  @Test
  void busyOtherDatabaseDoesNotMakeTheSlotKeepItsLog(@TempDir Path lake) throws Exception {
    try (PostgresServer server = PostgresServer.start(18);
        Connection connection = server.connect("postgres")) {
      execute(connection, "CREATE DATABASE busy");
      try (Connection busy = server.connect("busy")) {
        requireThatTheLogGoes(
            server,
            connection,
            lake,
            () ->
                execute(
                    busy,
                    "SELECT pg_logical_emit_message(false, 'load', repeat('x', 1000000)) FROM generate_series(1, 20)"));
      }
    }
  }

  @Test
  void busyOtherTableDoesNotMakeTheSlotKeepItsLog(@TempDir Path lake) throws Exception {
    try (PostgresServer server = PostgresServer.start(16);
        Connection connection = server.connect("postgres")) {
      execute(connection, "CREATE TABLE busy (filler text)");
      execute(connection, "ALTER TABLE busy ALTER filler SET STORAGE PLAIN");
      requireThatTheLogGoes(
          server,
          connection,
          lake,
          () ->
              execute(
                  connection,
                  "INSERT INTO busy SELECT repeat('x', 7000) FROM generate_series(1, 3000)"));
    }
  }

  /** Something that writes about 20 MB of log. */
  private interface Load {
    void write() throws SQLException;
  }

  private static void requireThatTheLogGoes(
      PostgresServer server, Connection connection, Path lake, Load load) throws Exception {
    execute(connection, "CREATE TABLE t (id int PRIMARY KEY)");
    var settings = Engine.settings(server, "postgres", lake);
    settings.put("debezium.source.table.include.list", "public.t");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      load.write();
      long mark = number(connection, "SELECT pg_current_wal_lsn() - '0/0'");
      engine.awaitTrue(() -> isForgotten(connection, load, mark));
      execute(connection, "INSERT INTO t VALUES (1)");
      engine.awaitCaughtUp(connection);
      assertThat(engine.failure()).isEmpty();
    }
  }

  /** Whether the slot has let go of the log before {@code mark}; else there is more of it. */
  private static boolean isForgotten(Connection connection, Load load, long mark) {
    try {
      if (number(connection, "SELECT restart_lsn - '0/0' FROM pg_replication_slots") >= mark) {
        return true;
      }
      load.write();
      // Log is let go of at places where a checkpoint has written which transactions run.
      execute(connection, "CHECKPOINT");
      return false;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static long number(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
