package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
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
import io.debezium.connector.binlog.BinlogEventMetadataProvider;
import io.debezium.connector.binlog.BinlogSourceTask;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import io.debezium.connector.common.CdcSourceTaskContext;
import io.debezium.connector.common.DebeziumHeaderProducer;
import io.debezium.connector.mariadb.MariaDbConnector;
import io.debezium.connector.mariadb.MariaDbConnectorConfig;
import io.debezium.connector.mariadb.MariaDbDatabaseSchema;
import io.debezium.connector.mariadb.MariaDbErrorHandler;
import io.debezium.connector.mariadb.MariaDbOffsetContext;
import io.debezium.connector.mariadb.MariaDbPartition;
import io.debezium.connector.mariadb.MariaDbTaskContext;
import io.debezium.connector.mariadb.Module;
import io.debezium.connector.mariadb.metrics.MariaDbChangeEventSourceMetricsFactory;
import io.debezium.connector.mariadb.metrics.MariaDbStreamingChangeEventSourceMetrics;
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
import io.debezium.pipeline.spi.Offsets;
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
 * A task that reads MariaDB's log by Debezium's parts, but with {@link MariaDbStream} as what takes
 * its events; when the connection is lost it goes on trying, which it says once when it is lost and
 * once when it is back; and it resumes at the begin of a transaction.
 */
public class PatientMariaDbTask extends BinlogSourceTask<MariaDbPartition, MariaDbOffsetContext> {
  private static final Logger LOG = LoggerFactory.getLogger(PatientMariaDbTask.class);

  private @Nullable MariaDbSource source;
  private @Nullable MariaDbTaskContext own;
  private @Nullable BinlogConnectorConnection connection;
  private @Nullable BinlogConnectorConnection besides;
  private @Nullable MariaDbDatabaseSchema schema;
  private @Nullable ChangeEventQueue<DataChangeEvent> queue;
  private @Nullable ErrorHandler errors;
  private boolean lost;
  private boolean resumes;

  @Override
  public CdcSourceTaskContext<? extends CommonConnectorConfig> preStart(Configuration config) {
    source = new MariaDbSource(config.asMap(), ColumnRules.NONE);
    own = new MariaDbTaskContext(source.configuration(), source.connector());
    return own;
  }

  @Override
  protected ChangeEventSourceCoordinator<MariaDbPartition, MariaDbOffsetContext> start(
      Configuration unused) {
    try {
      MariaDbFollowing.requireResumable();
      return follow(requireNonNull(source, "source is null"), requireNonNull(own, "own is null"));
    } catch (RuntimeException e) {
      RuntimeException failure = failure(e);
      doStop();
      throw failure;
    }
  }

  private ChangeEventSourceCoordinator<MariaDbPartition, MariaDbOffsetContext> follow(
      MariaDbSource from, MariaDbTaskContext taskContext) {
    MariaDbConnectorConfig config = from.connector();
    registerServiceProviders(config.getServiceRegistry());
    MainConnectionProvidingConnectionFactory<BinlogConnectorConnection> connections =
        new DefaultMainConnectionProvidingConnectionFactory<>(from::connect);
    connection = connections.mainConnection();
    schema = MariaDbTables.schema(from, connection, taskContext);
    Offsets<MariaDbPartition, MariaDbOffsetContext> offsets = offsets(from);
    register(from, connections, offsets);
    SnapshotterService snapshotter = service(config, SnapshotterService.class);
    validateSchemaHistory(
        config, (partition, offset, any) -> true, offsets, schema, snapshotter.getSnapshotter());
    withoutAutoCommit(connection);
    queue = queue(config, taskContext);
    errors = new MariaDbErrorHandler(config, queue, errors);
    return coordinator(from, taskContext, connections, offsets, snapshotter);
  }

