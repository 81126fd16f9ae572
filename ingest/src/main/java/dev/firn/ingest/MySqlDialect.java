package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.BinlogLog;
import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import io.debezium.connector.base.ChangeEventQueue;
import io.debezium.connector.binlog.BinlogConnectorConfig;
import io.debezium.connector.binlog.BinlogTaskContext;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import io.debezium.connector.common.BaseSourceConnector;
import io.debezium.connector.mysql.Module;
import io.debezium.connector.mysql.MySqlChangeEventSourceMetricsFactory;
import io.debezium.connector.mysql.MySqlConnector;
import io.debezium.connector.mysql.MySqlConnectorConfig;
import io.debezium.connector.mysql.MySqlDatabaseSchema;
import io.debezium.connector.mysql.MySqlErrorHandler;
import io.debezium.connector.mysql.MySqlOffsetContext;
import io.debezium.connector.mysql.MySqlPartition;
import io.debezium.connector.mysql.MySqlStreamingChangeEventSourceMetrics;
import io.debezium.connector.mysql.MySqlTaskContext;
import io.debezium.connector.mysql.antlr.MySqlAntlrDdlParser;
import io.debezium.connector.mysql.jdbc.MySqlConnection;
import io.debezium.connector.mysql.jdbc.MySqlConnectionConfiguration;
import io.debezium.connector.mysql.jdbc.MySqlValueConverters;
import io.debezium.pipeline.DataChangeEvent;
import io.debezium.pipeline.ErrorHandler;
import io.debezium.pipeline.spi.OffsetContext;
import io.debezium.pipeline.spi.Partition;
import io.debezium.relational.Column;
import io.debezium.relational.RelationalDatabaseSchema;
import io.debezium.relational.Tables;
import io.debezium.relational.ddl.DdlChanges;
import io.debezium.relational.ddl.DdlParser;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** MySQL. */
final class MySqlDialect implements BinlogDialect<MySqlPartition, MySqlOffsetContext> {
  /** The driver's word for row by row; any other number has it hold the whole table. */
  private static final int ROW_BY_ROW = Integer.MIN_VALUE;

  /** Less than the client waits for an answer, which it would take for a lost connection. */
  private static final int AWAIT_SECONDS = 3;

  private static final int A_DAY_SECONDS = 86_400;

  private static final String IN_FILE = "run SET GLOBAL %s = %s, and set it in the server's file";

  private static final String OTHERS_TOO =
      "start the server with %s=ON: what it has of another server is not in its log";

  private static final List<Needed> NEEDED =
      List.of(
          new Needed("log_bin", "ON", "start the server without skip-log-bin"),
          needed("enforce_gtid_consistency", "ON"),
          new Needed(
              "gtid_mode",
              "ON",
              "run SET GLOBAL enforce_gtid_consistency = ON, then SET GLOBAL gtid_mode = OFF_PERMISSIVE, ON_PERMISSIVE and ON, one after the other, and set both in the server's file"),
          needed("binlog_format", "ROW"),
          needed("binlog_row_image", "FULL"),
          // A part of a document is no value of the row.
          new Needed(
              "binlog_row_value_options", "", IN_FILE.formatted("binlog_row_value_options", "''")),
          // Debezium reads what is compressed by a way of its own, on which dates are lost.
          needed("binlog_transaction_compression", "OFF"),
          new Needed(
              "log_replica_updates", "ON", OTHERS_TOO.formatted("log_replica_updates"), false),
          // Its name before 8.0.26.
          new Needed("log_slave_updates", "ON", OTHERS_TOO.formatted("log_slave_updates"), false));

  private static final String FILLED =
      "SELECT column_default IS NOT NULL OR generation_expression <> ''"
          + " OR extra LIKE '%auto_increment%' OR is_nullable = 'NO'"
          + " FROM information_schema.columns"
          + " WHERE table_schema = ? AND table_name = ? AND column_name = ?";

  private static Needed needed(String variable, String value) {
    return new Needed(variable, value, IN_FILE.formatted(variable, value));
  }

  @Override
  public String name() {
    return "MySQL";
  }

  @Override
  public BinlogLog log() {
    return BinlogLog.mySql();
  }

