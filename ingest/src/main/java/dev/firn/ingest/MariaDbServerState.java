package dev.firn.ingest;

import dev.firn.ingest.log.BinlogLog;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a MariaDB says of its log.
 *
 * @param identity of the server that wrote it
 * @param written the last GTID of each domain in it
 * @param settings what stands in the way of following it; empty: nothing
 */
record MariaDbServerState(String identity, String written, List<String> settings) {
  static final String NOTE = "source-server";

  /** What must be set at the server. */
  private record Needed(String variable, String value, String way) {}

  private static final List<Needed> NEEDED =
      List.of(
          new Needed("log_bin", "ON", "start the server with log_bin=binlog"),
          new Needed(
              "binlog_format",
              "ROW",
              "run SET GLOBAL binlog_format = 'ROW', and set it in the server's own file"),
          new Needed(
              "binlog_row_image",
              "FULL",
              "run SET GLOBAL binlog_row_image = 'FULL', and set it in the server's own file"),
          // Debezium's reader knows no compressed event, and passes it over.
          new Needed(
              "log_bin_compress",
              "OFF",
              "run SET GLOBAL log_bin_compress = OFF, and set it in the server's own file"));

  MariaDbServerState {
    settings = List.copyOf(settings);
  }

  static MariaDbServerState of(Connection connection) throws SQLException {
    List<String> problems = new ArrayList<>();
    String version = variable(connection, "version");
    if (!version.toLowerCase(Locale.ROOT).contains("mariadb")) {
      problems.add("it is no MariaDB, but %s, which is not supported".formatted(version));
    }
    for (Needed needed : NEEDED) {
      String found = variable(connection, needed.variable());
      if (!found.equalsIgnoreCase(needed.value())) {
        problems.add(
            "%s is %s at the server; %s"
                .formatted(needed.variable(), found.isEmpty() ? "not set" : found, needed.way()));
      }
    }
    return new MariaDbServerState(
        "%s/%s".formatted(variable(connection, "server_id"), variable(connection, "server_uid")),
        variable(connection, "gtid_binlog_pos").replaceAll("\\s", ""),
        problems);
  }

  /** A server variable; empty: this server has none of the name, or it is empty. */
  static String variable(Connection connection, String name) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SHOW GLOBAL VARIABLES WHERE Variable_name = '%s'".formatted(name))) {
      return row.next() ? row.getString(2) : "";
    }
  }

  /** As the pipeline's control table has the server; empty when it is not known yet. */
  static Optional<String> noted(Pipeline pipeline) {
    return pipeline.note(NOTE);
  }

  /** Whether another server is a replica, or the primary, of the one before: the log goes on. */
  void requireGoesOn(String place, Optional<String> known, String lake) {
    if (!BinlogLog.coversGtids(written, lake)) {
      throw new PipelineException(
          SourceLoss.of(
              "the source's log ends at %s, the lake is at %s: %s was restored from an older backup, is another server%s, or a replica that lags; the lake has rows that the source has no more"
                  .formatted(
                      written.isEmpty() ? "nothing" : written,
                      lake,
                      place,
                      known
                          .filter(before -> !before.equals(identity))
                          .map(before -> " (%s, was %s)".formatted(identity, before))
                          .orElse("")),
              "bring the server of before back, or wait until the replica has caught up"));
    }
  }
}
