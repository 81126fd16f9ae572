package dev.firn.ingest;

import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a server says of its log.
 *
 * @param identity of the server that wrote it
 * @param written the GTIDs of all that was in it
 * @param purged those of what it no longer holds, as far as the server tells
 * @param settings what stands in the way of following it; empty: nothing
 */
record BinlogServerState(String identity, String written, String purged, List<String> settings) {
  static final String NOTE = "source-server";

  BinlogServerState {
    settings = List.copyOf(settings);
  }

  /**
   * Asks a server.
   *
   * @param reached what a reader of its log has seen; empty: nothing
   */
  static BinlogServerState of(
      BinlogDialect<?, ?> dialect, Connection connection, Optional<String> reached)
      throws SQLException {
    List<String> problems = problems(dialect, connection);
    if (reached.isPresent() && problems.isEmpty()) {
      dialect.awaitWritten(connection, reached.orElseThrow());
    }
    return new BinlogServerState(
        dialect.identity(connection),
        problems.isEmpty() ? dialect.written(connection) : "",
        problems.isEmpty() ? dialect.purged(connection) : "",
        problems);
  }

  private static List<String> problems(BinlogDialect<?, ?> dialect, Connection connection)
      throws SQLException {
    String version = variable(connection, "version");
    if (!dialect.isVersion(version)) {
      return List.of("it is no %s, but %s".formatted(dialect.name(), version));
    }
    List<String> problems = new ArrayList<>();
    for (BinlogDialect.Needed needed : dialect.needed()) {
      problem(connection, needed).ifPresent(problems::add);
    }
    return problems;
  }

  private static Optional<String> problem(Connection connection, BinlogDialect.Needed needed)
      throws SQLException {
    String found = variable(connection, needed.variable());
    boolean isRight =
        found.equalsIgnoreCase(needed.value()) || (found.isEmpty() && !needed.isEverywhere());
    return isRight
        ? Optional.empty()
        : Optional.of(
            "%s is %s at the server; %s"
                .formatted(needed.variable(), found.isEmpty() ? "not set" : found, needed.way()));
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
  void requireGoesOn(BinlogSource source, Optional<String> known, String lake) {
    if (!source.log().covers(written, lake)) {
      throw new PipelineException(
          SourceLoss.of(
              "the source's log ends at %s, the lake is at %s: %s was restored from an older backup, is another server%s, or a replica that lags; the lake has rows that the source has no more"
                  .formatted(
                      written.isEmpty() ? "nothing" : written,
                      lake,
                      source.place(),
                      known
                          .filter(before -> !before.equals(identity))
                          .map(before -> " (%s, was %s)".formatted(identity, before))
                          .orElse("")),
              "bring the server of before back, or wait until the replica has caught up"));
    }
  }

  /** Whether what the lake lacks is still in the log; Debezium passes over what is not. */
  void requireKept(BinlogSource source, String lake) {
    if (!source.log().covers(lake, purged)) {
      throw new PipelineException(
          SourceLoss.of(
              "the log of %s has lost transactions that the lake lacks: it no longer holds %s, the lake has %s; the files were purged, or another server has written transactions of its own"
                  .formatted(source.place(), purged, lake)));
    }
  }
}
