package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.BinlogLog;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import io.debezium.connector.base.ChangeEventQueue;
import io.debezium.connector.binlog.BinlogConnectorConfig;
import io.debezium.connector.binlog.BinlogTaskContext;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import io.debezium.connector.common.BaseSourceConnector;
import io.debezium.connector.mariadb.MariaDbConnector;
import io.debezium.connector.mariadb.MariaDbConnectorConfig;
import io.debezium.connector.mariadb.MariaDbDatabaseSchema;
import io.debezium.connector.mariadb.MariaDbErrorHandler;
import io.debezium.connector.mariadb.MariaDbOffsetContext;
import io.debezium.connector.mariadb.MariaDbPartition;
import io.debezium.connector.mariadb.MariaDbTaskContext;
import io.debezium.connector.mariadb.Module;
import io.debezium.connector.mariadb.antlr.MariaDbAntlrDdlParser;
import io.debezium.connector.mariadb.jdbc.MariaDbConnection;
import io.debezium.connector.mariadb.jdbc.MariaDbConnectionConfiguration;
import io.debezium.connector.mariadb.jdbc.MariaDbValueConverters;
import io.debezium.connector.mariadb.metrics.MariaDbChangeEventSourceMetricsFactory;
import io.debezium.connector.mariadb.metrics.MariaDbStreamingChangeEventSourceMetrics;
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
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** MariaDB. */
final class MariaDbDialect implements BinlogDialect<MariaDbPartition, MariaDbOffsetContext> {
  private static final int FETCH_ROWS = 2_000;

  private static final List<Needed> NEEDED =
      List.of(
          new Needed("log_bin", "ON", "start the server with log_bin=binlog"),
          new Needed(
              "binlog_format",
              "ROW",
              "run SET GLOBAL binlog_format = 'ROW', and set it in the server's own file"),
          new Needed(
              "binlog_row_image",
              "FULL",
              "run SET GLOBAL binlog_row_image = 'FULL', and set it in the server's own file"),
          // Debezium's reader knows no compressed event, and passes it over.
          new Needed(
              "log_bin_compress",
              "OFF",
              "run SET GLOBAL log_bin_compress = OFF, and set it in the server's own file"));

  private static final String FILLED =
      "SELECT coalesce(column_default, 'NULL') <> 'NULL' OR is_generated <> 'NEVER'"
          + " OR extra LIKE '%auto_increment%' OR is_nullable = 'NO'"
          + " FROM information_schema.columns"
          + " WHERE table_schema = ? AND table_name = ? AND column_name = ?";

  @Override
  public String name() {
    return "MariaDB";
  }

  @Override
  public BinlogLog log() {
    return BinlogLog.mariaDb();
  }

  @Override
  public boolean isVersion(String version) {
    return version.toLowerCase(Locale.ROOT).contains("mariadb");
  }

  @Override
  public List<Needed> needed() {
    return NEEDED;
  }

  @Override
  public String identity(Connection connection) throws SQLException {
    return "%s/%s"
        .formatted(
            BinlogServerState.variable(connection, "server_id"),
            BinlogServerState.variable(connection, "server_uid"));
  }

  @Override
  public String written(Connection connection) throws SQLException {
    return BinlogServerState.variable(connection, "gtid_binlog_pos").replaceAll("\\s", "");
  }

  /** It tells only when it is asked for its log. */
  @Override
  public String purged(Connection connection) {
    return "";
  }

  @Override
  public BinlogView view(BinlogSource source, Connection reading, Collection<SourceTable> unlocked)
      throws SQLException {
    BinlogView.beginSnapshot(reading);
    String file = BinlogView.status(reading, "binlog_snapshot_file");
    String place = BinlogView.status(reading, "binlog_snapshot_position");
    return new BinlogView(
        log(),
        BinlogView.one(reading, "SELECT BINLOG_GTID_POS('%s', %s)".formatted(file, place)),
        BinlogView.one(reading, "SELECT @@GLOBAL.gtid_binlog_pos"));
  }

  @Override
  public int fetchRows() {
    return FETCH_ROWS;
  }

  @Override
  public String filled() {
    return FILLED;
  }

  @Override
  public List<List<String>> privileges() {
    return List.of(
        List.of("REPLICATION SLAVE"),
        List.of("BINLOG MONITOR", "REPLICATION CLIENT"),
        List.of("RELOAD"));
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
    return MariaDbConnector.class;
  }

  @Override
  public Field.Set fields() {
    return MariaDbConnectorConfig.ALL_FIELDS;
  }

  @Override
  public BinlogConnectorConfig config(Configuration configuration) {
    return new MariaDbConnectorConfig(configuration);
  }

  private static MariaDbConnectorConfig own(BinlogConnectorConfig config) {
    return (MariaDbConnectorConfig) config;
  }

  @Override
  public BinlogConnectorConnection connect(Configuration with, BinlogConnectorConfig config) {
    return new MariaDbConnection(
        new MariaDbConnectionConfiguration(with), new MariaDbReader(own(config)));
  }

  @Override
  public BinlogTaskContext<?> context(BinlogSource source) {
    return new MariaDbTaskContext(source.configuration(), own(source.connector()));
  }

  @Override
  public MariaDbValueConverters converters(BinlogConnectorConfig config) {
    return new Converters(own(config));
  }

  @Override
  public Definitions definitions(
      BinlogSource source, BinlogConnectorConnection connection, BinlogTaskContext<?> context) {
    return new Schema(source, connection, context);
  }

  @Override
  public Partition.Provider<MariaDbPartition> partitions(BinlogSource source) {
    return new MariaDbPartition.Provider(source.connector(), source.configuration());
  }

  @Override
  public OffsetContext.Loader<MariaDbOffsetContext> offsets(BinlogConnectorConfig config) {
    return new MariaDbOffsetContext.Loader(own(config));
  }

  @Override
  public ErrorHandler errors(
      BinlogConnectorConfig config,
      ChangeEventQueue<DataChangeEvent> queue,
      @Nullable ErrorHandler before) {
    return new MariaDbErrorHandler(own(config), queue, before);
  }

  @Override
  public Reading<MariaDbPartition, MariaDbOffsetContext> reading(Parts<MariaDbPartition> parts) {
    MariaDbStreamingChangeEventSourceMetrics metrics =
        new MariaDbStreamingChangeEventSourceMetrics(
            (MariaDbTaskContext) parts.context(),
            parts.queue(),
            parts.metadata(),
            ((MariaDbDatabaseSchema) parts.schema())::dataCollectionIds,
            parts.client());
    return new Reading<>(
        new MariaDbStream.Factory(parts, metrics),
        new MariaDbChangeEventSourceMetricsFactory(metrics));
  }

  /** Debezium writes the commas within members of enumerations with a backslash. */
  private static final class Converters extends MariaDbValueConverters {
    Converters(MariaDbConnectorConfig config) {
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
  private static final class Schema extends MariaDbDatabaseSchema implements Definitions {
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
    protected DdlParser createDdlParser(
        BinlogConnectorConfig config, MariaDbValueConverters unused) {
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

  private static final class Parser extends MariaDbAntlrDdlParser {
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
