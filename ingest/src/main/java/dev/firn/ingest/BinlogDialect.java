package dev.firn.ingest;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import dev.firn.ingest.log.BinlogLog;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import io.debezium.connector.base.ChangeEventQueue;
import io.debezium.connector.binlog.BinlogConnectorConfig;
import io.debezium.connector.binlog.BinlogOffsetContext;
import io.debezium.connector.binlog.BinlogPartition;
import io.debezium.connector.binlog.BinlogTaskContext;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import io.debezium.connector.common.BaseSourceConnector;
import io.debezium.jdbc.MainConnectionProvidingConnectionFactory;
import io.debezium.pipeline.DataChangeEvent;
import io.debezium.pipeline.ErrorHandler;
import io.debezium.pipeline.EventDispatcher;
import io.debezium.pipeline.metrics.spi.ChangeEventSourceMetricsFactory;
import io.debezium.pipeline.source.spi.ChangeEventSourceFactory;
import io.debezium.pipeline.source.spi.EventMetadataProvider;
import io.debezium.pipeline.spi.OffsetContext;
import io.debezium.pipeline.spi.Partition;
import io.debezium.relational.RelationalDatabaseSchema;
import io.debezium.relational.TableId;
import io.debezium.relational.ValueConverterProvider;
import io.debezium.snapshot.SnapshotterService;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What differs between the servers whose binary log is followed: their GTIDs, what they have to be
 * set to, how a consistent snapshot is taken, and Debezium's parts for them.
 *
 * @param <P> Debezium's partition
 * @param <O> Debezium's offset
 */
interface BinlogDialect<P extends BinlogPartition, O extends BinlogOffsetContext<?>> {
  /** That of a server of a kind. */
  static BinlogDialect<?, ?> of(SourceKind kind) {
    return switch (kind) {
      case MARIADB -> new MariaDbDialect();
      case MYSQL -> new MySqlDialect();
      case POSTGRES, SQLSERVER, MONGODB, ORACLE ->
          throw new IllegalArgumentException("%s has no binary log".formatted(kind));
    };
  }

  /** What people call it. */
  String name();

  /** What its log means. */
  BinlogLog log();

  /** Whether a server that says this version of itself is one. */
  boolean isVersion(String version);

  /** What must be set at the server. */
  List<Needed> needed();

  /** What names a server, whatever its address is. */
  String identity(Connection connection) throws SQLException;

  /** The GTIDs of all that is in its log; empty: nothing. */
  String written(Connection connection) throws SQLException;

  /** The GTIDs of what its log no longer holds, as far as it tells; empty: nothing. */
  String purged(Connection connection) throws SQLException;

  /**
   * Waits a little until what a reader of the log may have seen is complete at the server.
   *
   * @param gtids what the reader has seen
   */
  default void awaitWritten(Connection connection, String gtids) throws SQLException {
    // A log that tells at once of what is in it needs none.
  }

  /**
   * Begins a transaction that sees all tables as of one place in the log.
   *
   * @param reading begins it
   * @param tables those that it reads
   */
  BinlogView view(BinlogSource source, Connection reading, Collection<SourceTable> tables)
      throws SQLException;

  /** Rows that the driver is to hold at a time when it reads a table. */
  int fetchRows();

  /** The query whether rows from before a column was added may have a value there. */
  String filled();

  /** Rights that the user needs beside SELECT, each by the names that it goes by. */
  List<List<String>> privileges();

  /** What else a server should be set to, so that nothing is lost on its worst day. */
  default List<Check> advice(Connection connection) throws SQLException {
    return List.of();
  }

  /** The name of Debezium's connector. */
  String module();

  /** Its version. */
  String version();

  Class<? extends BaseSourceConnector> connector();

  /** All that may be set of it. */
  Field.Set fields();

  BinlogConnectorConfig config(Configuration configuration);

  BinlogConnectorConnection connect(Configuration with, BinlogConnectorConfig config);

  BinlogTaskContext<?> context(BinlogSource source);

  ValueConverterProvider converters(BinlogConnectorConfig config);

  /** What is known of the tables, by the statements that define them. */
  Definitions definitions(
      BinlogSource source, BinlogConnectorConnection connection, BinlogTaskContext<?> context);

  Partition.Provider<P> partitions(BinlogSource source);

  OffsetContext.Loader<O> offsets(BinlogConnectorConfig config);

  ErrorHandler errors(
      BinlogConnectorConfig config,
      ChangeEventQueue<DataChangeEvent> queue,
      @Nullable ErrorHandler before);

  /** What takes the initial snapshot and reads the log. */
  Reading<P, O> reading(Parts<P> parts);

  /**
   * A setting of the server.
   *
   * @param value what it must be
   * @param way how it comes to that
   * @param isEverywhere whether each server knows it; others do as it demands
   */
  record Needed(String variable, String value, String way, boolean isEverywhere) {
    Needed(String variable, String value, String way) {
      this(variable, value, way, true);
    }
  }

  /** What Debezium's parts are joined of. */
  record Parts<P extends BinlogPartition>(
      BinlogSource source,
      MainConnectionProvidingConnectionFactory<BinlogConnectorConnection> connections,
      ErrorHandler errors,
      EventDispatcher<P, TableId> dispatcher,
      RelationalDatabaseSchema schema,
      BinlogTaskContext<?> context,
      EventMetadataProvider metadata,
      ChangeEventQueue<DataChangeEvent> queue,
      SnapshotterService snapshotter,
      BinaryLogClient client) {}

  /** Debezium's reader, and what counts for it. */
  record Reading<P extends BinlogPartition, O extends BinlogOffsetContext<?>>(
      ChangeEventSourceFactory<P, O> sources, ChangeEventSourceMetricsFactory<P> metrics) {}

  /** Debezium's tables, to which a definition can be added. */
  interface Definitions {
    /** Takes a statement that makes a table. */
    void define(SourceTable name, String definition);

    RelationalDatabaseSchema schema();
  }
}
