package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import com.github.shyiko.mysql.binlog.event.Event;
import com.github.shyiko.mysql.binlog.event.EventType;
import com.github.shyiko.mysql.binlog.event.MariadbGtidEventData;
import com.github.shyiko.mysql.binlog.event.QueryEventData;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import dev.firn.writer.PipelineException;
import io.debezium.DebeziumException;
import io.debezium.connector.base.ChangeEventQueue;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import io.debezium.connector.mariadb.MariaDbChangeEventSourceFactory;
import io.debezium.connector.mariadb.MariaDbConnectorConfig;
import io.debezium.connector.mariadb.MariaDbDatabaseSchema;
import io.debezium.connector.mariadb.MariaDbOffsetContext;
import io.debezium.connector.mariadb.MariaDbPartition;
import io.debezium.connector.mariadb.MariaDbStreamingChangeEventSource;
import io.debezium.connector.mariadb.MariaDbTaskContext;
import io.debezium.connector.mariadb.metrics.MariaDbStreamingChangeEventSourceMetrics;
import io.debezium.jdbc.MainConnectionProvidingConnectionFactory;
import io.debezium.pipeline.DataChangeEvent;
import io.debezium.pipeline.ErrorHandler;
import io.debezium.pipeline.EventDispatcher;
import io.debezium.pipeline.source.spi.StreamingChangeEventSource;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import io.debezium.snapshot.SnapshotterService;
import io.debezium.util.Clock;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Debezium's reader of MariaDB's log, made exact where it would lose something without a word: it
 * ends the transactions of statements that stand alone, and stops at changes that the log does not
 * tell row by row, at transactions whose outcome is told later, and where the log's own columns are
 * not the ones that are known.
 */
