package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.BinlogLog;
import dev.firn.writer.PipelineException;
import io.debezium.DebeziumException;
import io.debezium.bean.StandardBeanNames;
import io.debezium.bean.spi.BeanRegistry;
import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import io.debezium.connector.base.ChangeEventQueue;
import io.debezium.connector.base.DefaultQueueProvider;
import io.debezium.connector.binlog.BinlogConnectorConfig;
import io.debezium.connector.binlog.BinlogEventMetadataProvider;
import io.debezium.connector.binlog.BinlogOffsetContext;
import io.debezium.connector.binlog.BinlogPartition;
import io.debezium.connector.binlog.BinlogSourceTask;
import io.debezium.connector.binlog.BinlogTaskContext;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import io.debezium.connector.common.CdcSourceTaskContext;
import io.debezium.connector.common.DebeziumHeaderProducer;
import io.debezium.document.DocumentReader;
import io.debezium.heartbeat.HeartbeatFactory;
import io.debezium.jdbc.DefaultMainConnectionProvidingConnectionFactory;
import io.debezium.jdbc.MainConnectionProvidingConnectionFactory;
import io.debezium.pipeline.ChangeEventSourceCoordinator;
import io.debezium.pipeline.DataChangeEvent;
import io.debezium.pipeline.ErrorHandler;
import io.debezium.pipeline.EventDispatcher;
import io.debezium.pipeline.notification.NotificationService;
import io.debezium.pipeline.signal.SignalProcessor;
import io.debezium.pipeline.spi.OffsetContext;
import io.debezium.pipeline.spi.Offsets;
import io.debezium.relational.RelationalDatabaseSchema;
import io.debezium.relational.TableId;
import io.debezium.schema.SchemaFactory;
import io.debezium.service.Service;
import io.debezium.snapshot.SnapshotterService;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task that reads a server's binary log by Debezium's parts, but with a reader of Firn's own;
 * when the connection is lost it goes on trying, which it says once when it is lost and once when
 * it is back; and it resumes at the begin of a transaction.
 *
 * @param <P> Debezium's partition
 * @param <O> Debezium's offset
 */
