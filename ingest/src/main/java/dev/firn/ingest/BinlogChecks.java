package dev.firn.ingest;

import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Tries whether a server with a binary log can be captured, and says what to do where it cannot.
 */
final class BinlogChecks {
  private static final String LOG_NAME = "binary log";

  private final BinlogSource source;
  private final List<Check> checks = new ArrayList<>();

  private BinlogChecks(BinlogSource source) {
    this.source = source;
  }

  static List<Check> run(BinlogSource source) {
    BinlogChecks checks = new BinlogChecks(source);
    checks.connection();
    return List.copyOf(checks.checks);
  }

  private void connection() {
    try (BinlogConnectorConnection open = source.connect()) {
      Connection connection = open.connection();
      checks.add(Check.ok("connection", source.place()));
      version(connection);
      log(connection);
      rowMetadata(connection);
      checks.addAll(source.dialect().advice(connection));
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
    String version = BinlogServerState.variable(connection, "version");
    checks.add(
        source.dialect().isVersion(version)
            ? Check.ok("server version", version)
            : Check.failed(
                "server version",
                version,
                "it is no %s: see debezium.source.connector.class"
                    .formatted(source.dialect().name())));
  }

  private void log(Connection connection) throws SQLException {
    BinlogServerState state = BinlogServerState.of(source.dialect(), connection, Optional.empty());
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
    String found = BinlogServerState.variable(connection, "binlog_row_metadata");
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
    List<List<String>> needed = source.dialect().privileges();
    List<String> missing =
        needed.stream()
            .filter(names -> names.stream().noneMatch(name -> has(grants, name)))
            .map(List::getFirst)
            .toList();
    checks.add(
        missing.isEmpty()
            ? Check.ok("privileges", "to read the log and to hold it for a moment")
            : Check.failed(
                "privileges",
                "lacks " + String.join(", ", missing),
                "run GRANT SELECT, %s ON *.* TO the user"
                    .formatted(
                        needed.stream().map(List::getFirst).collect(Collectors.joining(", ")))));
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
