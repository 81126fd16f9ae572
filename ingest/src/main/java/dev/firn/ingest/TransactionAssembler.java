package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.PipelineException;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TransactionEnd;
import io.debezium.data.Envelope;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Makes whole source transactions of the records that Debezium delivers: the rows of the initial
 * snapshot, then BEGIN, change events and END, with heartbeats anywhere.
 *
 * <p>Only the END of a transaction tells its position, so that its changes are held back until
 * then; those of a transaction that grows large are given on as they come. After a lost connection
 * Debezium sends again what it had sent: a transaction that ends no later than the last one is
 * dropped.
 */
final class TransactionAssembler {
  private static final String TRANSACTION_SCHEMA =
      "io.debezium.connector.common.TransactionMetadataValue";
  private static final String HEARTBEAT_SCHEMA = "io.debezium.connector.common.Heartbeat";
  private static final String MESSAGE_OPERATION = "m";

  /** What takes the assembled transactions; called on the source's thread. */
  interface Downstream {
    /** A row that the initial snapshot read. */
    void snapshotRow(TableIdentifier table, Record row);

    /** The initial snapshot is complete. */
    void snapshotEnd(TransactionEnd end);

    /** Whether an event is no change of a table of the lake; it is taken then. */
    default boolean isSignal(Struct source, Struct event) {
      return false;
    }

    /** Somebody put a message into the log; it counts from the end of the open transaction on. */
    default void message(String prefix, String content) {}

    /** A whole transaction with at least one change. */
    void transaction(SourceTransaction transaction) throws InterruptedException;

    /** A transaction turns out large: its changes follow one by one. */
    void beginLarge() throws InterruptedException;

    void large(TableChange change);

    void endLarge(TransactionEnd end);

    /** The large transaction's end never came or it is known already. */
    void abandonLarge();
  }

  /**
   * Finds the decoder of an event's table, whose columns are then those of the event; empty: events
   * of that table do not matter.
   */
  interface Decoders {
    Optional<TableDecoder> decoderOf(SourceRecord event, Struct source) throws InterruptedException;
  }

  /** What a record meant for the acknowledgement of the source. */
  enum Took {
    /** Nothing may be acknowledged by this record. */
    NOTHING,
    /** A transaction ended, {@link #lastEnd}: acknowledge the record once that is committed. */
    END,
    /** Nothing is open: acknowledge the record once all before it is committed. */
    BETWEEN
  }

  private final Decoders decoders;
  private final Downstream downstream;
  private final long largeBytes;
  private final List<TableChange> open = new ArrayList<>();
  private @Nullable String openId;
  private long openBytes;
  private boolean isLarge;
  private boolean isSnapshotting;
  private boolean hasSnapshotRows;
  private LsnPosition lastPosition;
  private @Nullable TransactionEnd lastEnd;

  /**
   * @param largeBytes a transaction of more bytes is large
   * @param position where the lake is; empty while the initial snapshot is not complete
   */
  TransactionAssembler(
      Decoders decoders, Downstream downstream, long largeBytes, Optional<LsnPosition> position) {
    this.decoders = requireNonNull(decoders, "decoders is null");
    this.downstream = requireNonNull(downstream, "downstream is null");
    this.largeBytes = largeBytes;
    this.isSnapshotting = position.isEmpty();
    this.lastPosition = position.orElse(new LsnPosition(0));
  }

  /** Takes the next record. */
  Took accept(SourceRecord event) throws InterruptedException {
    Schema schema = event.valueSchema();
    if (schema == null || !(event.value() instanceof Struct value)) {
      return Took.NOTHING;
    }
    String name = schema.name();
    if (TRANSACTION_SCHEMA.equals(name)) {
      endSnapshotBefore(event);
      return "BEGIN".equals(value.getString("status")) ? begin(value) : end(event, value);
    }
    if (HEARTBEAT_SCHEMA.equals(name)) {
      return heartbeat(event);
    }
    if (Envelope.isEnvelopeSchema(schema)) {
      return changeEvent(event, value);
    }
    if (schema.field(Envelope.FieldName.OPERATION) != null
        && MESSAGE_OPERATION.equals(value.getString(Envelope.FieldName.OPERATION))) {
      Struct message = value.getStruct("message");
      downstream.message(message.getString("prefix"), ReadingRequest.text(message.get("content")));
      return Took.NOTHING;
    }
    throw new PipelineException("a record of the unknown kind %s".formatted(name));
  }

  /** The end of the last transaction, or of the initial snapshot, that was given on. */
  TransactionEnd lastEnd() {
    return requireNonNull(lastEnd, "no transaction has ended yet");
  }

  /** The end of the last transaction that was seen whole; empty during the initial snapshot. */
  Optional<LsnPosition> position() {
    return isSnapshotting ? Optional.empty() : Optional.of(lastPosition);
  }

  /** Whether no transaction is open: all that came so far was given on. */
  boolean isBetween() {
    return openId == null;
  }

  /** Brings what is held back of an open transaction to a table's new columns. */
  void columnsChanged(RowTarget target) {
    open.replaceAll(
        change -> change.table().equals(target.table()) ? target.adapt(change) : change);
  }

