package dev.firn.ingest;

import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import io.debezium.DebeziumException;
import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Sees to it that the slot which a start finds is the one that belongs to the state of the lake. A
 * slot that the pipeline did not register before it was made is never dropped.
 */
final class ReplicationSlot {
  private static final String NOTE = "replication-slot";
  private static final int RELEASE_TRIES = 15;

  private static final String QUERY =
      """
      SELECT active_pid, coalesce(wal_status, ''),
             coalesce(pg_wal_lsn_diff(now.lsn, restart_lsn), 0)::bigint,
             coalesce(pg_wal_lsn_diff(now.lsn, confirmed_flush_lsn), 0)::bigint
        FROM pg_replication_slots,
             (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                          ELSE pg_current_wal_lsn() END AS lsn) AS now
       WHERE slot_name = ?\
      """;

  /**
   * A slot as the server shows it.
   *
   * @param retainedBytes of log that the server must keep for it
   * @param lagBytes of log that came after what it was told is in the lake
   */
  record State(Optional<Integer> activePid, String walStatus, long retainedBytes, long lagBytes) {
    boolean hasLostLog() {
      return walStatus.equals("lost");
    }
  }

  private final PostgresSource source;

  ReplicationSlot(PostgresSource source) {
    this.source = source;
  }

  /**
   * Prepares a start.
   *
   * @throws SettingsException the slot is not there, is not ours, or no longer holds the log
   */
  void prepare(Pipeline pipeline) throws SQLException {
    try (PostgresConnection connection = source.connect()) {
      Optional<State> slot = releasedState(connection.connection());
      if (pipeline.offset().isPresent()) {
        requireUsable(slot);
      } else {
        prepareInitialSnapshot(pipeline, connection.connection(), slot);
      }
    }
  }

  private void requireUsable(Optional<State> slot) {
    problem(source.slot(), slot)
        .ifPresent(problem -> {
          throw new SettingsException(problem);
        });
  }

  /**
   * Looks whether the slot outlived a lost connection.
   *
   * @param config of Debezium's connector
   * @throws PipelineException it is gone, or no longer holds the log
   */
  static void requireStillThere(Configuration config) {
    PostgresConnectorConfig connector = new PostgresConnectorConfig(config);
    Optional<State> slot;
    try (PostgresConnection connection =
        new PostgresConnection(connector.getJdbcConfig(), "Firn")) {
      slot = state(connection.connection(), connector.slotName());
    } catch (SQLException e) {
      throw new DebeziumException(e);
    }
    problem(connector.slotName(), slot)
        .ifPresent(problem -> {
          throw new PipelineException(problem);
        });
  }

  /** Why a pipeline that has begun cannot go on with this slot. */
  private static Optional<String> problem(String name, Optional<State> slot) {
    if (slot.isEmpty()) {
      return Optional.of(
          "replication slot %s is gone, and with it the changes since the lake's last batch; start over with a new pipeline name"
              .formatted(name));
    }
    return slot.orElseThrow().hasLostLog()
        ? Optional.of(
            "replication slot %s has lost its log (max_slot_wal_keep_size): changes since the lake's last batch are missing; start over with a new pipeline name"
                .formatted(name))
        : Optional.empty();
  }

  /** A slot that is already there exports no snapshot: the rows read would miss changes. */
  private void prepareInitialSnapshot(
      Pipeline pipeline, Connection connection, Optional<State> slot) throws SQLException {
    String name = source.slot() + "@" + systemIdentifier(connection);
    if (slot.isPresent()) {
      if (!pipeline.note(NOTE).equals(Optional.of(name))) {
        throw new SettingsException(
            "replication slot %s exists, but this pipeline has not made it; name another one with %sslot.name, or, if nobody needs it, run SELECT pg_drop_replication_slot('%s')"
                .formatted(source.slot(), ServerConfig.SOURCE_PREFIX, source.slot()));
      }
      if (slot.orElseThrow().activePid().isPresent()) {
        throw new SettingsException(
            "replication slot %s is in use by process %d of the server; stop the other pipeline first"
                .formatted(source.slot(), slot.orElseThrow().activePid().orElseThrow()));
      }
      drop(connection);
    }
    pipeline.note(NOTE, name);
  }

  /** The server may need a moment to see that the process before this one is gone. */
  private Optional<State> releasedState(Connection connection) throws SQLException {
    Optional<State> slot = state(connection);
    for (int i = 0; i < RELEASE_TRIES && slot.flatMap(State::activePid).isPresent(); i++) {
      try (PreparedStatement pause = connection.prepareStatement("SELECT pg_sleep(0.2)")) {
        pause.execute();
      }
      slot = state(connection);
    }
    return slot;
  }

  Optional<State> state(Connection connection) throws SQLException {
    return state(connection, source.slot());
  }

  private static Optional<State> state(Connection connection, String name) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(QUERY)) {
      query.setString(1, name);
      try (ResultSet found = query.executeQuery()) {
        if (!found.next()) {
          return Optional.empty();
        }
        int pid = found.getInt(1);
        return Optional.of(
            new State(
                found.wasNull() ? Optional.empty() : Optional.of(pid),
                found.getString(2),
                found.getLong(3),
                found.getLong(4)));
      }
    }
  }

  private void drop(Connection connection) throws SQLException {
    try (PreparedStatement drop =
        connection.prepareStatement("SELECT pg_drop_replication_slot(?)")) {
      drop.setString(1, source.slot());
      drop.execute();
    }
  }

  private static String systemIdentifier(Connection connection) throws SQLException {
    try (PreparedStatement query =
            connection.prepareStatement("SELECT system_identifier FROM pg_control_system()");
        ResultSet found = query.executeQuery()) {
      found.next();
      return found.getString(1);
    }
  }
}
