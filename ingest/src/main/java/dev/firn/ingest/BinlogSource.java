package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import dev.firn.ingest.log.BinlogLog;
import dev.firn.writer.Pipeline;
import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.connector.binlog.BinlogConnectorConfig;
import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import io.debezium.converters.custom.CustomConverterServiceProvider;
import io.debezium.relational.TableId;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A server with a binary log, as Debezium's connector is told of it. */
final class BinlogSource implements Source {
  private static final String BRIEFLY_MILLIS = "5000";

  private final BinlogDialect<?, ?> dialect;
  private final Configuration configuration;
  private final BinlogConnectorConfig connector;
  private final ColumnRules rules;

  /**
   * @param dialect the server's
   * @param properties of Debezium's connector, without prefix
   * @param rules what becomes of its columns before they are written
   */
  BinlogSource(BinlogDialect<?, ?> dialect, Map<String, String> properties, ColumnRules rules) {
    this.dialect = requireNonNull(dialect, "dialect is null");
    requireNonNull(properties, "properties is null");
    this.rules = requireNonNull(rules, "rules is null");
    for (String key : new String[] {"database.hostname", "database.user"}) {
      if (properties.getOrDefault(key, "").isBlank()) {
        throw new SettingsException(
            "%s%s is missing: where the source database is"
                .formatted(ServerConfig.SOURCE_PREFIX, key));
      }
    }
    // Debezium finds its services for this connector by the name of its own class.
    this.configuration =
        Configuration.from(properties)
            .edit()
            .with("connector.class", dialect.connector().getName())
            .build();
    requireValid();
    this.connector = dialect.config(configuration);
    // Debezium asks for it with each text that it reads.
    connector.getServiceRegistry().registerServiceProvider(new CustomConverterServiceProvider());
  }

  private void requireValid() {
    List<String> problems = new ArrayList<>();
    configuration.validate(
        dialect.fields(),
        (field, value, problem) ->
            problems.add(
                "%s%s%s: %s"
                    .formatted(
                        ServerConfig.SOURCE_PREFIX,
                        field.name(),
                        Keys.shown(field.name(), String.valueOf(value)),
                        problem)));
    if (!problems.isEmpty()) {
      throw new SettingsException(String.join("; ", problems));
    }
  }

  /** What becomes of its columns before they are written. */
  ColumnRules rules() {
    return rules;
  }

  Configuration configuration() {
    return configuration;
  }

  BinlogDialect<?, ?> dialect() {
    return dialect;
  }

  BinlogConnectorConfig connector() {
    return connector;
  }

  @Override
  public boolean captures(SourceTable table) {
    return isIncluded(id(table)) && !signals().equals(Optional.of(table));
  }

  /** Whether the settings have a table captured, or it is the one for signals. */
  boolean isIncluded(TableId table) {
    return connector.getTableFilters().dataCollectionFilter().isIncluded(table);
  }

  static TableId id(SourceTable table) {
    return new TableId(table.schema(), null, table.name());
  }

  /** A connection of its own; the caller closes it. */
  BinlogConnectorConnection connect() {
    return connection(configuration);
  }

  /** A connection of its own that gives up soon; the caller closes it. */
  BinlogConnectorConnection connectBriefly() {
    return connection(
        configuration
            .edit()
            .with("connect.timeout.ms", BRIEFLY_MILLIS)
            .with("driver.socketTimeout", BRIEFLY_MILLIS)
            .build());
  }

  private BinlogConnectorConnection connection(Configuration with) {
    return dialect.connect(with, connector);
  }

  /** What reads the log; it notices when nothing comes any more. */
  BinaryLogClient logClient() {
    BinaryLogClient client =
        new BinaryLogClient(
            connector.getHostName(),
            connector.getPort(),
            connector.getUserName(),
            connector.getPassword());
    client.setSocketFactory(() -> SourceSockets.watched(maxSilence()));
    return client;
  }

  private Duration maxSilence() {
    String text = configuration.getString(ServerConfig.MAX_SILENCE, "30s");
    return SourceAlarms.parse(new Keys(SinkSettings.PREFIX, Map.of(SourceAlarms.MAX_SILENCE, text)))
        .maxSilence();
  }

  @Override
  public BinlogLog log() {
    return dialect.log();
  }

  @Override
  public String place() {
    return "%s:%d".formatted(connector.getHostName(), connector.getPort());
  }

