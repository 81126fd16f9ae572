package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.ColumnChanges;
import dev.firn.writer.RowTarget;
import io.debezium.data.Envelope;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The decoders of a run's events; finds out by an event's schema when the columns of its table have
 * changed, and brings the lake's table to them. Of the engine's thread alone.
 */
final class FollowedColumns implements TransactionAssembler.Decoders {
  private static final Logger LOG = LoggerFactory.getLogger(FollowedColumns.class);

  /**
   * Schemas of events that are remembered before all are forgotten: new ones come with reconnects.
   */
  private static final int MAX_SCHEMAS = 10_000;

  /** The run that the events are of. */
  interface Run {
    boolean isInInitialSnapshot();

    /** What opens tables that only events tell of; empty: the source can be asked for them. */
    Optional<ToldTables> told();

    /** Changes the lake's table, after all that came before. */
    RowTarget change(TableDecoder decoder, ColumnChanges changes) throws InterruptedException;
  }

  private final CapturedTables tables;
  private final Readings readings;
  private final SchemaChanges policy;
  private final Run run;

  /** Tables of the source whose columns had no place in the lake when they were last looked at. */
  private final Set<SourceTable> conflicting = new HashSet<>();

  private final IdentityHashMap<Schema, EventDecoder> decodersBySchema = new IdentityHashMap<>();

  FollowedColumns(CapturedTables tables, Readings readings, SchemaChanges policy, Run run) {
    this.tables = requireNonNull(tables, "tables is null");
    this.readings = requireNonNull(readings, "readings is null");
    this.policy = requireNonNull(policy, "policy is null");
    this.run = requireNonNull(run, "run is null");
  }

  @Override
  public Optional<? extends EventDecoder> decoderOf(SourceRecord event, Struct source)
      throws InterruptedException {
    Schema envelope = event.valueSchema();
    EventDecoder known = decodersBySchema.get(envelope);
    if (known != null) {
      return known.isShard() && isTruncate(event)
          ? truncated(tables.decoder(SourceTable.of(source)))
          : Optional.of(known);
    }
    SourceTable table = SourceTable.of(source);
    if (tables.decoder(table).isEmpty()) {
      beginUnknown(table, event);
    }
    Optional<TableDecoder> decoder = tables.decoder(table);
    if (isTruncate(event)) {
      return truncated(decoder);
    }
    if (decoder.isEmpty()) {
      return decoder;
    }
    EventDecoder fitting = fitting(decoder.orElseThrow(), columnsOf(event));
    if (decodersBySchema.size() >= MAX_SCHEMAS) {
      decodersBySchema.clear();
    }
    decodersBySchema.put(envelope, fitting);
    return Optional.of(fitting);
  }

  private void beginUnknown(SourceTable table, SourceRecord event) throws InterruptedException {
    Optional<ToldTables> told = run.told();
    if (told.isEmpty()) {
      readings.beginUnknown(table);
    } else if (!isTruncate(event)) {
      told.orElseThrow().begin(table, columnsOf(event));
    }
  }

  private static ColumnPlan.Event columnsOf(SourceRecord event) {
    return ColumnPlan.Event.of(
        event.keySchema(), event.valueSchema().field(Envelope.FieldName.AFTER).schema());
  }

  /** What decodes events of these columns, to which the lake's table is brought if it can be. */
  private EventDecoder fitting(TableDecoder decoder, ColumnPlan.Event event)
      throws InterruptedException {
    Optional<String> conflict = follow(decoder, tables.withKey(decoder, event));
    return conflict.isPresent() ? new ConflictingEvents(decoder, conflict.orElseThrow()) : decoder;
  }

  /** Which rows of a table a shard had is known to the source alone: all are read again. */
  private Optional<TableDecoder> truncated(Optional<TableDecoder> decoder)
      throws InterruptedException {
    if (decoder.map(TableDecoder::isShard).orElse(false)) {
      readings.readShards(
          new ReadingRequest(decoder.orElseThrow().source(), "one of its shards was emptied"),
          decoder.orElseThrow());
      return Optional.empty();
    }
    return decoder;
  }

  /** It has neither a row nor a key to tell columns by. */
  private static boolean isTruncate(SourceRecord event) {
    return event.value() instanceof Struct value
        && Envelope.Operation.TRUNCATE.code().equals(value.getString(Envelope.FieldName.OPERATION));
  }

  /**
   * Brings the lake's table to the columns of an event, after all that came before it.
   *
   * @return why the table is set aside: they do not fit; empty: they do
   */
  Optional<String> follow(TableDecoder decoder, ColumnPlan.Event event)
      throws InterruptedException {
    SourceTable table = decoder.source();
    // What an older schema of the table asked for may not hold any more.
    decodersBySchema.values().removeIf(other -> other.source().equals(table));
    try {
      follow(
          decoder,
          event,
          decoder.plan(event, policy, column -> tables.mayHaveFilled(table, column)));
      return Optional.empty();
    } catch (SchemaConflictException e) {
      conflicting.add(table);
      if (policy != SchemaChanges.QUARANTINE || run.isInInitialSnapshot()) {
        throw e;
      }
      LOG.warn(
          "table {} is set aside: {}; its events go to the quarantine until its columns fit again, then it is read",
          table,
          e.conflict());
      readings.setAside(decoder, e.conflict());
      return Optional.of(e.conflict());
    }
  }

  private void follow(TableDecoder decoder, ColumnPlan.Event event, ColumnPlan plan)
      throws InterruptedException {
    SourceTable table = decoder.source();
    if (!plan.said().isEmpty()) {
      LOG.info("table {} has changed at the source: {}", table, String.join(", ", plan.said()));
    }
    if (!plan.unread().isEmpty()) {
      needsReading(decoder, String.join(", ", plan.unread()));
    }
    if (run.told().isPresent()) {
      run.told().orElseThrow().follow(table, event);
    }
    RowTarget target = decoder.target();
    if (plan.isNeeded()) {
      readings.giveUp(decoder);
      target = run.change(decoder, plan.changes());
      decodersBySchema.values().removeIf(other -> other.table().equals(decoder.table()));
    }
    decoder.follow(target, event.row());
    for (TableDecoder other : tables.shards(decoder)) {
      if (other != decoder) {
        other.follow(target);
      }
    }
    conflicting.remove(table);
    if (tables.shards(decoder).stream()
        .map(TableDecoder::source)
        .noneMatch(conflicting::contains)) {
      readings.beginAgain(decoder);
    }
  }

  /**
   * The one place that learns of rows whose values at the source no event brings: the table is read
   * again. Without a key changes of such a row do not find it before that.
   */
  private void needsReading(TableDecoder decoder, String why) throws InterruptedException {
    if (!run.isInInitialSnapshot()) {
      readings.giveUp(decoder);
      readings.ask(new ReadingRequest(decoder.source(), why), decoder);
    }
  }
}
