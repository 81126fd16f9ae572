package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.EndedTransaction;
import dev.firn.ingest.log.SourceLog;
import dev.firn.ingest.log.StoredOffsets;
import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SetAside;
import dev.firn.writer.SourceOffset;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TransactionEnd;
import io.debezium.data.Envelope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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
 * <p>Where a transaction ends, and at which position, is known by the {@link SourceLog}. Its
 * changes are held back until then; those of a transaction that grows large are given on as they
 * come. After a lost connection Debezium sends again what it had sent: a transaction that the last
 * position contains is dropped.
 */
final class TransactionAssembler {
  private static final String TRANSACTION_SCHEMA =
      "io.debezium.connector.common.TransactionMetadataValue";
  private static final String HEARTBEAT_SCHEMA = "io.debezium.connector.common.Heartbeat";
  private static final String SCHEMA_CHANGE_SUFFIX = ".SchemaChangeValue";
  private static final String MESSAGE_OPERATION = "m";

  /** What takes the assembled transactions; called on the source's thread. */
  interface Downstream {
    /** A row that the initial snapshot read. */
    void snapshotRow(TableIdentifier table, Record row);

    /** What a table could not take of a row that the initial snapshot read. */
    void snapshotAside(TableIdentifier table, SetAside aside);

    /** The initial snapshot is complete. */
    void snapshotEnd(TransactionEnd end);

    /** Whether an event is no change of a table of the lake; it is taken then. */
    default boolean isSignal(Struct source, Struct event) {
      return false;
    }

    /** Somebody put a message into the log; it counts from the end of the open transaction on. */
    default void message(String prefix, String content) {}

    /** A statement has changed definitions of tables; it counts from the end of its transaction. */
    default void defined(Struct change) {}

    /** The initial snapshot has found definitions of tables that it reads. */
    default void definedInSnapshot(Struct found) {}

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
    Optional<? extends EventDecoder> decoderOf(SourceRecord event, Struct source)
        throws InterruptedException;
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

  private final SourceLog log;
  private final Decoders decoders;
  private final Downstream downstream;
  private final long largeBytes;

  /** Transactions that were over before their END came, by partition. */
  private final Map<Map<String, ?>, String> endsToCome = new HashMap<>();

  private final Map<Map<String, ?>, OpenTransaction> open = new LinkedHashMap<>();

  /** Transactions of other partitions that have ended while a large one is being given on. */
  private final Deque<Waiting> waiting = new ArrayDeque<>();

  private boolean isSnapshotting;
  private boolean hasSnapshotRows;
  private Optional<Position> lastPosition;
  private StoredOffsets offsets;
  private @Nullable TransactionEnd lastEnd;
  private @Nullable TransactionEnd toldEnd;

  /**
   * @param largeBytes a transaction of more bytes is large
   * @param start where the lake is; empty while the initial snapshot is not complete
   */
  TransactionAssembler(
      SourceLog log,
      Decoders decoders,
      Downstream downstream,
      long largeBytes,
      Optional<Start> start) {
    this.log = requireNonNull(log, "log is null");
    this.decoders = requireNonNull(decoders, "decoders is null");
    this.downstream = requireNonNull(downstream, "downstream is null");
    this.largeBytes = largeBytes;
    this.isSnapshotting = start.isEmpty();
    this.lastPosition = start.map(Start::position);
    this.offsets = StoredOffsets.of(start.map(Start::offset));
  }

  private record Waiting(OpenTransaction over, SourceRecord end) {}

  /**
   * Where the lake is.
   *
   * @param position up to where it has all
   * @param offset from where the reader resumes
   */
  record Start(Position position, SourceOffset offset) {
    Start {
      requireNonNull(position, "position is null");
      requireNonNull(offset, "offset is null");
    }
  }

  /** Takes the next record. */
  Took accept(SourceRecord event) throws InterruptedException {
    endOver(event);
    Took took = take(event);
    if (took == Took.NOTHING || Objects.equals(toldEnd, lastEnd)) {
      return took;
    }
    toldEnd = lastEnd;
    return Took.END;
  }