  @Override
  public String topicPrefix() {
    return configuration.getString(CommonConnectorConfig.TOPIC_PREFIX);
  }

  @Override
  public Optional<SourceTable> signals() {
    return SourceTable.parse(configuration.getString("signal.data.collection", "").strip());
  }

  @Override
  public Optional<Path> signalFile() {
    String name = configuration.getString("signal.file", "").strip();
    return name.isEmpty() ? Optional.empty() : Optional.of(Path.of(name));
  }

  /** The log has whole rows: nothing stands for a value that was not sent. */
  @Override
  public ColumnType.Placeholder placeholder() {
    return ColumnType.Placeholder.of(ServerConfig.PLACEHOLDER);
  }

  @Override
  public Duration patience() {
    return SourceClock.patience(
        Duration.ofMillis(configuration.getLong("heartbeat.interval.ms", 0)));
  }

  @Override
  public boolean readsInitialSnapshot() {
    return "initial".equals(configuration.getString("snapshot.mode"));
  }

  @Override
  public List<CapturedTable> tables() throws SQLException {
    try (BinlogTables tables = BinlogTables.open(this)) {
      return tables.all();
    }
  }

  @Override
  public List<SourceTable> tableNames() throws SQLException {
    try (BinlogTables tables = BinlogTables.open(this)) {
      return tables.names();
    }
  }

  @Override
  public Optional<CapturedTable> find(SourceTable table) throws SQLException {
    try (BinlogTables tables = BinlogTables.open(this)) {
      return tables.find(table).map(BinlogTables.Scannable::captured);
    }
  }

  @Override
  public boolean tellsKeysOfNow() {
    return false;
  }

  @Override
  public boolean mayHaveFilled(SourceTable table, String column) throws SQLException {
    try (BinlogConnectorConnection connection = connect();
        PreparedStatement query = connection.connection().prepareStatement(dialect.filled())) {
      query.setString(1, table.schema());
      query.setString(2, table.name());
      query.setString(3, column);
      try (ResultSet found = query.executeQuery()) {
        return found.next() && found.getBoolean(1);
      }
    }
  }

  @Override
  public void requireReachable() throws SQLException {
    try (BinlogConnectorConnection connection = connect()) {
      connection.connection();
    }
  }

  @Override
  public SourceLook look() {
    return new BinlogLook(this, connectBriefly());
  }

  @Override
  public SourceLook patientLook() {
    return new BinlogLook(this, connect());
  }

  @Override
  public TableScan scan(List<SourceTable> tables) throws SQLException {
    return new BinlogScan(this, tables);
  }

  @Override
  public Following follow(Pipeline pipeline) throws SQLException {
    return BinlogFollowing.prepare(this, pipeline);
  }

  @Override
  public Optional<String> slotName() {
    return Optional.empty();
  }

  @Override
  public Optional<ReplicationSlot.State> slotState() throws SQLException {
    try (BinlogConnectorConnection connection = connectBriefly()) {
      Connection unused = connection.connection();
      return Optional.empty();
    }
  }

  /** Replicas read the log as well, and the server does not tell who is who. */
  @Override
  public Optional<String> follower() {
    return Optional.empty();
  }

  @Override
  public void ask(String pipeline, List<SourceTable> tables) throws SQLException {
    SourceTable signals =
        signals()
            .orElseThrow(() ->
                new SettingsException(
                    "the log of %s takes no messages: to ask a running pipeline, make a table for signals (id VARCHAR(64) PRIMARY KEY, type VARCHAR(32), data TEXT), name it with %ssignal.data.collection and start the pipeline with it"
                        .formatted(dialect.name(), ServerConfig.SOURCE_PREFIX)));
    try (BinlogConnectorConnection connection = connect()) {
      SnapshotSignal.insert(connection.connection(), BinlogTables.quoted(signals), tables);
    }
  }

  @Override
  public Set<String> notes() {
    return Set.of(BinlogServerState.NOTE, TableDefinitions.NOTE);
  }

  @Override
  public List<FoundTable> found() throws SQLException {
    try (BinlogConnectorConnection connection = connectBriefly()) {
      return FoundTable.ofBinlog(connection.connection(), this::captures);
    }
  }

  @Override
  public List<Check> checks(KeylessTables keyless) {
    return BinlogChecks.run(this);
  }
}
