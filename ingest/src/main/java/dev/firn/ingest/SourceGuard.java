package dev.firn.ingest;

import dev.firn.ingest.log.LsnPosition;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import io.debezium.DebeziumException;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * Sees to it that the log from which a pipeline goes on is the one that its lake was made of, at
 * every start and after every lost connection.
 */
final class SourceGuard {
  /** The SQL state of a server that cannot be used now but will be. */
  private static final String NOT_NOW = "57P03";

  /** Debezium makes its task itself, by its class's name: what that has to ask is here. */
  private static volatile Optional<SourceGuard> current = Optional.empty();

  private final PostgresSource source;
  private volatile Optional<ServerIdentity> expected;

  /** Whether the server is on a timeline that the control table does not know yet. */
  private volatile boolean moved;

  /** Up to where transactions have come, whether they are in the lake or not. */
  private volatile Optional<LsnPosition> reached;

  /** Up to where the source need not send them again: no further than the above. */
  private volatile Optional<LsnPosition> complete;

  private SourceGuard(PostgresSource source, Pipeline pipeline) {
    this.source = source;
    this.expected = ServerIdentity.noted(pipeline);
    boolean follows = pipeline.offset().isPresent();
    this.reached = pipeline.furthest().filter(any -> follows).map(LsnPosition.class::cast);
    this.complete = pipeline.position().filter(any -> follows).map(LsnPosition.class::cast);
  }

  /**
   * Prepares a start.
   *
   * @throws SettingsException the source cannot be followed from where the lake is
   */
  static SourceGuard prepare(PostgresSource source, Pipeline pipeline) throws SQLException {
    SourceGuard guard = new SourceGuard(source, pipeline);
    ReplicationSlot slot = new ReplicationSlot(source);
    try (PostgresConnection connection = source.connect()) {
      Optional<ReplicationSlot.State> state = slot.releasedState(connection.connection());
      if (guard.reached.isPresent()) {
        guard.requireResumable(connection.connection(), state);
      } else {
        slot.prepareInitialSnapshot(pipeline, connection.connection(), state);
        guard.expected = Optional.of(ServerIdentity.of(connection.connection()));
      }
    } catch (PipelineException e) {
      throw new SettingsException(String.valueOf(e.getMessage()), e);
    }
    guard.expected.orElseThrow().note(pipeline);
    guard.moved = false;
    return guard;
  }

  /** Debezium's task is its to guard from here on, until {@link #end}. */
  void begin() {
    current = Optional.of(this);
  }

  /**
   * Looks whether a task may follow the source: at each of its starts, also at the first one, as
   * the source may have become another since the pipeline was started. Nothing to look at while the
   * initial snapshot is not complete.
   *
   * @return whether it goes on with the log, as the initial snapshot is complete
   * @throws PipelineException it may not
   */
  static boolean requireResumable() {
    Optional<SourceGuard> resumed = current.filter(guard -> guard.reached.isPresent());
    resumed.ifPresent(guard -> {
      try (PostgresConnection connection = guard.source.connectBriefly()) {
        Connection asked = connection.connection();
        guard.requireResumable(asked, new ReplicationSlot(guard.source).state(asked));
      } catch (SQLException e) {
        throw new DebeziumException(e);
      }
    });
    return resumed.isPresent();
  }

  /** All up to here has come from the source. */
  void reached(LsnPosition position) {
    reached = Optional.of(position);
    complete = reached;
  }

  /** Nobody follows the source any more. */
  void end() {
    if (current.equals(Optional.of(this))) {
      current = Optional.empty();
    }
  }

  /**
   * The server that is followed, if the control table has to be told of it before anything else.
   */
  Optional<ServerIdentity> takeMoved() {
    if (!moved) {
      return Optional.empty();
    }
    moved = false;
    return expected;
  }

  private void requireResumable(Connection connection, Optional<ReplicationSlot.State> slot)
      throws SQLException {
    LsnPosition lake = reached.orElseThrow();
    ServerIdentity now = ServerIdentity.of(connection);
    if (expected.isPresent()) {
      requireSameHistory(expected.orElseThrow(), now, lake);
    }
    requireNotBehind(connection, lake);
    ReplicationSlot.problem(source.slot(), slot, complete.orElseThrow())
        .ifPresent(problem -> {
          throw new PipelineException(problem);
        });
    moved = !expected.equals(Optional.of(now));
    expected = Optional.of(now);
  }

  private void requireSameHistory(ServerIdentity known, ServerIdentity now, LsnPosition lake)
      throws SQLException {
    if (!known.system().equals(now.system())) {
      throw new PipelineException(
          SourceLoss.of(
              "another database server answers at %s: its system identifier is %s, the lake at %s was made of %s"
                  .formatted(source.place(), now.system(), lake, known.system()),
              "see that debezium.source.database.* leads to the server of before"));
    }
    if (now.isStandby() && !known.isStandby()) {
      throw new SQLException(
          "%s is a standby server now: it can be followed once it is promoted"
              .formatted(source.place()),
          NOT_NOW);
    }
    if (now.timeline() != known.timeline() && !now.isStandby() && !known.isStandby()) {
      requireForkBehind(known, now, lake);
    }
  }

  /** A promoted standby, or a restored backup: does its history have all that the lake has? */
  private void requireForkBehind(ServerIdentity known, ServerIdentity now, LsnPosition lake)
      throws SQLException {
    Optional<LsnPosition> end =
        TimelineHistory.read(source, now.timeline()).endOf(known.timeline());
    if (end.isPresent() && end.orElseThrow().contains(lake)) {
      return;
    }
    throw new PipelineException(
        SourceLoss.of(
            end.map(at ->
                    "the source has left its history behind the lake: timeline %d of %s forked from timeline %d at %s, the lake is at %s and has rows that the source has no more (a restored backup, or a replica promoted that lagged)"
                        .formatted(now.timeline(), source.place(), known.timeline(), at, lake))
                .orElseGet(() ->
                    "the source has another history: timeline %d of %s does not come from timeline %d, of which the lake was made up to %s"
                        .formatted(now.timeline(), source.place(), known.timeline(), lake)),
            "bring the server of before back, if it is there"));
  }

  private void requireNotBehind(Connection connection, LsnPosition lake) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
                    + " ELSE pg_current_wal_insert_lsn() END::text")) {
      row.next();
      LsnPosition server = LsnPosition.parse(row.getString(1));
      if (!server.contains(lake)) {
        throw new PipelineException(
            SourceLoss.of(
                "the source's log ends at %s, the lake is at %s: %s was restored from an older backup, and the lake has rows that the source has no more"
                    .formatted(server, lake, source.place()),
                "restore the source up to the lake's position, if its log is archived"));
      }
    }
  }
}
