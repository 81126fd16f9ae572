package dev.firn.ingest;

import dev.firn.writer.Position;
import dev.firn.writer.RowTarget;
import dev.firn.writer.TableReading;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
  private static final long LOOK_MILLIS = 200;

  /** What is said of a table that was there when it was asked for. */
  static final String GONE = "not at the source any more";

  private static final long MAX_PAUSE_MILLIS = 30_000;

  private final Source source;
  private final ReadingRequest request;
  private final SourceTable table;
  private final List<CapturedTable> shards;
  private final RowTarget target;
  private final EventSieve sieve;
  private final TableReading reading;

  private final Optional<SourceView> told;
  private final Semaphore permits;
  private volatile Optional<Position> passing = Optional.empty();
  private volatile Instant readAt = Instant.EPOCH;
  private volatile boolean gone;
  private volatile Optional<CapturedTable> wanted = Optional.empty();
  private volatile boolean closed;
  private volatile Optional<BadEventException> refused = Optional.empty();

  /**
   * @param shards the tables of the source whose rows are those of the table; one, if it has no
   *     shards
   * @param told the snapshot must see all that this view does, which may have been told to an
   *     earlier process; empty: all that has begun by now, as changes of it may not be in the log
   * @param permits bounds how many read at the same time
   */
  TableReader(
      Source source,
      ReadingRequest request,
      List<CapturedTable> shards,
      RowTarget target,
      EventSieve sieve,
      TableReading reading,
      Optional<SourceView> told,
      Semaphore permits) {
    this.source = source;
    this.request = request;
    this.table = request.table();
    this.shards = List.copyOf(shards);
    this.target = target;
    this.sieve = sieve;
    this.reading = reading;
    this.told = told;
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
  Optional<Position> passing() {
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

  /** What it has met that is to stop the pipeline; it reads no further. */
  Optional<BadEventException> refused() {
    return refused;
  }

  /** What it does, for people. */
  String progress() {
    return gone
        ? GONE
        : reading.isRead()
            ? "all %,d rows read".formatted(reading.rows())
            : reading.isPassed()
                ? "%,d rows so far".formatted(reading.rows())
                : passing.isPresent()
                    ? "waiting for the log"
                    : "waiting for a snapshot of the source";
  }

  /** Ends it soon; what was read is thrown away unless it is complete. */
  void close() {
    closed = true;
  }

  /** Ends it, whatever it waits for, and throws away what was read, also when that is complete. */
  void giveUp() {
    close();
    reading.giveUp();
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
      } catch (BadEventException e) {
        refused = Optional.of(e);
        return;
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
    try (TableScan scan = source.scan(shards.stream().map(CapturedTable::source).toList())) {
      List<CapturedTable> found = found(scan);
      if (found.isEmpty()) {
        gone = true;
        return;
      }
      // A table that does not fit must not get into the log.
      if (lackColumns(found)) {
        pause();
        return;
      }
      scan.prepare(told, this::await);
      if (!begin(scan)) {
        return;
      }
      passing = Optional.of(scan.passing());
      if (reading.awaitPassed()) {
        for (CapturedTable each : found) {
          read(each, scan);
        }
        reading.read();
      }
      scan.end();
    }
  }

  /** Those of the shards that are there. */
  private List<CapturedTable> found(TableScan scan) {
    List<CapturedTable> found = new ArrayList<>();
    for (CapturedTable shard : shards) {
      scan.table(shard.source()).map(table -> table.as(shard.shard())).ifPresent(found::add);
    }
    return found;
  }

  /** What an earlier process was told of may be invisible still. */
  private void await(SourceView now) throws InterruptedException {
    reading.forget(now::sees);
    pause();
  }

  private boolean begin(TableScan scan) throws SQLException, InterruptedException {
    while (!closed) {
      SourceView view = scan.begin();
      readAt = Instant.now();
      if (reading.begin(view::sees)) {
        return true;
      }
      scan.end();
      pause();
    }
    return false;
  }

  private boolean lackColumns(List<CapturedTable> found) {
    wanted = found.stream().filter(this::lacksColumns).findFirst();
    return wanted.isPresent();
  }

  /** Whether the table has another key, or columns for which the lake has no place yet. */
  private boolean lacksColumns(CapturedTable captured) {
    LakeColumns lake = new LakeColumns(target.columns());
    boolean lacks =
        captured.row().fields().stream()
            .filter(field -> !captured.leavesOut(field.name()))
            .anyMatch(field ->
                lake.holding(field.name(), captured.columnType(field, source.placeholder()).type())
                    .isEmpty());
    return lacks || !Set.copyOf(captured.key()).equals(captured.ownOf(target.key()));
  }

  private void read(CapturedTable captured, TableScan scan)
      throws SQLException, InterruptedException {
    EventSieve own = sieve.of(captured);
    RowDecoder decoder =
        RowDecoder.compile(captured, own, target, captured.row(), source.placeholder());
    scan.rows(captured.source(), row -> add(decoder, own, row));
  }

  private void add(RowDecoder decoder, EventSieve own, Struct row) throws InterruptedException {
    EventSieve.Sieved<Record> read = own.sieve("r", row, () -> decoder.row(row));
    read.taken().ifPresent(reading::add);
    read.aside().forEach(reading::setAside);
    if (closed || Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  private void pause() throws InterruptedException {
    if (closed) {
      throw new InterruptedException();
    }
    TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
  }
}