  private Took take(SourceRecord event) throws InterruptedException {
    Schema schema = event.valueSchema();
    if (schema == null || !(event.value() instanceof Struct value)) {
      return Took.NOTHING;
    }
    String name = schema.name();
    if (TRANSACTION_SCHEMA.equals(name)) {
      endSnapshotBefore(event);
      String transaction = log.transaction(value.getString("id"));
      return "BEGIN".equals(value.getString("status"))
          ? begin(event, transaction)
          : end(event, transaction);
    }
    if (HEARTBEAT_SCHEMA.equals(name)) {
      return heartbeat(event);
    }
    if (Envelope.isEnvelopeSchema(schema)) {
      return changeEvent(event, value);
    }
    if (name != null && name.endsWith(SCHEMA_CHANGE_SUFFIX)) {
      // What has become of the columns is told by the next event's own schema.
      if (isSnapshotting) {
        downstream.definedInSnapshot(value);
      } else {
        downstream.defined(value);
      }
      return Took.NOTHING;
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

  /** Whether nothing for the lake has come after this place. */
  boolean hasGivenOnUpTo(Position place) {
    return lastEnd == null || place.contains(lastEnd.position());
  }

  /** The end of the last transaction that was seen whole; empty during the initial snapshot. */
  Optional<Position> position() {
    return isSnapshotting ? Optional.empty() : lastPosition;
  }

  /** Whether no transaction is open: all that came so far was given on. */
  boolean isBetween() {
    return open.isEmpty() && waiting.isEmpty();
  }

  /** Brings what is held back of open transactions to a table's new columns. */
  void columnsChanged(RowTarget target) {
    open.values().forEach(transaction -> transaction.columnsChanged(target));
    waiting.forEach(ended -> ended.over().columnsChanged(target));
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
      boolean isKnown = lastPosition.filter(last -> log.isContained(event, last)).isPresent();
      return streamed(event, isKnown ? Optional.empty() : decoders.decoderOf(event, source));
    }
    if (snapshot.equals("incremental")) {
      throw new PipelineException(
          "an incremental snapshot was signalled; Firn does not take them yet");
    }
    return snapshotRow(event, snapshot, decoders.decoderOf(event, source).orElseThrow(), value);
  }

  private Took streamed(SourceRecord event, Optional<? extends EventDecoder> decoder)
      throws InterruptedException {
    Optional<String> alone = log.alone(event);
    OpenTransaction transaction = open.get(event.sourcePartition());
    if (transaction == null && alone.isPresent()) {
      transaction = new OpenTransaction(alone.orElseThrow(), event);
      open.put(event.sourcePartition(), transaction);
    }
    if (transaction != null) {
      transaction.own(event);
    }
    if (decoder.isPresent()) {
      change(transaction, decoder.orElseThrow(), event);
    }
    return alone.isPresent() ? finishAlone(event) : Took.NOTHING;
  }

  private Took finishAlone(SourceRecord event) throws InterruptedException {
    String name = requireNonNull(open.get(event.sourcePartition()), "open is null").name();
    Took took = finish(event);
    endsToCome.put(event.sourcePartition(), name);
    return took;
  }

  private Took snapshotRow(
      SourceRecord event, String snapshot, EventDecoder decoder, Struct value) {
    if (!isSnapshotting) {
      throw new PipelineException(
          "Debezium began an initial snapshot although the lake is at %s; set debezium.source.snapshot.mode=initial"
              .formatted(lastPosition.map(Position::toString).orElse("no position")));
    }
    if (snapshot.equals("first") && hasSnapshotRows) {
      throw new PipelineException(
          "Debezium began the initial snapshot a second time; start again: it is then read anew");
    }
    hasSnapshotRows = true;
    EventSieve.Sieved<Record> read = decoder.read(value);
    read.taken().ifPresent(row -> downstream.snapshotRow(decoder.table(), row));
    read.aside().forEach(aside -> downstream.snapshotAside(decoder.table(), aside));
    return snapshot.equals("last") ? endSnapshot(event) : Took.NOTHING;
  }

  private void endSnapshotBefore(SourceRecord streamed) {
    if (isSnapshotting) {
      endSnapshot(streamed);
    }
  }

  private Took endSnapshot(SourceRecord event) {
    SourceLog.SnapshotEnd snapshot = log.snapshotEnd(event);
    offsets = offsets.with(event.sourcePartition(), snapshot.offset());
    lastPosition = Optional.of(snapshot.position());
    lastEnd =
        new TransactionEnd(
            "",
            snapshot.position(),
            log.committedAt(new EndedTransaction("", event, event)),
            offsets.stored());
    isSnapshotting = false;
    downstream.snapshotEnd(lastEnd);
    return Took.END;
  }

  private Took heartbeat(SourceRecord event) {
    if (isSnapshotting) {
      return log.isStreaming(event) ? endSnapshot(event) : Took.NOTHING;
    }
    OpenTransaction transaction = open.get(event.sourcePartition());
    if (transaction != null) {
      transaction.heartbeat(event);
    }
    return transaction == null && waiting.isEmpty() ? Took.BETWEEN : Took.NOTHING;
  }

  private Took begin(SourceRecord event, String transaction) throws InterruptedException {
    discard(open.remove(event.sourcePartition()));
    endsToCome.remove(event.sourcePartition());
    open.put(event.sourcePartition(), new OpenTransaction(transaction, event));
    return Took.NOTHING;
  }

  private void change(
      @Nullable OpenTransaction transaction, EventDecoder decoder, SourceRecord event)
      throws InterruptedException {
    if (transaction == null) {
      throw new PipelineException(
          "a change of table %s came outside a transaction; debezium.source.provide.transaction.metadata must be true"
              .formatted(decoder.table()));
    }
    for (TableChange change : decoder.changes(event)) {
      add(transaction, change);
    }
  }

  private void add(OpenTransaction transaction, TableChange change) throws InterruptedException {
    if (transaction.isLarge()) {
      downstream.large(change);
      return;
    }
    transaction.add(change);
    if (transaction.bytes() > largeBytes && !isLargeOpen()) {
      downstream.beginLarge();
      transaction.changes().forEach(downstream::large);
      transaction.turnLarge();
    }
  }

  private boolean isLargeOpen() {
    return open.values().stream().anyMatch(OpenTransaction::isLarge);
  }

  private Took end(SourceRecord event, String name) throws InterruptedException {
    OpenTransaction transaction = open.get(event.sourcePartition());
    if (transaction == null && endsToCome.remove(event.sourcePartition(), name)) {
      return waiting.isEmpty() ? Took.BETWEEN : Took.NOTHING;
    }
    if (transaction == null || !transaction.name().equals(name)) {
      throw new PipelineException("transaction %s ended without having begun".formatted(name));
    }
    return finish(event);
  }

  /** Ends the open transaction if this heartbeat tells that it is over. */
  private void endOver(SourceRecord event) throws InterruptedException {
    OpenTransaction transaction = open.get(event.sourcePartition());
    if (transaction != null && isHeartbeat(event) && log.isOver(transaction.seen(), event)) {
      finish(event);
      endsToCome.put(event.sourcePartition(), transaction.name());
    }
  }

  private static boolean isHeartbeat(SourceRecord event) {
    return event.valueSchema() != null && HEARTBEAT_SCHEMA.equals(event.valueSchema().name());
  }

  /** Only one large transaction can be given on at a time, and nothing beside it. */
  private Took finish(SourceRecord end) throws InterruptedException {
    OpenTransaction over = requireNonNull(open.remove(end.sourcePartition()), "over is null");
    if (isLargeOpen()) {
      waiting.add(new Waiting(over, end));
      return Took.NOTHING;
    }
    giveOn(over, end);
    giveOnWaiting();
    return Took.BETWEEN;
  }

  private void giveOnWaiting() throws InterruptedException {
    while (!waiting.isEmpty()) {
      Waiting next = waiting.removeFirst();
      giveOn(next.over(), next.end());
    }
  }

  private void giveOn(OpenTransaction over, SourceRecord endedBy) throws InterruptedException {
    EndedTransaction ended = over.endedBy(endedBy);
    Position position = log.position(ended, lastPosition);
    boolean isKnown = lastPosition.filter(last -> last.contains(position)).isPresent();
    if (isKnown || over.isEmpty()) {
      abandon(over);
      lastPosition = isKnown ? lastPosition : Optional.of(position);
      return;
    }
    offsets = offsets.with(endedBy.sourcePartition(), log.offsetAfter(ended));
    TransactionEnd end =
        new TransactionEnd(over.name(), position, log.committedAt(ended), offsets.stored());
    if (over.isLarge()) {
      downstream.endLarge(end);
    } else {
      downstream.transaction(new SourceTransaction(over.changes(), end));
    }
    lastEnd = end;
    lastPosition = Optional.of(position);
  }

  private void abandon(OpenTransaction transaction) {
    if (transaction.isLarge()) {
      downstream.abandonLarge();
    }
  }

  /** Its end never came: it is sent again. */
  private void discard(@Nullable OpenTransaction transaction) throws InterruptedException {
    if (transaction != null) {
      abandon(transaction);
      if (!isLargeOpen()) {
        giveOnWaiting();
      }
    }
  }
}
