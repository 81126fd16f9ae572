package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import com.github.shyiko.mysql.binlog.event.Event;
import com.github.shyiko.mysql.binlog.event.QueryEventData;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import com.github.shyiko.mysql.binlog.event.TransactionPayloadEventData;
import com.github.shyiko.mysql.binlog.event.XAPrepareEventData;
import dev.firn.ingest.BinlogDialect.Parts;
import io.debezium.connector.mysql.MySqlChangeEventSourceFactory;
import io.debezium.connector.mysql.MySqlConnectorConfig;
import io.debezium.connector.mysql.MySqlDatabaseSchema;
import io.debezium.connector.mysql.MySqlOffsetContext;
import io.debezium.connector.mysql.MySqlPartition;
import io.debezium.connector.mysql.MySqlStreamingChangeEventSource;
import io.debezium.connector.mysql.MySqlStreamingChangeEventSourceMetrics;
import io.debezium.connector.mysql.MySqlTaskContext;
import io.debezium.pipeline.source.spi.StreamingChangeEventSource;
import io.debezium.util.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Debezium's reader of MySQL's log, made exact where it would lose something without a word: it
 * ends the transactions of statements that stand alone, and stops at what {@link LogGuard} finds.
 */
final class MySqlStream extends MySqlStreamingChangeEventSource {
  private static final String XA_START = "XA START";

  /** Makes the readers of a task. */
  static final class Factory extends MySqlChangeEventSourceFactory {
    private final Parts<MySqlPartition> parts;
    private final MySqlStreamingChangeEventSourceMetrics metrics;

    Factory(Parts<MySqlPartition> parts, MySqlStreamingChangeEventSourceMetrics metrics) {
      super(
          (MySqlConnectorConfig) parts.source().connector(),
          parts.connections(),
          parts.errors(),
          parts.dispatcher(),
          Clock.system(),
          (MySqlDatabaseSchema) parts.schema(),
          (MySqlTaskContext) parts.context(),
          metrics,
          parts.queue(),
          parts.snapshotter(),
          parts.client());
      this.parts = parts;
      this.metrics = metrics;
    }

    @Override
    public StreamingChangeEventSource<MySqlPartition, MySqlOffsetContext>
        getStreamingChangeEventSource() {
      parts.queue().disableBuffering();
      return new MySqlStream(parts, metrics);
    }
  }

  private final Parts<MySqlPartition> parts;

  private final LogGuard guard;

  /** Whether the GTID that came last has had its begin. */
  private boolean isOpen;

  private @Nullable MySqlPartition following;

  private MySqlStream(Parts<MySqlPartition> parts, MySqlStreamingChangeEventSourceMetrics metrics) {
    super(
        (MySqlConnectorConfig) parts.source().connector(),
        parts.connections().mainConnection(),
        parts.dispatcher(),
        parts.errors(),
        Clock.system(),
        (MySqlTaskContext) parts.context(),
        (MySqlDatabaseSchema) parts.schema(),
        metrics,
        parts.snapshotter(),
        parts.client());
    this.parts = parts;
    this.guard = new LogGuard(parts.source()::isIncluded);
    guard.expectAll();
    parts.client().setEventDeserializer(guard.readExactly(createEventDeserializer()));
  }

  @Override
  public void execute(
      ChangeEventSourceContext context, MySqlPartition partition, MySqlOffsetContext offset)
      throws InterruptedException {
    following = partition;
    getBinaryLogClient().registerLifecycleListener(new LostLog(context, parts.errors()));
    super.execute(context, partition, offset);
  }

  @Override
  protected void handleRotateLogsEvent(MySqlOffsetContext offset, Event event) {
    super.handleRotateLogsEvent(offset, event);
    guard.rotated();
  }

  /** Something is missing in the log, of which Debezium tells its own log only. */
  @Override
  protected void handleServerIncident(
      MySqlPartition partition, MySqlOffsetContext offset, Event event) {
    super.handleServerIncident(partition, offset, event);
    guard.incident(event.getData());
  }

  @Override
  protected void handleGtidEvent(
      MySqlPartition partition,
      MySqlOffsetContext offset,
      Event event,
      @Nullable Predicate<String> filter) {
    guard.begun();
    isOpen = false;
    super.handleGtidEvent(partition, offset, event, filter);
  }

  @Override
  protected void handleQueryEvent(MySqlPartition partition, MySqlOffsetContext offset, Event event)
      throws InterruptedException {
    QueryEventData query = unwrapData(event);
    String sql = query.getSql().strip();
    boolean isAlone = !isOpen && !sql.equalsIgnoreCase("BEGIN");
    if (isAlone) {
      handleTransactionBegin(partition, offset, event, query.getThreadId());
    }
    isOpen = true;
    guard.query(query, transaction(offset));
    super.handleQueryEvent(partition, offset, event);
    // The rows of this one follow, up to the event that says that it is prepared.
    if (isAlone && !sql.regionMatches(true, 0, XA_START, 0, XA_START.length())) {
      end(partition, offset);
    }
  }

  private void end(MySqlPartition partition, MySqlOffsetContext offset)
      throws InterruptedException {
    parts
        .dispatcher()
        .dispatchTransactionCommittedEvent(
            partition, offset, Instant.ofEpochMilli(eventTimestamp.toEpochMilli()));
    offset.commitTransaction();
  }

  @Override
  protected void ignoreEvent(MySqlOffsetContext offset, Event event) {
    guard.ignored(event.getHeader().getEventType(), transaction(offset));
    super.ignoreEvent(offset, event);
  }

  @Override
  protected void handleUpdateTableMetadata(
      MySqlPartition partition, MySqlOffsetContext offset, Event event)
      throws InterruptedException {
    super.handleUpdateTableMetadata(partition, offset, event);
    TableMapEventData metadata = unwrapData(event);
    guard.described(metadata, parts.schema().tableFor(LogGuard.id(metadata)));
  }

  @Override
  protected void handleTransactionPayload(
      MySqlPartition partition,
      MySqlOffsetContext offset,
      ChangeEventSourceContext context,
      Event event) {
    TransactionPayloadEventData payload = unwrapData(event);
    guard.compressed(payload.getUncompressedEvents(), transaction(offset));
    super.handleTransactionPayload(partition, offset, context, event);
  }

  /** In one phase it is the commit. */
  @Override
  protected void prepareTransaction(MySqlOffsetContext offset, Event event)
      throws InterruptedException {
    XAPrepareEventData prepared = unwrapData(event);
    if (!prepared.isOnePhase()) {
      guard.prepared(transaction(offset));
    }
    end(requireNonNull(following, "following is null"), offset);
  }

  private static Optional<String> transaction(MySqlOffsetContext offset) {
    return Optional.ofNullable(offset.getTransactionId());
  }
}