  @Override
  public boolean isVersion(String version) {
    return !version.toLowerCase(Locale.ROOT).contains("mariadb");
  }

  @Override
  public List<Needed> needed() {
    return NEEDED;
  }

  @Override
  public String identity(Connection connection) throws SQLException {
    return BinlogServerState.variable(connection, "server_uuid");
  }

  @Override
  public String written(Connection connection) throws SQLException {
    return BinlogView.one(connection, "SELECT @@GLOBAL.gtid_executed");
  }

  @Override
  public String purged(Connection connection) throws SQLException {
    return BinlogView.one(connection, "SELECT @@GLOBAL.gtid_purged");
  }

  /** Readers are sent a transaction before it is committed in the tables, and counted. */
  @Override
  public void awaitWritten(Connection connection, String gtids) throws SQLException {
    String unused =
        BinlogView.one(
            connection,
            "SELECT WAIT_FOR_EXECUTED_GTID_SET('%s', %d)".formatted(gtids, AWAIT_SECONDS));
  }

  @Override
  public BinlogView view(BinlogSource source, Connection reading, Collection<SourceTable> tables)
      throws SQLException {
    if (tables.isEmpty()) {
      BinlogView.beginSnapshot(reading);
      return view(reading);
    }
    try (BinlogConnectorConnection locking = source.connectBriefly()) {
      MySqlLock.take(locking.connection(), tables);
      BinlogView.beginSnapshot(reading);
      BinlogView seen = view(reading);
      MySqlLock.hold(reading, tables);
      MySqlLock.release(locking.connection());
      return seen;
    }
  }

  private BinlogView view(Connection connection) throws SQLException {
    String executed = written(connection);
    return new BinlogView(log(), executed, executed);
  }

  @Override
  public int fetchRows() {
    return ROW_BY_ROW;
  }

  @Override
  public String filled() {
    return FILLED;
  }

  @Override
  public List<List<String>> privileges() {
    return List.of(
        List.of("REPLICATION SLAVE"),
        List.of("REPLICATION CLIENT"),
        List.of("RELOAD"),
        List.of("LOCK TABLES"));
  }

  @Override
  public List<Check> advice(Connection connection) throws SQLException {
    return Stream.of(synced(connection), kept(connection)).flatMap(Optional::stream).toList();
  }

  private static Optional<Check> synced(Connection connection) throws SQLException {
    String found = BinlogServerState.variable(connection, "sync_binlog");
    return found.equals("1")
        ? Optional.empty()
        : Optional.of(
            Check.warn(
                "sync_binlog",
                found,
                "run SET GLOBAL sync_binlog = 1: else a server that loses its power may lose transactions that the lake has"));
  }

  /** For ever: 0. */
  private static Optional<Check> kept(Connection connection) throws SQLException {
    String found = BinlogServerState.variable(connection, "binlog_expire_logs_seconds");
    boolean isShort = found.matches("[1-9]\\d*") && Long.parseLong(found) < A_DAY_SECONDS;
    return isShort
        ? Optional.of(
            Check.warn(
                "binlog_expire_logs_seconds",
                found,
                "run SET GLOBAL binlog_expire_logs_seconds = 604800: a pipeline that is stopped for longer has to read all tables anew"))
        : Optional.empty();
  }

  @Override
  public String module() {
    return Module.name();
  }

  @Override
  public String version() {
    return Module.version();
  }

  @Override
  public Class<? extends BaseSourceConnector> connector() {
    return MySqlConnector.class;
  }

  @Override
  public Field.Set fields() {
    return MySqlConnectorConfig.ALL_FIELDS;
  }

  @Override
  public BinlogConnectorConfig config(Configuration configuration) {
    return new MySqlConnectorConfig(configuration);
  }

  private static MySqlConnectorConfig own(BinlogConnectorConfig config) {
    return (MySqlConnectorConfig) config;
  }

  @Override
  public BinlogConnectorConnection connect(Configuration with, BinlogConnectorConfig config) {
    return new RowByRow(with, own(config));
  }

  @Override
  public BinlogTaskContext<?> context(BinlogSource source) {
    return new MySqlTaskContext(source.configuration(), own(source.connector()));
  }

  @Override
  public MySqlValueConverters converters(BinlogConnectorConfig config) {
    return new Converters(own(config));
  }

