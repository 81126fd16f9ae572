package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.ColumnChanges;
import dev.firn.writer.RowTarget;
import io.debezium.data.Envelope;
import java.util.IdentityHashMap;
import java.util.Optional;
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

    /** Changes the lake's table, after all that came before. */
    RowTarget change(TableDecoder decoder, ColumnChanges changes) throws InterruptedException;
  }

  private final CapturedTables tables;
  private final Readings readings;
  private final SchemaChanges policy;
  private final Run run;
  private final IdentityHashMap<Schema, TableDecoder> decodersBySchema = new IdentityHashMap<>();

  FollowedColumns(CapturedTables tables, Readings readings, SchemaChanges policy, Run run) {
    this.tables = requireNonNull(tables, "tables is null");
    this.readings = requireNonNull(readings, "readings is null");
    this.policy = requireNonNull(policy, "policy is null");
    this.run = requireNonNull(run, "run is null");
  }

  @Override
  public Optional<TableDecoder> decoderOf(SourceRecord event, Struct source)
      throws InterruptedException {
    Schema envelope = event.valueSchema();
    TableDecoder known = decodersBySchema.get(envelope);
    if (known != null) {
      return Optional.of(known);
    }
    SourceTable table = SourceTable.of(source);
    if (tables.decoder(table).isEmpty()) {
      readings.beginUnknown(table);
    }
    Optional<TableDecoder> decoder = tables.decoder(table);
    if (isTruncate(event)) {
      return decoder;
    }
    if (decoder.isPresent()) {
      follow(
          decoder.orElseThrow(),
          ColumnPlan.Event.of(
              event.keySchema(), envelope.field(Envelope.FieldName.AFTER).schema()));
    }
    if (decodersBySchema.size() >= MAX_SCHEMAS) {
      decodersBySchema.clear();
    }
    decoder.ifPresent(found -> decodersBySchema.put(envelope, found));
    return decoder;
  }

  /** It has neither a row nor a key to tell columns by. */
  private static boolean isTruncate(SourceRecord event) {
    return event.value() instanceof Struct value
        && Envelope.Operation.TRUNCATE.code().equals(value.getString(Envelope.FieldName.OPERATION));
  }

  /** Brings the lake's table to the columns of an event, after all that came before it. */
  void follow(TableDecoder decoder, ColumnPlan.Event event) throws InterruptedException {
    SourceTable table = decoder.source();
    ColumnPlan plan = decoder.plan(event, policy, column -> tables.mayHaveFilled(table, column));
    if (!plan.said().isEmpty()) {
      LOG.info("table {} has changed at the source: {}", table, String.join(", ", plan.said()));
    }
    if (!plan.unread().isEmpty()) {
      needsReading(decoder, String.join(", ", plan.unread()));
    }
    RowTarget target = decoder.target();
    if (plan.isNeeded()) {
      readings.giveUp(table);
      target = run.change(decoder, plan.changes());
    }
    // What an older schema of the table asked for may not hold any more.
    decodersBySchema.values().removeIf(other -> other == decoder);
    decoder.follow(target, event.row());
    readings.beginAgain(decoder);
  }

  /**
   * The one place that learns of rows whose values at the source no event brings: the table is read
   * again. Without a key changes of such a row do not find it before that.
   */
  private void needsReading(TableDecoder decoder, String why) throws InterruptedException {
    if (!run.isInInitialSnapshot()) {
      readings.giveUp(decoder.source());
      readings.ask(new ReadingRequest(decoder.source(), why), decoder);
    }
  }
}
