package dev.firn.ingest;

import dev.firn.writer.PipelineException;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.relational.TableId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks every two seconds which tables the source has, and asks for those to be read that are new
 * or were made anew; on a thread of its own.
 */
final class TableWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TableWatch.class);
  private static final int LOOK_SECONDS = 2;

  /** How often the source is asked what has to be known. */
  private static final int LOOKS = 30;

  private static final String QUERY =
      """
      SELECT n.nspname, c.relname, c.oid::bigint,
             c.relreplident IN ('f', 'i')
             OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary),
             c.relkind = 'p'
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
         AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      """;

  /**
   * A table of the source.
   *
   * @param isIdentified whether the log tells which row a change is about
   * @param isPartitioned whether its rows are those of other tables
   */
  record Seen(SourceTable table, long oid, boolean isIdentified, boolean isPartitioned) {}

  private final PostgresSource source;
  private final CapturedTables tables;
  private final Readings readings;
  private final SourceOids oids;
  private final PublishedTables published;
  private final BooleanSupplier follows;
  private final Consumer<PipelineException> failed;
  private final SignalFile signals;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("firn-tables-", 0).factory());
  private final Map<SourceTable, Long> asked = new HashMap<>();
  private final Set<SourceTable> unsupported = new HashSet<>();
  private final Set<SourceTable> leftOut = new HashSet<>();
  private final Set<SourceTable> dropped = new HashSet<>();
  private @Nullable PostgresConnection connection;

  /** The last reason that was told why the source's tables cannot be seen. */
  private String said = "";

  /** How many looks in a row showed nothing. */
  private int missed;

  /**
   * @param follows whether the log is followed: the publication is made before that
   * @param failed told when changes of a table are missing for good
   */
  TableWatch(
      PostgresSource source,
      CapturedTables tables,
      Readings readings,
      SourceOids oids,
      PublishedTables published,
      BooleanSupplier follows,
      Consumer<PipelineException> failed) {
    this.source = source;
    this.published = published;
    this.follows = follows;
    this.failed = failed;
    this.tables = tables;
    this.readings = readings;
    this.oids = oids;
    this.signals = new SignalFile(source.signalFile());
  }

  /** The captured tables of a source. */
  static List<Seen> tables(PostgresSource source, Connection connection) throws SQLException {
    List<Seen> tables = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(QUERY)) {
      while (rows.next()) {
        SourceTable table = new SourceTable(rows.getString(1), rows.getString(2));
        if (isIncluded(source, table)) {
          tables.add(new Seen(table, rows.getLong(3), rows.getBoolean(4), rows.getBoolean(5)));
        }
      }
    }
    return tables;
  }

  private static boolean isIncluded(PostgresSource source, SourceTable table) {
    return source
            .connector()
            .getTableFilters()
            .dataCollectionFilter()
            .isIncluded(new TableId(null, table.schema(), table.name()))
        && !source.signals().equals(Optional.of(table));
  }

  void start() {
    var unused =
        thread.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  /** Looks now; what cannot be asked is asked again later. */
  synchronized void look() {
    try {
      tryToLook().ifPresent(this::say);
    } catch (PipelineException e) {
      failed.accept(e);
    }
  }

  /** A lost connection is said elsewhere, unless it is only here that it is lost every time. */
  private void say(Exception trouble) {
    missed++;
    boolean isSaidElsewhere = ConnectionLoss.isIn(trouble) && missed < LOOKS;
    if (!isSaidElsewhere && !ConnectionLoss.reason(trouble).equals(said)) {
      said = ConnectionLoss.reason(trouble);
      LOG.warn("cannot see which tables the source has, trying again: {}", said);
    }
  }

  /**
   * Looks now, and again for a minute while the source cannot be asked.
   *
   * @throws PipelineException changes of a table are missing, or the source cannot be asked
   */
  void requireLook() {
    Optional<Exception> trouble = tryToLook();
    for (int look = 1; look < LOOKS && trouble.isPresent() && pause(); look++) {
      trouble = tryToLook();
    }
    trouble.ifPresent(last -> {
      throw new PipelineException(
          "cannot see how the tables are published (%s), and without that the initial snapshot is not complete: start again, it is then read anew"
              .formatted(ConnectionLoss.reason(last)),
          last);
    });
  }

  /**
   * Looks now.
   *
   * @return why the source could not be asked
   * @throws PipelineException changes of a table are missing
   */
  private synchronized Optional<Exception> tryToLook() {
    try {
      lookOnce();
      missed = 0;
      said = "";
      return Optional.empty();
    } catch (SQLException | RuntimeException e) {
      if (isFinding(e)) {
        throw (PipelineException) e;
      }
      disconnect();
      asked.clear();
      return Optional.of(e);
    }
  }

  /** Whether it says what is wrong at the source, and not that the source could not be asked. */
  private static boolean isFinding(Exception e) {
    return e instanceof PipelineException && !(e.getCause() instanceof SQLException);
  }

  /**
   * Gives the source time, without keeping {@link #close} waiting.
   *
   * @return false when it is of no use any more
   */
  private boolean pause() {
    try {
      return !thread.awaitTermination(LOOK_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void lookOnce() throws SQLException {
    if (thread.isShutdown()) {
      return;
    }
    if (connection == null) {
      connection = source.connectBriefly();
    }
    Connection asked = connection.connection();
    readings.forget(SourceSnapshot.take(asked));
    List<Seen> seen = tables(source, asked);
    seen.forEach(this::look);
    if (follows.getAsBoolean()) {
      lookAtPublication(asked, seen);
    }
    for (SnapshotSignal signal : signals.take()) {
      signal.requests(tables.sources()).forEach(readings::request);
    }
    noteDropped(seen.stream().map(Seen::table).collect(Collectors.toSet()));
  }

  private void lookAtPublication(Connection asked, List<Seen> seen) throws SQLException {
    Map<SourceTable, Publication.Member> members =
        published.publication().members(asked).orElseThrow(published::gone);
    for (Seen table : seen) {
      Optional<TableDecoder> decoder = tables.decoder(table.table());
      if (decoder.isPresent() && !table.isPartitioned()) {
        published.look(
            table.table(), Optional.ofNullable(members.get(table.table())), readings::request);
      }
    }
  }

  private void look(Seen seen) {
    SourceTable table = seen.table();
    dropped.remove(table);
    if (tables.decoder(table).isEmpty()) {
      lookAtNew(seen);
      return;
    }
    if (oids.of(table).isEmpty()) {
      oids.put(table, seen.oid());
    }
    boolean isOther = oids.of(table).map(oid -> oid != seen.oid()).orElse(false);
    if (isOther && isNotAsked(seen)) {
      readings.request(new ReadingRequest(table, ReadingRequest.RECREATED, seen.oid()));
    }
  }

  private void lookAtNew(Seen seen) {
    SourceTable table = seen.table();
    if (unsupported.contains(table)) {
      return;
    }
    if (!seen.isIdentified()) {
      // In a publication its rows could neither be updated nor deleted any more.
      leaveOut(table, "it has neither a primary key nor REPLICA IDENTITY FULL");
      return;
    }
    try {
      if (isNotAsked(seen) && tables.find(table).isPresent()) {
        leftOut.remove(table);
        readings.request(new ReadingRequest(table, Readings.NEW, seen.oid()));
      }
    } catch (SettingsException e) {
      unsupported.add(table);
      leaveOut(table, e.getMessage() + "; the next start will name it and end");
    }
  }

  private boolean isNotAsked(Seen seen) {
    return !Long.valueOf(seen.oid()).equals(asked.put(seen.table(), seen.oid()));
  }

  private void leaveOut(SourceTable table, String why) {
    if (leftOut.add(table)) {
      LOG.warn("table {} is new at the source and left out: {}", table, why);
    }
  }

  private void noteDropped(Set<SourceTable> there) {
    for (TableDecoder decoder : tables.decoders()) {
      if (!there.contains(decoder.source()) && dropped.add(decoder.source())) {
        LOG.warn(
            "table {} was dropped at the source: {} in the lake stays as it is",
            decoder.source(),
            decoder.table());
      }
    }
  }

  private void disconnect() {
    if (connection != null) {
      connection.close();
      connection = null;
    }
  }

  @Override
  public synchronized void close() {
    thread.shutdownNow();
    disconnect();
  }
}