  @Override
  public Definitions definitions(
      BinlogSource source, BinlogConnectorConnection connection, BinlogTaskContext<?> context) {
    return new Schema(source, connection, context);
  }

  @Override
  public Partition.Provider<MySqlPartition> partitions(BinlogSource source) {
    return new MySqlPartition.Provider(own(source.connector()), source.configuration());
  }

  @Override
  public OffsetContext.Loader<MySqlOffsetContext> offsets(BinlogConnectorConfig config) {
    return new MySqlOffsetContext.Loader(own(config));
  }

  @Override
  public ErrorHandler errors(
      BinlogConnectorConfig config,
      ChangeEventQueue<DataChangeEvent> queue,
      @Nullable ErrorHandler before) {
    return new MySqlErrorHandler(own(config), queue, before);
  }

  @Override
  public Reading<MySqlPartition, MySqlOffsetContext> reading(Parts<MySqlPartition> parts) {
    MySqlStreamingChangeEventSourceMetrics metrics =
        new MySqlStreamingChangeEventSourceMetrics(
            (MySqlTaskContext) parts.context(),
            parts.queue(),
            parts.metadata(),
            ((MySqlDatabaseSchema) parts.schema())::dataCollectionIds,
            parts.client());
    return new Reading<>(
        new MySqlStream.Factory(parts, metrics), new MySqlChangeEventSourceMetricsFactory(metrics));
  }

  /** A connection that never holds a whole table in memory. */
  private static final class RowByRow extends MySqlConnection {
    RowByRow(Configuration with, MySqlConnectorConfig config) {
      super(new MySqlConnectionConfiguration(with), new MySqlReader(config));
    }

    @Override
    public Statement readTableStatement(CommonConnectorConfig config, OptionalLong size)
        throws SQLException {
      Statement statement = connection().createStatement();
      statement.setFetchSize(ROW_BY_ROW);
      return statement;
    }
  }

  /** Debezium writes the commas within members of enumerations with a backslash. */
  private static final class Converters extends MySqlValueConverters {
    Converters(MySqlConnectorConfig config) {
      super(
          config.getDecimalMode(),
          config.getTemporalPrecisionMode(),
          config.getBigIntUnsignedHandlingMode().asBigIntUnsignedMode(),
          config.binaryHandlingMode(),
          value -> value,
          config.getEventConvertingFailureHandlingMode(),
          config.getServiceRegistry());
    }

    @Override
    protected List<String> extractEnumAndSetOptions(Column column) {
      return column.enumValues().stream().map(BinlogText::literal).toList();
    }
  }

  /** Opens the parser, which Debezium keeps to its own. */
  private static final class Schema extends MySqlDatabaseSchema implements Definitions {
    Schema(
        BinlogSource source, BinlogConnectorConnection connection, BinlogTaskContext<?> context) {
      super(
          own(source.connector()),
          new Converters(own(source.connector())),
          BinlogTables.topics(source.connector()),
          source.connector().schemaNameAdjuster(),
          connection.isTableIdCaseSensitive(),
          BinlogTables.customConverters(source),
          context);
    }

    @Override
    protected DdlParser createDdlParser(BinlogConnectorConfig config, MySqlValueConverters unused) {
      return new Parser(config, getTableFilter());
    }

    @Override
    public void define(SourceTable name, String definition) {
      getDdlParser().setCurrentSchema(name.schema());
      var unused = getDdlParser().parse(definition, tables());
      buildAndRegisterSchema(
          requireNonNull(tableFor(BinlogSource.id(name)), "the statement defines another table"));
    }

    @Override
    public RelationalDatabaseSchema schema() {
      return this;
    }
  }

  private static final class Parser extends MySqlAntlrDdlParser {
    private final Tables.TableFilter captured;

    Parser(BinlogConnectorConfig config, Tables.TableFilter captured) {
      super(
          true,
          false,
          config.isSchemaChangesHistoryEnabled(),
          captured,
          BinlogTables.registry(config));
      this.captured = captured;
    }

    @Override
    public DdlChanges parse(String statement, Tables tables) {
      return BinlogStatements.apply(
          statement, currentSchema(), captured, each -> super.parse(each, tables));
    }
  }
}