abstract class PatientBinlogTask<P extends BinlogPartition, O extends BinlogOffsetContext<?>>
    extends BinlogSourceTask<P, O> {
  private static final Logger LOG = LoggerFactory.getLogger(PatientBinlogTask.class);

  private final BinlogDialect<P, O> dialect;
  private @Nullable BinlogSource source;
  private @Nullable BinlogTaskContext<?> own;
  private @Nullable BinlogConnectorConnection connection;
  private @Nullable BinlogConnectorConnection besides;
  private @Nullable RelationalDatabaseSchema schema;
  private @Nullable ChangeEventQueue<DataChangeEvent> queue;
  private @Nullable ErrorHandler errors;
  private boolean lost;
  private boolean resumes;

  /**
   * @param dialect of the server
   */
  PatientBinlogTask(BinlogDialect<P, O> dialect) {
    this.dialect = dialect;
  }

  @Override
  public CdcSourceTaskContext<? extends CommonConnectorConfig> preStart(Configuration config) {
    source = new BinlogSource(dialect, config.asMap(), ColumnRules.NONE);
    own = dialect.context(source);
    return own;
  }

  @Override
  protected ChangeEventSourceCoordinator<P, O> start(Configuration unused) {
    try {
      return follow(requireNonNull(source, "source is null"), requireNonNull(own, "own is null"));
    } catch (RuntimeException e) {
      RuntimeException failure = failure(e);
      doStop();
      throw failure;
    }
  }

  private ChangeEventSourceCoordinator<P, O> follow(
      BinlogSource from, BinlogTaskContext<?> taskContext) {
    BinlogConnectorConfig config = from.connector();
    registerServiceProviders(config.getServiceRegistry());
    MainConnectionProvidingConnectionFactory<BinlogConnectorConnection> connections =
        new DefaultMainConnectionProvidingConnectionFactory<>(from::connect);
    connection = connections.mainConnection();
    Offsets<P, O> offsets = offsets(from);
    BinlogFollowing.requireResumable(
        Optional.ofNullable(offsets.getTheOnlyOffset()).map(BinlogOffsetContext::gtidSet));
    schema = dialect.definitions(from, connection, taskContext).schema();
    register(from, connections, offsets);
    SnapshotterService snapshotter = service(config, SnapshotterService.class);
    validateSchemaHistory(
        config, (partition, offset, any) -> true, offsets, schema, snapshotter.getSnapshotter());
    withoutAutoCommit(connection);
    queue = queue(config, taskContext);
    errors = dialect.errors(config, queue, errors);
    return coordinator(from, taskContext, connections, offsets, snapshotter);
  }

  /** From the begin of a transaction on, whatever was delivered of it. */
  private Offsets<P, O> offsets(BinlogSource from) {
    OffsetContext.Loader<O> loader = dialect.offsets(from.connector());
    Offsets<P, O> offsets =
        getPreviousOffsets(
            dialect.partitions(from), offset -> loader.load(BinlogLog.toResume(offset)));
    resumes = offsets.getTheOnlyOffset() != null;
    return offsets;
  }

  /** What Debezium's services look up by name. */
  private void register(
      BinlogSource from,
      MainConnectionProvidingConnectionFactory<BinlogConnectorConnection> connections,
      Offsets<P, O> offsets) {
    besides = connections.newConnection();
    BeanRegistry beans = from.connector().getBeanRegistry();
    beans.add(StandardBeanNames.CONFIGURATION, from.configuration());
    beans.add(StandardBeanNames.CONNECTOR_CONFIG, from.connector());
    beans.add(StandardBeanNames.DATABASE_SCHEMA, required(schema));
    beans.add(StandardBeanNames.JDBC_CONNECTION, besides);
    beans.add(StandardBeanNames.VALUE_CONVERTER, dialect.converters(from.connector()));
    beans.add(StandardBeanNames.OFFSETS, offsets);
    beans.add(StandardBeanNames.CDC_SOURCE_TASK_CONTEXT, required(own));
  }

  private static ChangeEventQueue<DataChangeEvent> queue(
      BinlogConnectorConfig config, BinlogTaskContext<?> taskContext) {
    return new ChangeEventQueue.Builder<DataChangeEvent>()
        .pollInterval(config.getPollInterval())
        .maxBatchSize(config.getMaxBatchSize())
        .maxQueueSize(config.getMaxQueueSize())
        .maxQueueSizeInBytes(config.getMaxQueueSizeInBytes())
        .queueProvider(new DefaultQueueProvider<>(config.getMaxQueueSize()))
        .loggingContextSupplier(() -> taskContext.configureLoggingContext("firn"))
        .buffering()
        .build();
  }

  private ChangeEventSourceCoordinator<P, O> coordinator(
      BinlogSource from,
      BinlogTaskContext<?> taskContext,
      MainConnectionProvidingConnectionFactory<BinlogConnectorConnection> connections,
      Offsets<P, O> offsets,
      SnapshotterService snapshotter) {
    BinlogConnectorConfig config = from.connector();
    RelationalDatabaseSchema tables = required(schema);
    ChangeEventQueue<DataChangeEvent> events = required(queue);
    ErrorHandler handler = required(errors);
    BinlogEventMetadataProvider metadata = new BinlogEventMetadataProvider();
    SignalProcessor<P, O> signals =
        new SignalProcessor<>(
            dialect.connector(),
            config,
            Map.of(),
            getAvailableSignalChannels(),
            DocumentReader.defaultReader(),
            offsets);
    EventDispatcher<P, TableId> dispatcher =
        new EventDispatcher<>(
            config,
            BinlogTables.topics(config),
            tables,
            events,
            config.getTableFilters().dataCollectionFilter(),
            DataChangeEvent::new,
            null,
            metadata,
            new HeartbeatFactory<TableId>()
                .getScheduledHeartbeat(
                    config, from::connect, new BinlogHeartbeatErrorHandler(), events),
            config.schemaNameAdjuster(),
            signals,
            service(config, DebeziumHeaderProducer.class));
    BinlogDialect.Reading<P, O> reading =
        dialect.reading(
            new BinlogDialect.Parts<>(
                from,
                connections,
                handler,
                dispatcher,
                tables,
                taskContext,
                metadata,
                events,
                snapshotter,
                from.logClient()));
    ChangeEventSourceCoordinator<P, O> coordinator =
        new ChangeEventSourceCoordinator<>(
            offsets,
            handler,
            dialect.connector(),
            config,
            reading.sources(),
            reading.metrics(),
            dispatcher,
            tables,
            signals,
            new NotificationService<>(
                getNotificationChannels(),
                config,
                SchemaFactory.get(),
                dispatcher::enqueueNotification),
            snapshotter);
    coordinator.start(taskContext, events, metadata);
    return coordinator;
  }

  private static <T extends Service> T service(BinlogConnectorConfig config, Class<T> type) {
    return required(config.getServiceRegistry().tryGetService(type));
  }

  private static <T> T required(@Nullable T part) {
    return requireNonNull(part, "part is null");
  }

  private static void withoutAutoCommit(BinlogConnectorConnection connection) {
    try {
      connection.setAutoCommit(false);
    } catch (SQLException e) {
      throw new DebeziumException(e);
    }
  }

  @Override
  protected List<SourceRecord> doPoll() throws InterruptedException {
    List<DataChangeEvent> events;
    try {
      events = required(queue).poll();
    } catch (RuntimeException e) {
      RuntimeException failure = failure(e);
      if (failure instanceof RetriableException && !resumes && !BinlogFollowing.follows()) {
        throw new DebeziumException(
            "connection to the database lost during the initial snapshot (%s); start again: it is then read anew"
                .formatted(ConnectionLoss.reason(e)),
            e);
      }
      throw failure;
    }
    if (lost && !events.isEmpty()) {
      LOG.info("connection to the database is back");
      lost = false;
      SourceConnection.back();
    }
    return events.stream().map(DataChangeEvent::getRecord).toList();
  }

  /** What to throw: a lost connection is tried again, all else stays as it is. */
  private RuntimeException failure(RuntimeException e) {
    Optional<String> refusal = BinlogFailure.refusal(e);
    if (refusal.isPresent()) {
      return new PipelineException(refusal.orElseThrow(), e);
    }
    Optional<PipelineException> found = BinlogFailure.finding(e);
    if (found.isPresent()) {
      return new PipelineException(String.valueOf(found.orElseThrow().getMessage()), e);
    }
    if (ConnectionLoss.isIn(e)) {
      if (!lost) {
        LOG.warn(
            "connection to the database lost ({}); trying again until it is there",
            ConnectionLoss.reason(e));
        lost = true;
      }
      SourceConnection.lost(ConnectionLoss.reason(e));
      return new RetriableException("connection to the database lost", e);
    }
    return e instanceof RetriableException ? new DebeziumException(ConnectionLoss.reason(e), e) : e;
  }

  @Override
  protected void doStop() {
    close(connection);
    close(besides);
    if (schema != null) {
      schema.close();
    }
  }

  private static void close(@Nullable BinlogConnectorConnection open) {
    if (open != null) {
      try {
        open.close();
      } catch (SQLException e) {
        LOG.debug("a connection could not be closed", e);
      }
    }
  }

  @Override
  protected Optional<ErrorHandler> getErrorHandler() {
    return Optional.ofNullable(errors);
  }

  @Override
  protected Iterable<Field> getAllConfigurationFields() {
    return dialect.fields();
  }

  @Override
  protected String connectorName() {
    return dialect.module();
  }

  @Override
  public String version() {
    return dialect.version();
  }
}