  /** From the begin of a transaction on, whatever was delivered of it. */
  private Offsets<MariaDbPartition, MariaDbOffsetContext> offsets(MariaDbSource from) {
    MariaDbOffsetContext.Loader loader = new MariaDbOffsetContext.Loader(from.connector());
    Offsets<MariaDbPartition, MariaDbOffsetContext> offsets =
        getPreviousOffsets(
            new MariaDbPartition.Provider(from.connector(), from.configuration()),
            offset -> loader.load(BinlogLog.toResume(offset)));
    resumes = offsets.getTheOnlyOffset() != null;
    return offsets;
  }

  /** What Debezium's services look up by name. */
  private void register(
      MariaDbSource from,
      MainConnectionProvidingConnectionFactory<BinlogConnectorConnection> connections,
      Offsets<MariaDbPartition, MariaDbOffsetContext> offsets) {
    besides = connections.newConnection();
    BeanRegistry beans = from.connector().getBeanRegistry();
    beans.add(StandardBeanNames.CONFIGURATION, from.configuration());
    beans.add(StandardBeanNames.CONNECTOR_CONFIG, from.connector());
    beans.add(StandardBeanNames.DATABASE_SCHEMA, required(schema));
    beans.add(StandardBeanNames.JDBC_CONNECTION, besides);
    beans.add(StandardBeanNames.VALUE_CONVERTER, MariaDbTables.converters(from.connector()));
    beans.add(StandardBeanNames.OFFSETS, offsets);
    beans.add(StandardBeanNames.CDC_SOURCE_TASK_CONTEXT, required(own));
  }

  private static ChangeEventQueue<DataChangeEvent> queue(
      MariaDbConnectorConfig config, MariaDbTaskContext taskContext) {
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

  private ChangeEventSourceCoordinator<MariaDbPartition, MariaDbOffsetContext> coordinator(
      MariaDbSource from,
      MariaDbTaskContext taskContext,
      MainConnectionProvidingConnectionFactory<BinlogConnectorConnection> connections,
      Offsets<MariaDbPartition, MariaDbOffsetContext> offsets,
      SnapshotterService snapshotter) {
    MariaDbConnectorConfig config = from.connector();
    MariaDbDatabaseSchema tables = required(schema);
    ChangeEventQueue<DataChangeEvent> events = required(queue);
    ErrorHandler handler = required(errors);
    BinlogEventMetadataProvider metadata = new BinlogEventMetadataProvider();
    SignalProcessor<MariaDbPartition, MariaDbOffsetContext> signals =
        new SignalProcessor<>(
            MariaDbConnector.class,
            config,
            Map.of(),
            getAvailableSignalChannels(),
            DocumentReader.defaultReader(),
            offsets);
    EventDispatcher<MariaDbPartition, TableId> dispatcher =
        new EventDispatcher<>(
            config,
            MariaDbTables.topics(config),
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
    BinaryLogClient client = from.logClient();
    MariaDbStreamingChangeEventSourceMetrics metrics =
        new MariaDbStreamingChangeEventSourceMetrics(
            taskContext, events, metadata, tables::dataCollectionIds, client);
    ChangeEventSourceCoordinator<MariaDbPartition, MariaDbOffsetContext> coordinator =
        new ChangeEventSourceCoordinator<>(
            offsets,
            handler,
            MariaDbConnector.class,
            config,
            new MariaDbStream.Factory(
                new MariaDbStream.Parts(
                    config,
                    connections,
                    handler,
                    dispatcher,
                    tables,
                    taskContext,
                    metrics,
                    events,
                    snapshotter,
                    client)),
            new MariaDbChangeEventSourceMetricsFactory(metrics),
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

  private static <T extends Service> T service(MariaDbConnectorConfig config, Class<T> type) {
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
      if (failure instanceof RetriableException && !resumes && !MariaDbFollowing.follows()) {
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
    Optional<String> refusal = MariaDbFailure.refusal(e);
    if (refusal.isPresent()) {
      return new PipelineException(refusal.orElseThrow(), e);
    }
    Optional<PipelineException> found = MariaDbFailure.finding(e);
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
    return MariaDbConnectorConfig.ALL_FIELDS;
  }

  @Override
  protected String connectorName() {
    return Module.name();
  }

  @Override
  public String version() {
    return Module.version();
  }
}
