package dev.firn.ingest;

import io.debezium.connector.mariadb.jdbc.MariaDbConnection;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Tries whether a MariaDB can be captured, and says what to do where it cannot. */
final class MariaDbChecks {
  private static final String LOG_NAME = "binary log";

  private final MariaDbSource source;
  private final List<Check> checks = new ArrayList<>();

  private MariaDbChecks(MariaDbSource source) {
    this.source = source;
  }

  static List<Check> run(MariaDbSource source) {
    MariaDbChecks checks = new MariaDbChecks(source);
    checks.connection();
    return List.copyOf(checks.checks);
  }

  private void connection() {
    try (MariaDbConnection mariadb = source.connect()) {
      Connection connection = mariadb.connection();
      checks.add(Check.ok("connection", source.place()));
      version(connection);
      log(connection);
      rowMetadata(connection);
      privileges(connection);
      tables();
    } catch (SQLException | RuntimeException e) {
      checks.add(
          Check.failed(
              "connection",
              "%s: %s".formatted(source.place(), ConnectionLoss.reason(e)),
              "see that debezium.source.database.* is right and that the server lets the user in from this host"));
    }
  }

  private void version(Connection connection) throws SQLException {
    String version = MariaDbServerState.variable(connection, "version");
    checks.add(
        version.toLowerCase(Locale.ROOT).contains("mariadb")
            ? Check.ok("server version", version)
            : Check.failed("server version", version, "it is no MariaDB; MySQL is not supported"));
  }

  private void log(Connection connection) throws SQLException {
    MariaDbServerState state = MariaDbServerState.of(connection);
    for (String problem : state.settings()) {
      checks.add(Check.failed(LOG_NAME, problem, "the log needs each changed row as a whole"));
    }
    if (state.settings().isEmpty() && state.written().isEmpty()) {
      checks.add(
          Check.failed(
              LOG_NAME,
              "no transaction yet",
              "run any statement that is written to it, such as CREATE DATABASE"));
    } else if (state.settings().isEmpty()) {
      checks.add(Check.ok(LOG_NAME, "whole rows, up to %s".formatted(state.written())));
    }
  }

  /** Not needed; it lets a definition that was not understood be noticed at once. */
  private void rowMetadata(Connection connection) throws SQLException {
    String found = MariaDbServerState.variable(connection, "binlog_row_metadata");
    checks.add(
        found.equalsIgnoreCase("FULL")
            ? Check.ok("binlog_row_metadata", found)
            : Check.warn(
                "binlog_row_metadata",
                found.isEmpty() ? "not set" : found,
                "run SET GLOBAL binlog_row_metadata = 'FULL': the log then has the columns' names, and a mistake in what is known of them is noticed"));
  }

  private void privileges(Connection connection) throws SQLException {
    StringBuilder grants = new StringBuilder();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW GRANTS FOR CURRENT_USER")) {
      while (row.next()) {
        grants.append(row.getString(1).toUpperCase(Locale.ROOT)).append('\n');
      }
    }
    List<String> missing = new ArrayList<>();
    if (!has(grants, "REPLICATION SLAVE")) {
      missing.add("REPLICATION SLAVE");
    }
    if (!has(grants, "BINLOG MONITOR") && !has(grants, "REPLICATION CLIENT")) {
      missing.add("BINLOG MONITOR");
    }
    if (!has(grants, "RELOAD")) {
      missing.add("RELOAD");
    }
    checks.add(
        missing.isEmpty()
            ? Check.ok("privileges", "to read the log and to hold it for a moment")
            : Check.failed(
                "privileges",
                "lacks " + String.join(", ", missing),
                "run GRANT SELECT, RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO the user"));
  }

  private static boolean has(StringBuilder grants, String privilege) {
    return grants.indexOf("ALL PRIVILEGES ON *.*") >= 0 || grants.indexOf(privilege) >= 0;
  }

  private void tables() throws SQLException {
    try {
      List<CapturedTable> tables = source.tables();
      checks.add(
          tables.isEmpty()
              ? Check.failed(
                  "tables",
                  "none",
                  "see debezium.source.database.include.list and table.include.list")
              : Check.ok("tables", "%d captured, all column types known".formatted(tables.size())));
      tables.stream()
          .filter(table -> table.key().isEmpty())
          .forEach(table ->
              checks.add(
                  Check.warn(
                      "table " + table.source(),
                      "no primary key",
                      "rows are told apart by all of their values; give it a key if it is large")));
    } catch (SettingsException e) {
      checks.add(
          Check.failed("tables", "one that cannot be captured", String.valueOf(e.getMessage())));
    }
  }
}
