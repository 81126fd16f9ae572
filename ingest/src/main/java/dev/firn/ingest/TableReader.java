package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.LsnPosition;
import dev.firn.writer.RowTarget;
import dev.firn.writer.TableReading;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.util.ColumnUtils;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.data.Record;
import org.apache.kafka.connect.data.Struct;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads one table of the source beside the stream, on a thread of its own; tries until it can. */
final class TableReader implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(TableReader.class);
  private static final int FETCH_ROWS = 2_000;
  private static final long LOOK_MILLIS = 200;
  private static final long LONG_WAIT_MILLIS = 5_000;
  private static final long MAX_PAUSE_MILLIS = 30_000;

  private final PostgresTables tables;
  private final PostgresSource source;
  private final ReadingRequest request;
  private final SourceTable table;
  private final List<CapturedTable> shards;
  private final RowTarget target;
  private final EventSieve sieve;
  private final TableReading reading;

  private final OptionalLong bound;

  private final Semaphore permits;
  private volatile Optional<LsnPosition> passing = Optional.empty();
  private volatile Instant readAt = Instant.EPOCH;
  private volatile boolean gone;
  private volatile Optional<CapturedTable> wanted = Optional.empty();
  private volatile boolean closed;

  /**
   * @param shards the tables of the source whose rows are those of the table; one, if it has no
   *     shards
   * @param bound the snapshot must see all transactions before this one, which may have been told
   *     to an earlier process; empty: all that have begun by now, as changes of them may not be in
   *     the log
   * @param permits bounds how many read at the same time
   */
  TableReader(
      PostgresTables tables,
      ReadingRequest request,
      List<CapturedTable> shards,
      RowTarget target,
      EventSieve sieve,
      TableReading reading,
      OptionalLong bound,
      Semaphore permits) {
    this.tables = tables;
    this.source = tables.source();
    this.request = request;
    this.table = request.table();
    this.shards = List.copyOf(shards);
    this.target = target;
    this.sieve = sieve;
    this.reading = reading;
    this.bound = bound;
    this.permits = permits;
  }

  ReadingRequest request() {
    return request;
  }

  SourceTable table() {
    return table;
  }

  TableReading reading() {
    return reading;
  }

  /** Where the log has passed all that the snapshot sees, once there is one. */
  Optional<LsnPosition> passing() {
    return passing;
  }

  /** When the snapshot was taken. */
  Instant readAt() {
    return readAt;
  }

  /** Whether the table is not there any more, so that it was not read. */
  boolean isGone() {
    return gone;
  }

  /** The table as the source has it, when it has columns that the lake lacks. */
  Optional<CapturedTable> wanted() {
    return wanted;
  }

  /** What it does, for people. */
  String progress() {
    return reading.isRead()
        ? "all %,d rows read".formatted(reading.rows())
        : reading.isPassed()
            ? "%,d rows so far".formatted(reading.rows())
            : passing.isPresent() ? "waiting for the log" : "waiting for a snapshot of the source";
  }

  /** Ends it soon; what was read is thrown away unless it is complete. */
  void close() {
    closed = true;
  }

  /** Ends it, whatever it waits for, and throws away what was read, also when that is complete. */
  void giveUp() {
    close();
    reading.giveUpSnapshot();
    if (reading.isRead()) {
      reading.abandon();
    }
  }

  @Override
  public void run() {
    try {
      permits.acquire();
      try {
        readUntilDone();
      } finally {
        permits.release();
      }
    } catch (InterruptedException e) {
      reading.abandon();
      Thread.currentThread().interrupt();
    }
  }

  private void readUntilDone() throws InterruptedException {
    String said = "";
    long pause = LOOK_MILLIS;
    while (!gone && !reading.isRead()) {
      if (closed) {
        throw new InterruptedException();
      }
      try {
        readOnce();
      } catch (SQLException | RuntimeException e) {
        if (closed) {
          throw new InterruptedException();
        }
        String reason = ConnectionLoss.reason(e);
        if (!reason.equals(said)) {
          LOG.warn("table {} could not be read, trying again: {}", table, reason);
          said = reason;
        }
        passing = Optional.empty();
        reading.startOver();
        TimeUnit.MILLISECONDS.sleep(pause);
        pause = Math.min(MAX_PAUSE_MILLIS, 2 * pause);
      }
    }
    if (gone) {
      reading.abandon();
    }
  }

  private void readOnce() throws SQLException, InterruptedException {
    passing = Optional.empty();
    try (PostgresConnection beside = tables.connect();
        PostgresConnection rows = source.connect()) {
      beside.setAutoCommit(true);
      List<ReadableTable> readable = find(tables, beside);
      if (readable.isEmpty()) {
        gone = true;
        return;
      }
      // A table that does not fit must not get into the log.
      if (lackColumns(readable)) {
        pause();
        return;
      }
      boolean added = publish(readable, beside);
      long first =
          added || bound.isEmpty()
              ? SourceSnapshot.take(beside.connection()).xmax()
              : bound.orElseThrow();
      awaitTransactionsBefore(first, beside.connection());
      Connection connection = rows.connection();
      if (!begin(connection, readable)) {
        return;
      }
      passing = Optional.of(mark(beside.connection()));
      if (reading.awaitPassed()) {
        for (ReadableTable each : readable) {
          read(each, beside, connection);
        }
        reading.read();
      }
      connection.rollback();
    }
  }

  /** Those of the shards that are there. */
  private List<ReadableTable> find(PostgresTables tables, PostgresConnection beside)
      throws SQLException {
    List<ReadableTable> readable = new ArrayList<>();
    for (CapturedTable shard : shards) {
      tables
          .find(beside, shard.source())
          .map(found -> found.as(shard.shard()))
          .ifPresent(readable::add);
    }
    return readable;
  }

  private boolean publish(List<ReadableTable> readable, PostgresConnection beside)
      throws SQLException {
    boolean added = false;
    for (ReadableTable each : readable) {
      added |= new Publication(source).add(beside.connection(), each.captured().source());
    }
    return added;
  }

  /**
   * Transactions older than the table's publication may have changes that are not in the log; those
   * that an earlier process was told of may be invisible still.
   */
  private void awaitTransactionsBefore(long first, Connection connection)
      throws SQLException, InterruptedException {
    long waited = 0;
    for (SourceSnapshot now = SourceSnapshot.take(connection);
        now.xmin() < first;
        now = SourceSnapshot.take(connection)) {
      reading.forget(now::sees);
      pause();
      waited += LOOK_MILLIS;
      if (waited == LONG_WAIT_MILLIS) {
        LOG.info(
            "table {} is read when the transactions before {} have ended: their changes may not be told of again",
            table,
            first);
      }
    }
  }

  /** Locks the table against changes of its columns and takes the snapshot. */
  private boolean begin(Connection connection, List<ReadableTable> readable)
      throws SQLException, InterruptedException {
    connection.setAutoCommit(false);
    while (!closed) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        for (ReadableTable each : readable) {
          statement.execute(
              "LOCK TABLE %s IN ACCESS SHARE MODE".formatted(each.captured().source().quoted()));
        }
      }
      SourceSnapshot snapshot = SourceSnapshot.take(connection);
      readAt = Instant.now();
      if (reading.begin(snapshot::sees)) {
        return true;
      }
      connection.rollback();
      pause();
    }
    return false;
  }

  /** Puts a transaction into the log behind all that the snapshot sees. */
  private static LsnPosition mark(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT pg_logical_emit_message(true, 'firn', '')::text")) {
      row.next();
      return LsnPosition.parse(row.getString(1));
    }
  }

  private boolean lackColumns(List<ReadableTable> readable) {
    wanted = readable.stream().filter(this::lacksColumns).findFirst().map(ReadableTable::captured);
    return wanted.isPresent();
  }

  /** Whether the table has another key, or columns for which the lake has no place yet. */
  private boolean lacksColumns(ReadableTable readable) {
    CapturedTable captured = readable.captured();
    LakeColumns lake = new LakeColumns(target.columns());
    boolean lacks =
        captured.row().fields().stream()
            .filter(field -> !captured.leavesOut(field.name()))
            .anyMatch(field ->
                lake.holding(field.name(), captured.columnType(field, source.placeholder()).type())
                    .isEmpty());
    return lacks || !Set.copyOf(captured.key()).equals(captured.ownOf(target.key()));
  }

  private void read(ReadableTable readable, PostgresConnection beside, Connection connection)
      throws SQLException, InterruptedException {
    CapturedTable captured = readable.captured();
    EventSieve own = sieve.of(captured);
    RowDecoder decoder =
        RowDecoder.compile(captured, own, target, captured.row(), source.placeholder());
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(FETCH_ROWS);
      try (ResultSet rows = statement.executeQuery(readable.query())) {
        ColumnUtils.ColumnArray columns = ColumnUtils.toArray(rows, readable.table());
        while (rows.next()) {
          Object[] values = beside.rowToArray(readable.table(), rows, columns);
          add(decoder, own, requireNonNull(readable.schema().valueFromColumnData(values)));
          if (closed || Thread.interrupted()) {
            throw new InterruptedException();
          }
        }
      }
    }
  }

  private void add(RowDecoder decoder, EventSieve own, Struct row) {
    EventSieve.Sieved<Record> read = own.sieve("r", row, () -> decoder.row(row));
    read.taken().ifPresent(reading::add);
    read.aside().forEach(reading::setAside);
  }

  private void pause() throws InterruptedException {
    if (closed) {
      throw new InterruptedException();
    }
    TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
  }
}
