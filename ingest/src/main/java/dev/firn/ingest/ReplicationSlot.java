package dev.firn.ingest;

import dev.firn.ingest.log.LsnPosition;
import dev.firn.writer.Pipeline;
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
      SELECT s.active_pid, coalesce(s.wal_status, ''),
             coalesce(pg_wal_lsn_diff(now.lsn, s.restart_lsn), 0)::bigint,
             coalesce(pg_wal_lsn_diff(now.lsn, s.confirmed_flush_lsn), 0)::bigint,
             s.safe_wal_size, coalesce(s.plugin, ''), coalesce(s.database, ''), current_database(),
             s.confirmed_flush_lsn::text, coalesce(to_jsonb(s) ->> 'invalidation_reason', ''),
             coalesce((to_jsonb(s) ->> 'failover')::boolean, false),
             coalesce(r.reply_time::text, '')
        FROM pg_replication_slots AS s
             LEFT JOIN pg_stat_replication AS r ON r.pid = s.active_pid,
             (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                          ELSE pg_current_wal_lsn() END AS lsn) AS now
       WHERE s.slot_name = ?\
      """;

  /**
   * A slot as the server shows it.
   *
   * @param retainedBytes of log that the server must keep for it
   * @param lagBytes of log that came after what it was told is in the lake
   * @param safeBytes that the server may still write before it gives the slot up; empty: it never
   *     does
   */
  record State(
      Optional<Integer> activePid,
      String walStatus,
      long retainedBytes,
      long lagBytes,
      Optional<Long> safeBytes,
      Details details) {
    boolean hasLostLog() {
      return walStatus.equals("lost");
    }

    /** Whether the server may remove log that the slot needs at its next checkpoint. */
    boolean isUnreserved() {
      return walStatus.equals("unreserved");
    }
  }

  /**
   * What tells whether a slot is ours, and whether its stream lives.
   *
   * @param database the one it belongs to; empty for a physical slot
   * @param here the database that was asked
   * @param confirmed all before it was told to be in the lake, and is not sent any more
   * @param invalidation why the server gave it up, where it says
   * @param isFailover whether standby servers may keep it, too
   * @param replied when the reader of the stream was last heard of, by its own clock
   */
  record Details(
      String plugin,
      String database,
      String here,
      Optional<LsnPosition> confirmed,
      String invalidation,
      boolean isFailover,
      String replied) {
    static final Details UNKNOWN = new Details("pgoutput", "", "", Optional.empty(), "", false, "");
  }

  private final PostgresSource source;

  ReplicationSlot(PostgresSource source) {
    this.source = source;
  }

  /**
   * Why a pipeline that has begun cannot go on with this slot.
   *
   * @param lake up to where the changes are in the lake
   */
  static Optional<String> problem(String name, Optional<State> slot, LsnPosition lake) {
    if (slot.isEmpty()) {
      return Optional.of(
          SourceLoss.of(
              "replication slot %s is gone, and with it the changes since the lake's last batch (%s)"
                  .formatted(name, lake)));
    }
    State state = slot.orElseThrow();
    Details details = state.details();
    if (state.hasLostLog()) {
      return Optional.of(
          SourceLoss.of(
              "replication slot %s has lost its log (%s): changes since the lake's last batch (%s) are missing"
                  .formatted(name, reason(details), lake)));
    }
    if (!details.plugin().equals("pgoutput") || !details.database().equals(details.here())) {
      return Optional.of(
          SourceLoss.of(
              "replication slot %s is another one than this pipeline has made: plugin %s, database %s"
                  .formatted(
                      name,
                      details.plugin().isEmpty() ? "none" : details.plugin(),
                      details.database().isEmpty() ? "none" : details.database())));
    }
    // The initial snapshot ends one byte before the place where its slot begins.
    return details
        .confirmed()
        .filter(at -> !new LsnPosition(lake.lsn() + 1).contains(at))
        .map(at ->
            SourceLoss.of(
                "replication slot %s is at %s, ahead of the lake at %s: somebody else has read or advanced it, or made it anew, and the changes in between are gone"
                    .formatted(name, at, lake)));
  }

  private static String reason(Details details) {
    return details.invalidation().isEmpty() ? "max_slot_wal_keep_size" : details.invalidation();
  }

  /**
   * A slot that is already there exports no snapshot: the rows read would miss changes.
   *
   * @throws SettingsException it is not ours
   */
  void prepareInitialSnapshot(Pipeline pipeline, Connection connection, Optional<State> slot)
      throws SQLException {
    String name = source.slot() + "@" + ServerIdentity.of(connection).system();
    if (slot.isPresent()) {
      Details details = slot.orElseThrow().details();
      if (!pipeline.note(NOTE).equals(Optional.of(name))
          || !details.plugin().equals("pgoutput")
          || !details.database().equals(details.here())) {
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
  Optional<State> releasedState(Connection connection) throws SQLException {
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
                found.getLong(4),
                Optional.ofNullable(found.getObject(5, Long.class)),
                new Details(
                    found.getString(6),
                    found.getString(7),
                    found.getString(8),
                    Optional.ofNullable(found.getString(9)).map(LsnPosition::parse),
                    found.getString(10),
                    found.getBoolean(11),
                    found.getString(12))));
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
}
