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
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.data.Record;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;
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
   * @param bound the snapshot must see all transactions before this one, which may have been told
   *     to an earlier process; empty: all that have begun by now, as changes of them may not be in
   *     the log
   * @param permits bounds how many read at the same time
   */
  TableReader(
      PostgresTables tables,
      ReadingRequest request,
      RowTarget target,
      EventSieve sieve,
      TableReading reading,
      OptionalLong bound,
      Semaphore permits) {
    this.tables = tables;
    this.source = tables.source();
    this.request = request;
    this.table = request.table();
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
      @Nullable ReadableTable readable = tables.find(beside, table).orElse(null);
      if (readable == null) {
        gone = true;
        return;
      }
      // A table that does not fit must not get into the log.
      if (lacksColumns(readable)) {
        pause();
        return;
      }
      RowDecoder decoder = decoder(readable);
      boolean added = new Publication(source).add(beside.connection(), table);
      long first =
          added || bound.isEmpty()
              ? SourceSnapshot.take(beside.connection()).xmax()
              : bound.orElseThrow();
      awaitTransactionsBefore(first, beside.connection());
      Connection connection = rows.connection();
      if (!begin(connection)) {
        return;
      }
      passing = Optional.of(mark(beside.connection()));
      if (reading.awaitPassed()) {
        read(readable, decoder, beside, connection);
        reading.read();
      }
      connection.rollback();
    }
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
  private boolean begin(Connection connection) throws SQLException, InterruptedException {
    connection.setAutoCommit(false);
    while (!closed) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        statement.execute("LOCK TABLE %s IN ACCESS SHARE MODE".formatted(table.quoted()));
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

  /** Whether the table has another key, or columns for which the lake has no place yet. */
  private boolean lacksColumns(ReadableTable readable) {
    LakeColumns lake = new LakeColumns(target.columns());
    boolean lacks =
        readable.captured().row().fields().stream()
            .filter(field -> !readable.captured().leavesOut(field.name()))
            .anyMatch(field ->
                lake.holding(
                        field.name(),
                        readable.captured().columnType(field, source.placeholder()).type())
                    .isEmpty());
    boolean isOther =
        lacks || !Set.copyOf(readable.captured().key()).equals(Set.copyOf(target.key()));
    wanted = isOther ? Optional.of(readable.captured()) : Optional.empty();
    return isOther;
  }

  private RowDecoder decoder(ReadableTable readable) {
    return RowDecoder.compile(
        readable.captured(), sieve, target, readable.captured().row(), source.placeholder());
  }

  private void read(
      ReadableTable readable, RowDecoder decoder, PostgresConnection beside, Connection connection)
      throws SQLException, InterruptedException {
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(FETCH_ROWS);
      try (ResultSet rows = statement.executeQuery(readable.query())) {
        ColumnUtils.ColumnArray columns = ColumnUtils.toArray(rows, readable.table());
        while (rows.next()) {
          Object[] values = beside.rowToArray(readable.table(), rows, columns);
          add(decoder, requireNonNull(readable.schema().valueFromColumnData(values)));
          if (closed || Thread.interrupted()) {
            throw new InterruptedException();
          }
        }
      }
    }
  }

  private void add(RowDecoder decoder, Struct row) {
    EventSieve.Sieved<Record> read = sieve.sieve("r", row, () -> decoder.row(row));
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