  private Took changeEvent(SourceRecord event, Struct value) throws InterruptedException {
    Struct source = value.getStruct(Envelope.FieldName.SOURCE);
    String snapshot =
        source.schema().field("snapshot") == null ? null : source.getString("snapshot");
    if (downstream.isSignal(source, value)) {
      return "last".equals(snapshot) ? endSnapshot(event) : Took.NOTHING;
    }
    if (snapshot == null || snapshot.equals("false")) {
      endSnapshotBefore(event);
      Optional<TableDecoder> decoder = decoders.decoderOf(event, source);
      return decoder.isEmpty() ? Took.NOTHING : change(decoder.orElseThrow(), value);
    }
    if (snapshot.equals("incremental")) {
      throw new PipelineException(
          "an incremental snapshot was signalled; Firn does not take them yet");
    }
    return snapshotRow(event, snapshot, decoders.decoderOf(event, source).orElseThrow(), value);
  }

  private Took snapshotRow(
      SourceRecord event, String snapshot, TableDecoder decoder, Struct value) {
    if (!isSnapshotting) {
      throw new PipelineException(
          "Debezium began an initial snapshot although the lake is at %s; set debezium.source.snapshot.mode=initial"
              .formatted(lastPosition));
    }
    if (snapshot.equals("first") && hasSnapshotRows) {
      throw new PipelineException(
          "Debezium began the initial snapshot a second time; start again: it is then read anew");
    }
    hasSnapshotRows = true;
    downstream.snapshotRow(decoder.table(), decoder.read(value));
    return snapshot.equals("last") ? endSnapshot(event) : Took.NOTHING;
  }

  private void endSnapshotBefore(SourceRecord streamed) {
    if (isSnapshotting) {
      endSnapshot(streamed);
    }
  }

  /**
   * Ends the snapshot just before the record's place: the slot sends what was committed at the
   * place where the snapshot was exported, or later.
   */
  private Took endSnapshot(SourceRecord event) {
    LsnPosition position = PostgresOffset.position(event).before();
    lastEnd =
        new TransactionEnd("", position, committedAt(event), PostgresOffset.after(event, position));
    lastPosition = position;
    isSnapshotting = false;
    downstream.snapshotEnd(lastEnd);
    return Took.END;
  }

  private Took heartbeat(SourceRecord event) {
    if (isSnapshotting) {
      if (!event.sourceOffset().containsKey(PostgresOffset.LSN)
          || event.sourceOffset().containsKey("snapshot")) {
        return Took.NOTHING;
      }
      return endSnapshot(event);
    }
    return openId == null ? Took.BETWEEN : Took.NOTHING;
  }

  private Took begin(Struct value) {
    discardOpen();
    openId = transactionId(value);
    return Took.NOTHING;
  }

  private Took change(TableDecoder decoder, Struct value) throws InterruptedException {
    if (openId == null) {
      throw new PipelineException(
          "a change of table %s came outside a transaction; debezium.source.provide.transaction.metadata must be true"
              .formatted(decoder.table()));
    }
    TableChange change = decoder.change(value);
    if (isLarge) {
      downstream.large(change);
    } else {
      open.add(change);
      openBytes += change.bytes();
      if (openBytes > largeBytes) {
        turnLarge();
      }
    }
    return Took.NOTHING;
  }

  private void turnLarge() throws InterruptedException {
    downstream.beginLarge();
    isLarge = true;
    open.forEach(downstream::large);
    open.clear();
  }

  private Took end(SourceRecord event, Struct value) throws InterruptedException {
    if (!transactionId(value).equals(openId)) {
      throw new PipelineException(
          "transaction %s ended without having begun".formatted(transactionId(value)));
    }
    LsnPosition position = PostgresOffset.position(event);
    boolean isEmpty = open.isEmpty() && !isLarge;
    if (isEmpty || lastPosition.contains(position)) {
      discardOpen();
      lastPosition = lastPosition.contains(position) ? lastPosition : position;
      return Took.BETWEEN;
    }
    TransactionEnd end =
        new TransactionEnd(
            transactionId(value),
            position,
            committedAt(event),
            PostgresOffset.after(event, position));
    if (isLarge) {
      downstream.endLarge(end);
    } else {
      downstream.transaction(new SourceTransaction(open, end));
    }
    lastEnd = end;
    lastPosition = position;
    clearOpen();
    return Took.END;
  }

  private void discardOpen() {
    if (isLarge) {
      downstream.abandonLarge();
    }
    clearOpen();
  }

  private void clearOpen() {
    open.clear();
    openBytes = 0;
    openId = null;
    isLarge = false;
  }

  /**
   * The id without the log sequence number that Debezium puts behind it, which differs by record.
   */
  private static String transactionId(Struct value) {
    String id = value.getString("id");
    int colon = id.indexOf(':');
    return colon < 0 ? id : id.substring(0, colon);
  }

  private static Instant committedAt(SourceRecord event) {
    Object micros = event.sourceOffset().get(PostgresOffset.TIME_MICROS);
    return micros instanceof Number number
        ? Instant.EPOCH.plusNanos(TimeUnit.MICROSECONDS.toNanos(number.longValue()))
        : Instant.EPOCH;
  }
}
