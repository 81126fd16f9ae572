package dev.firn.ingest;

import dev.firn.ingest.log.BinlogLog;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;
import io.debezium.DebeziumException;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows a server with a binary log: sees to it that the server's log has what the lake has, and
 * that the tables' definitions are in the lake before the rows that need them.
 */
final class BinlogFollowing implements Following {
  private static final Logger LOG = LoggerFactory.getLogger(BinlogFollowing.class);

  /** Debezium makes its task itself, by its class's name: what that has to ask is here. */
  private static volatile Optional<BinlogFollowing> current = Optional.empty();

  private final BinlogSource source;
  private final TableDefinitions definitions;
  private volatile Optional<String> server;
  private volatile boolean isServerNoted;

  /** Up to where transactions have come; empty while the initial snapshot is not complete. */
  private volatile Optional<String> reached;

  private BinlogFollowing(
      BinlogSource source,
      TableDefinitions definitions,
      Optional<String> server,
      Optional<String> reached) {
    this.source = source;
    this.definitions = definitions;
    this.server = server;
    this.isServerNoted = true;
    this.reached = reached;
  }

  /**
   * Prepares a start.
   *
   * @throws SettingsException the source cannot be followed from where the lake is
   */
  static BinlogFollowing prepare(BinlogSource source, Pipeline pipeline) throws SQLException {
    Optional<String> resumed = pipeline.offset().map(BinlogLog::resumedGtids);
    BinlogFollowing following =
        new BinlogFollowing(
            source,
            definitions(source, pipeline, resumed),
            BinlogServerState.noted(pipeline),
            pipeline.furthest().filter(any -> resumed.isPresent()).map(Position::toString));
    try (BinlogConnectorConnection connection = source.connect()) {
      following.requireFollowable(connection.connection(), resumed);
    } catch (PipelineException e) {
      throw new SettingsException(String.valueOf(e.getMessage()), e);
    }
    if (!following.isServerNoted) {
      following.urgentNote().orElseThrow().accept(pipeline);
    }
    return following;
  }

  private static TableDefinitions definitions(
      BinlogSource source, Pipeline pipeline, Optional<String> resumed) {
    if (resumed.isEmpty()) {
      return new TableDefinitions(source.log());
    }
    return pipeline
        .note(TableDefinitions.NOTE)
        .map(note -> TableDefinitions.read(source.log(), note, resumed.orElseThrow()))
        .orElseThrow(() ->
            new SettingsException(
                SourceLoss.of(
                    "the control table lacks the definitions of the source's tables, without which its log cannot be read")));
  }

  private void requireFollowable(Connection connection, Optional<String> resumed)
      throws SQLException {
    BinlogServerState now = BinlogServerState.of(source.dialect(), connection, reached);
    if (!now.settings().isEmpty()) {
      throw new PipelineException(
          "%s cannot be followed: %s".formatted(source.place(), String.join("; ", now.settings())));
    }
    if (now.written().isEmpty()) {
      throw new PipelineException(
          "the log of %s has no transaction yet (it tells no GTID), and so no place to begin at; run any statement that is written to it, such as CREATE DATABASE"
              .formatted(source.place()));
    }
    reached.ifPresent(lake -> now.requireGoesOn(source, server, lake));
    resumed.ifPresent(lake -> now.requireKept(source, lake));
    if (!server.equals(Optional.of(now.identity()))) {
      server.ifPresent(before ->
          LOG.warn(
              "another server answers at {}: {}, was {}; its log has all that the lake has, by its GTIDs",
              source.place(),
              now.identity(),
              before));
      server = Optional.of(now.identity());
      isServerNoted = false;
    }
  }

  /**
   * Looks whether a task may follow the source: at each of its starts.
   *
   * @param resumed the GTIDs that it goes on from
   * @throws PipelineException it may not
   */
  static void requireResumable(Optional<String> resumed) {
    current.ifPresent(following -> {
      try (BinlogConnectorConnection connection = following.source.connectBriefly()) {
        following.requireFollowable(connection.connection(), resumed);
      } catch (SQLException e) {
        throw new DebeziumException(e);
      }
    });
  }

  /** Whether the log is followed, and no initial snapshot is read any more. */
  static boolean follows() {
    return current.flatMap(following -> following.reached).isPresent();
  }

  @Override
  public void begin() {
    LakeSchemaHistory.use(definitions);
    current = Optional.of(this);
  }

  @Override
  public void reached(Position position) {
    reached = Optional.of(position.toString());
  }

  /** Definitions of an initial snapshot are noted once, before it is published. */
  @Override
  public Optional<Consumer<Pipeline>> urgentNote() {
    Optional<String> other = isServerNoted ? Optional.empty() : server;
    isServerNoted = true;
    Optional<String> defined = reached.isPresent() ? definitions.takeNote() : Optional.empty();
    if (other.isEmpty() && defined.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(pipeline -> {
      other.ifPresent(identity -> pipeline.note(BinlogServerState.NOTE, identity));
      defined.ifPresent(text -> pipeline.note(TableDefinitions.NOTE, text));
    });
  }

  @Override
  public void look(
      SourceLook look,
      List<TableWatch.Seen> tables,
      boolean follows,
      Consumer<ReadingRequest> read) {
    // The log tells of all tables.
  }

  @Override
  public Optional<Consumer<Pipeline>> dueNote(BooleanSupplier isSettled) {
    return definitions
        .takeNote()
        .map(text -> pipeline -> pipeline.note(TableDefinitions.NOTE, text));
  }

  @Override
  public void end() {
    if (current.equals(Optional.of(this))) {
      current = Optional.empty();
    }
  }
}
