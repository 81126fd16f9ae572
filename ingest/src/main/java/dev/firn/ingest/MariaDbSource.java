package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import dev.firn.ingest.log.BinlogLog;
import dev.firn.ingest.log.SourceLog;
import dev.firn.writer.Pipeline;
import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.connector.mariadb.MariaDbConnector;
import io.debezium.connector.mariadb.MariaDbConnectorConfig;
import io.debezium.connector.mariadb.jdbc.MariaDbConnection;
import io.debezium.connector.mariadb.jdbc.MariaDbConnectionConfiguration;
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

/** A MariaDB, as Debezium's connector is told of it. */
final class MariaDbSource implements Source {
  private static final String BRIEFLY_MILLIS = "5000";

  private static final String FILLED =
      "SELECT coalesce(column_default, 'NULL') <> 'NULL' OR is_generated <> 'NEVER'"
          + " OR extra LIKE '%auto_increment%' OR is_nullable = 'NO'"
          + " FROM information_schema.columns"
          + " WHERE table_schema = ? AND table_name = ? AND column_name = ?";

  private final Configuration configuration;
  private final MariaDbConnectorConfig connector;
  private final ColumnRules rules;

  /**
   * @param properties of Debezium's connector, without prefix
   * @param rules what becomes of its columns before they are written
   */
  MariaDbSource(Map<String, String> properties, ColumnRules rules) {
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
            .with("connector.class", MariaDbConnector.class.getName())
            .build();
    requireValid();
    this.connector = new MariaDbConnectorConfig(configuration);
    // Debezium asks for it with each text that it reads.
    connector.getServiceRegistry().registerServiceProvider(new CustomConverterServiceProvider());
  }

  private void requireValid() {
    List<String> problems = new ArrayList<>();
    configuration.validate(
        MariaDbConnectorConfig.ALL_FIELDS,
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

  MariaDbConnectorConfig connector() {
    return connector;
  }

  @Override
  public boolean captures(SourceTable table) {
    return connector.getTableFilters().dataCollectionFilter().isIncluded(id(table))
        && !signals().equals(Optional.of(table));
  }

  static TableId id(SourceTable table) {
    return new TableId(table.schema(), null, table.name());
  }

  /** A connection of its own; the caller closes it. */
  MariaDbConnection connect() {
    return connection(configuration);
  }

  /** A connection of its own that gives up soon; the caller closes it. */
  MariaDbConnection connectBriefly() {
    return connection(
        configuration
            .edit()
            .with("connect.timeout.ms", BRIEFLY_MILLIS)
            .with("driver.socketTimeout", BRIEFLY_MILLIS)
            .build());
  }

  private MariaDbConnection connection(Configuration with) {
    return new MariaDbConnection(
        new MariaDbConnectionConfiguration(with), new MariaDbReader(connector));
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
  public SourceLog log() {
    return BinlogLog.mariaDb();
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
    try (MariaDbTables tables = MariaDbTables.open(this)) {
      return tables.all();
    }
  }

  @Override
  public List<SourceTable> tableNames() throws SQLException {
    try (MariaDbTables tables = MariaDbTables.open(this)) {
      return tables.names();
    }
  }

  @Override
  public Optional<CapturedTable> find(SourceTable table) throws SQLException {
    try (MariaDbTables tables = MariaDbTables.open(this)) {
      return tables.find(table).map(MariaDbTables.Scannable::captured);
    }
  }

  @Override
  public boolean tellsKeysOfNow() {
    return false;
  }

  @Override
  public boolean mayHaveFilled(SourceTable table, String column) throws SQLException {
    try (MariaDbConnection connection = connect();
        PreparedStatement query = connection.connection().prepareStatement(FILLED)) {
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
    try (MariaDbConnection connection = connect()) {
      connection.connection();
    }
  }

  @Override
  public SourceLook look() {
    return new MariaDbLook(this, connectBriefly());
  }

  @Override
  public SourceLook patientLook() {
    return new MariaDbLook(this, connect());
  }

  @Override
  public TableScan scan(List<SourceTable> tables) throws SQLException {
    return new MariaDbScan(this, tables);
  }

  @Override
  public Following follow(Pipeline pipeline) throws SQLException {
    return MariaDbFollowing.prepare(this, pipeline);
  }

  @Override
  public Optional<String> slotName() {
    return Optional.empty();
  }

  @Override
  public Optional<ReplicationSlot.State> slotState() throws SQLException {
    try (MariaDbConnection connection = connectBriefly()) {
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
                    "MariaDB's log takes no messages: to ask a running pipeline, make a table for signals (id VARCHAR(64) PRIMARY KEY, type VARCHAR(32), data TEXT), name it with %ssignal.data.collection and start the pipeline with it"
                        .formatted(ServerConfig.SOURCE_PREFIX)));
    try (MariaDbConnection connection = connect()) {
      SnapshotSignal.insert(connection.connection(), MariaDbTables.quoted(signals), tables);
    }
  }

  @Override
  public Set<String> notes() {
    return Set.of(MariaDbServerState.NOTE, TableDefinitions.NOTE);
  }

  @Override
  public List<FoundTable> found() throws SQLException {
    try (MariaDbConnection connection = connectBriefly()) {
      return FoundTable.ofMariaDb(connection.connection(), this::captures);
    }
  }

  @Override
  public List<Check> checks(KeylessTables keyless) {
    return MariaDbChecks.run(this);
  }
}
