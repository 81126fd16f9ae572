package dev.firn.ingest;

import com.github.shyiko.mysql.binlog.event.Event;
import com.github.shyiko.mysql.binlog.event.MariadbGtidEventData;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import dev.firn.ingest.BinlogDialect.Parts;
import io.debezium.connector.mariadb.MariaDbChangeEventSourceFactory;
import io.debezium.connector.mariadb.MariaDbConnectorConfig;
import io.debezium.connector.mariadb.MariaDbDatabaseSchema;
import io.debezium.connector.mariadb.MariaDbOffsetContext;
import io.debezium.connector.mariadb.MariaDbPartition;
import io.debezium.connector.mariadb.MariaDbStreamingChangeEventSource;
import io.debezium.connector.mariadb.MariaDbTaskContext;
import io.debezium.connector.mariadb.metrics.MariaDbStreamingChangeEventSourceMetrics;
import io.debezium.pipeline.source.spi.StreamingChangeEventSource;
import io.debezium.util.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Debezium's reader of MariaDB's log, made exact where it would lose something without a word: it
 * ends the transactions of statements that stand alone, and stops at what {@link LogGuard} finds.
 */
final class MariaDbStream extends MariaDbStreamingChangeEventSource {
  /** Makes the readers of a task. */
  static final class Factory extends MariaDbChangeEventSourceFactory {
    private final Parts<MariaDbPartition> parts;
    private final MariaDbStreamingChangeEventSourceMetrics metrics;

    Factory(Parts<MariaDbPartition> parts, MariaDbStreamingChangeEventSourceMetrics metrics) {
      super(
          (MariaDbConnectorConfig) parts.source().connector(),
          parts.connections(),
          parts.errors(),
          parts.dispatcher(),
          Clock.system(),
          (MariaDbDatabaseSchema) parts.schema(),
          (MariaDbTaskContext) parts.context(),
          metrics,
          parts.queue(),
          parts.snapshotter(),
          parts.client());
      this.parts = parts;
      this.metrics = metrics;
    }

    @Override
    public StreamingChangeEventSource<MariaDbPartition, MariaDbOffsetContext>
        getStreamingChangeEventSource() {
      parts.queue().disableBuffering();
      return new MariaDbStream(parts, metrics);
    }
  }

  private final Parts<MariaDbPartition> parts;

  private final LogGuard guard;

  /** Whether the open transaction is one statement, of whose end the log does not tell. */
  private boolean isAlone;

  private MariaDbStream(
      Parts<MariaDbPartition> parts, MariaDbStreamingChangeEventSourceMetrics metrics) {
    super(
        (MariaDbConnectorConfig) parts.source().connector(),
        parts.connections().mainConnection(),
        parts.dispatcher(),
        parts.errors(),
        Clock.system(),
        (MariaDbTaskContext) parts.context(),
        (MariaDbDatabaseSchema) parts.schema(),
        metrics,
        parts.snapshotter(),
        parts.client());
    this.parts = parts;
    this.guard = new LogGuard(parts.source()::isIncluded);
    parts.client().setEventDeserializer(guard.readExactly(createEventDeserializer()));
  }

  @Override
  public void execute(
      ChangeEventSourceContext context, MariaDbPartition partition, MariaDbOffsetContext offset)
      throws InterruptedException {
    getBinaryLogClient().registerLifecycleListener(new LostLog(context, parts.errors()));
    super.execute(context, partition, offset);
  }

  @Override
  protected void handleRotateLogsEvent(MariaDbOffsetContext offset, Event event) {
    super.handleRotateLogsEvent(offset, event);
    guard.rotated();
  }

  /** Something is missing in the log, of which Debezium tells its own log only. */
  @Override
  protected void handleServerIncident(
      MariaDbPartition partition, MariaDbOffsetContext offset, Event event) {
    super.handleServerIncident(partition, offset, event);
    guard.incident(event.getData());
  }

  @Override
  protected void handleGtidEvent(
      MariaDbPartition partition,
      MariaDbOffsetContext offset,
      Event event,
      @Nullable Predicate<String> filter)
      throws InterruptedException {
    MariadbGtidEventData gtid = unwrapData(event);
    guard.begun();
    isAlone = (gtid.getFlags() & MariadbGtidEventData.FL_STANDALONE) != 0;
    super.handleGtidEvent(partition, offset, event, filter);
  }

  @Override
  protected void handleQueryEvent(
      MariaDbPartition partition, MariaDbOffsetContext offset, Event event)
      throws InterruptedException {
    guard.query(unwrapData(event), transaction(offset));
    super.handleQueryEvent(partition, offset, event);
    if (isAlone) {
      end(partition, offset);
    }
  }

  private void end(MariaDbPartition partition, MariaDbOffsetContext offset)
      throws InterruptedException {
    isAlone = false;
    parts
        .dispatcher()
        .dispatchTransactionCommittedEvent(
            partition, offset, Instant.ofEpochMilli(eventTimestamp.toEpochMilli()));
    offset.commitTransaction();
  }

  @Override
  protected void ignoreEvent(MariaDbOffsetContext offset, Event event) {
    guard.ignored(event.getHeader().getEventType(), transaction(offset));
    super.ignoreEvent(offset, event);
  }

  @Override
  protected void handleUpdateTableMetadata(
      MariaDbPartition partition, MariaDbOffsetContext offset, Event event)
      throws InterruptedException {
    super.handleUpdateTableMetadata(partition, offset, event);
    TableMapEventData metadata = unwrapData(event);
    guard.described(metadata, parts.schema().tableFor(LogGuard.id(metadata)));
  }

  @Override
  protected void prepareTransaction(MariaDbOffsetContext offset, Event event)
      throws InterruptedException {
    guard.prepared(transaction(offset));
  }

  private static Optional<String> transaction(MariaDbOffsetContext offset) {
    return Optional.ofNullable(offset.getTransactionId());
  }
}