final class MariaDbStream extends MariaDbStreamingChangeEventSource {
  /** Statements that change rows, of which the log then has no rows. */
  private static final Pattern CHANGES_ROWS =
      Pattern.compile(
          "(?:SET\\s+STATEMENT\\s.*\\sFOR\\s+)?(?:INSERT|UPDATE|DELETE|REPLACE|LOAD|SELECT|DO|CALL|WITH)\\s.*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /** Comments that a statement begins with, but for those that are executed. */
  private static final Pattern COMMENTS =
      Pattern.compile(
          "^(?:\\s*(?:/\\*(?!M?!).*?\\*/|--\\s[^\\n]*\\n|#[^\\n]*\\n))+", Pattern.DOTALL);

  /** Events that change rows and that nobody reads; compressed ones are unknown. */
  private static final Set<EventType> UNREAD =
      Set.of(EventType.UNKNOWN, EventType.BEGIN_LOAD_QUERY, EventType.EXECUTE_LOAD_QUERY);

  /** The one table that a statement puts rows into. */
  private static final Pattern INTO =
      Pattern.compile(
          "(?:INSERT|REPLACE)\\s.*?\\bINTO\\s+(?:[`\"]?([^`\".\\s(]+)[`\"]?\\.)?[`\"]?([^`\".\\s(]+)[`\"]?.*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /** What Debezium's parts are joined of. */
  record Parts(
      MariaDbConnectorConfig config,
      MainConnectionProvidingConnectionFactory<BinlogConnectorConnection> connections,
      ErrorHandler errors,
      EventDispatcher<MariaDbPartition, TableId> dispatcher,
      MariaDbDatabaseSchema schema,
      MariaDbTaskContext context,
      MariaDbStreamingChangeEventSourceMetrics metrics,
      ChangeEventQueue<DataChangeEvent> queue,
      SnapshotterService snapshotter,
      BinaryLogClient client) {}

  /** Makes the readers of a task. */
  static final class Factory extends MariaDbChangeEventSourceFactory {
    private final Parts parts;

    Factory(Parts parts) {
      super(
          parts.config(),
          parts.connections(),
          parts.errors(),
          parts.dispatcher(),
          Clock.system(),
          parts.schema(),
          parts.context(),
          parts.metrics(),
          parts.queue(),
          parts.snapshotter(),
          parts.client());
      this.parts = parts;
    }

    @Override
    public StreamingChangeEventSource<MariaDbPartition, MariaDbOffsetContext>
        getStreamingChangeEventSource() {
      parts.queue().disableBuffering();
      return new MariaDbStream(parts);
    }
  }

  private final EventDispatcher<MariaDbPartition, TableId> dispatcher;
  private final ErrorHandler errors;
  private final MariaDbDatabaseSchema schema;
  private final Predicate<TableId> captured;

  /** The newest description of each table in the log, by its number there. */
  private @Nullable Map<Long, TableMapEventData> tables;

  /** Whether the open transaction is one statement, of whose end the log does not tell. */
  private boolean isAlone;

  /** Whether a transaction has come: what describes the log comes before. */
  private boolean isBegun;

  /** A captured table that the open transaction has changed. */
  private @Nullable TableId changed;

  private MariaDbStream(Parts parts) {
    super(
        parts.config(),
        parts.connections().mainConnection(),
        parts.dispatcher(),
        parts.errors(),
        Clock.system(),
        parts.context(),
        parts.schema(),
        parts.metrics(),
        parts.snapshotter(),
        parts.client());
    this.dispatcher = parts.dispatcher();
    this.errors = parts.errors();
    this.schema = parts.schema();
    this.captured = parts.config().getTableFilters().dataCollectionFilter()::isIncluded;
  }

  @Override
  public void execute(
      ChangeEventSourceContext context, MariaDbPartition partition, MariaDbOffsetContext offset)
      throws InterruptedException {
    getBinaryLogClient().registerLifecycleListener(new LostConnection(context, errors));
    super.execute(context, partition, offset);
  }

  /** A connection that the server closes ends the reader, of which Debezium is not told. */
  private static final class LostConnection extends BinaryLogClient.AbstractLifecycleListener {
    private final ChangeEventSourceContext context;
    private final ErrorHandler errors;

    LostConnection(ChangeEventSourceContext context, ErrorHandler errors) {
      this.context = context;
      this.errors = errors;
    }

    @Override
    public void onDisconnect(BinaryLogClient client) {
      if (context.isRunning()) {
        errors.setProducerThrowable(
            new DebeziumException(new IOException("the server has closed the connection")));
      }
    }
  }

  /** Called by the constructor of the class above. */
  @Override
  protected EventDeserializer createEventDeserializer() {
    Map<Long, TableMapEventData> described = new HashMap<>();
    EventDeserializer events = super.createEventDeserializer();
    MariaDbRows.register(events, described);
    tables = described;
    return events;
  }

  /** Tables have other numbers in the next file. */
  @Override
  protected void handleRotateLogsEvent(MariaDbOffsetContext offset, Event event) {
    super.handleRotateLogsEvent(offset, event);
    requireNonNull(tables, "tables is null").clear();
  }

  @Override
  protected void handleGtidEvent(
      MariaDbPartition partition,
      MariaDbOffsetContext offset,
      Event event,
      @Nullable Predicate<String> filter)
      throws InterruptedException {
    MariadbGtidEventData gtid = unwrapData(event);
    isBegun = true;
    isAlone = (gtid.getFlags() & MariadbGtidEventData.FL_STANDALONE) != 0;
    changed = null;
    super.handleGtidEvent(partition, offset, event, filter);
  }

  @Override
  protected void handleQueryEvent(
      MariaDbPartition partition, MariaDbOffsetContext offset, Event event)
      throws InterruptedException {
    QueryEventData query = unwrapData(event);
    requireNoRows(query, offset);
    super.handleQueryEvent(partition, offset, event);
    if (isAlone) {
      end(partition, offset);
    }
  }

  @Override
  protected void ignoreEvent(MariaDbOffsetContext offset, Event event) {
    if (isBegun && UNREAD.contains(event.getHeader().getEventType())) {
      throw new PipelineException(
          "transaction %s has an event in the log that is not read: the log was compressed (log_bin_compress), or rows were loaded by a statement (LOAD DATA with binlog_format STATEMENT or MIXED). %s"
              .formatted(offset.getTransactionId(), MariaDbFailure.ANEW));
    }
    super.ignoreEvent(offset, event);
  }

  private void requireNoRows(QueryEventData query, MariaDbOffsetContext offset) {
    String sql = COMMENTS.matcher(query.getSql()).replaceFirst("").strip();
    if (CHANGES_ROWS.matcher(sql).matches() && mayChangeCaptured(sql, query.getDatabase())) {
      throw new PipelineException(
          "transaction %s has a statement in the log in the place of the rows that it changed (database %s): a session has set binlog_format to STATEMENT or MIXED. %s"
              .formatted(offset.getTransactionId(), query.getDatabase(), MariaDbFailure.ANEW));
    }
  }

  /** Tools that compare replicas put rows into tables of their own so. */
  private boolean mayChangeCaptured(String sql, String database) {
    Matcher into = INTO.matcher(sql);
    return !into.matches()
        || captured.test(
            new TableId(into.group(1) == null ? database : into.group(1), null, into.group(2)));
  }

  private void end(MariaDbPartition partition, MariaDbOffsetContext offset)
      throws InterruptedException {
    isAlone = false;
    dispatcher.dispatchTransactionCommittedEvent(
        partition, offset, Instant.ofEpochMilli(eventTimestamp.toEpochMilli()));
    offset.commitTransaction();
  }

  @Override
  protected void handleUpdateTableMetadata(
      MariaDbPartition partition, MariaDbOffsetContext offset, Event event)
      throws InterruptedException {
    super.handleUpdateTableMetadata(partition, offset, event);
    TableMapEventData metadata = unwrapData(event);
    requireNonNull(tables, "tables is null").put(metadata.getTableId(), metadata);
    TableId id = new TableId(metadata.getDatabase(), null, metadata.getTable());
    if (captured.test(id)) {
      changed = id;
      requireSameColumns(id, names(metadata));
    }
  }

  /** Empty: the server does not write them ({@code binlog_row_metadata}). */
  private static List<String> names(TableMapEventData metadata) {
    return Optional.ofNullable(metadata.getEventMetadata())
        .map(told -> told.getColumnNames())
        .orElse(List.of());
  }

  private void requireSameColumns(TableId id, List<String> told) {
    @Nullable Table table = schema.tableFor(id);
    if (told.isEmpty() || table == null) {
      return;
    }
    List<String> known = table.retrieveColumnNames();
    if (!known.equals(told)) {
      throw new PipelineException(
          "table %s has the columns %s in the log, and %s by the statements that have changed it: one of them was not understood. %s"
              .formatted(id, told, known, MariaDbFailure.ANEW));
    }
  }

  /** Its rows are in the log when it is prepared, whatever becomes of it. */
  @Override
  protected void prepareTransaction(MariaDbOffsetContext offset, Event event)
      throws InterruptedException {
    if (changed != null) {
      throw new PipelineException(
          "transaction %s of an external coordinator (XA) has changed table %s: whether it was committed is told later, which is not supported; leave the table out with debezium.source.table.exclude.list, or do without XA for it. %s"
              .formatted(offset.getTransactionId(), changed, MariaDbFailure.ANEW));
    }
  }
}
