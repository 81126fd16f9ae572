package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.PostgresLog;
import dev.firn.ingest.log.SourceLog;
import dev.firn.writer.Pipeline;
import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.jdbc.JdbcConfiguration;
import io.debezium.relational.TableId;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The source database, as Debezium's connector is told of it. */
final class PostgresSource implements Source {
  private static final String USAGE = "Firn";
  private static final int BRIEFLY_SECONDS = 5;

  private static final String FILLED =
      "SELECT atthasdef OR atthasmissing OR typdefault IS NOT NULL"
          + " FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid"
          + " WHERE attrelid = to_regclass(format('%I.%I', ?, ?)) AND attname = ?";

  private final Configuration configuration;
  private final PostgresConnectorConfig connector;
  private final ColumnRules rules;

  /**
   * @param properties of Debezium's connector, without prefix
   * @param rules what becomes of its columns before they are written
   */
  PostgresSource(Map<String, String> properties, ColumnRules rules) {
    requireNonNull(properties, "properties is null");
    this.rules = requireNonNull(rules, "rules is null");
    for (String key : new String[] {"database.hostname", "database.user", "database.dbname"}) {
      if (properties.getOrDefault(key, "").isBlank()) {
        throw new SettingsException(
            "%s%s is missing: where the source database is"
                .formatted(ServerConfig.SOURCE_PREFIX, key));
      }
    }
    this.configuration = Configuration.from(properties);
    requireValid();
    this.connector = new PostgresConnectorConfig(configuration);
  }

  private void requireValid() {
    List<String> problems = new ArrayList<>();
    configuration.validate(
        PostgresConnectorConfig.ALL_FIELDS,
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

  PostgresConnectorConfig connector() {
    return connector;
  }

  @Override
  public String topicPrefix() {
    return configuration.getString(CommonConnectorConfig.TOPIC_PREFIX);
  }

  String slot() {
    return connector.slotName();
  }

  String publication() {
    return connector.publicationName();
  }

  @Override
  public Optional<SourceTable> signals() {
    String name = configuration.getString("signal.data.collection", "").strip();
    // Debezium takes it with the database in front as well.
    String database = connector.databaseName() + ".";
    boolean isQualified = name.startsWith(database) && name.indexOf('.', database.length()) > 0;
    return SourceTable.parse(isQualified ? name.substring(database.length()) : name);
  }

  @Override
  public boolean captures(SourceTable table) {
    return connector
            .getTableFilters()
            .dataCollectionFilter()
            .isIncluded(new TableId(null, table.schema(), table.name()))
        && !signals().equals(Optional.of(table));
  }

  @Override
  public Optional<Path> signalFile() {
    String name = configuration.getString("signal.file", "").strip();
    return name.isEmpty() ? Optional.empty() : Optional.of(Path.of(name));
  }

  @Override
  public ColumnType.Placeholder placeholder() {
    return ColumnType.Placeholder.of(
        new String(connector.getUnavailableValuePlaceholder(), StandardCharsets.UTF_8));
  }

  /** A connection of its own; the caller closes it. */
  PostgresConnection connect() {
    return new PostgresConnection(connector.getJdbcConfig(), USAGE);
  }

  /** A connection of its own that gives up soon; the caller closes it. */
  PostgresConnection connectBriefly() {
    return new PostgresConnection(brief(), USAGE);
  }

  /** What makes a connection that gives up soon; it says nothing about whether the stream lives. */
  JdbcConfiguration brief() {
    return JdbcConfiguration.adapt(
        connector
            .getJdbcConfig()
            .edit()
            .without("socketFactory")
            .with("connectTimeout", BRIEFLY_SECONDS)
            .with("loginTimeout", BRIEFLY_SECONDS)
            .with("socketTimeout", BRIEFLY_SECONDS)
            .build());
  }

  @Override
  public Duration patience() {
    return SourceClock.patience(
        Duration.ofMillis(configuration.getLong("heartbeat.interval.ms", 0)));
  }

  @Override
  public String place() {
    return "%s:%d/%s"
        .formatted(
            configuration.getString("database.hostname"),
            connector.getJdbcConfig().getPort(),
            connector.databaseName());
  }

  @Override
  public SourceLog log() {
    return new PostgresLog();
  }

  @Override
  public boolean readsInitialSnapshot() {
    return "initial".equals(configuration.getString("snapshot.mode"));
  }

  @Override
  public List<CapturedTable> tables() throws SQLException {
    return new PostgresTables(this).read();
  }

  @Override
  public List<SourceTable> tableNames() throws SQLException {
    return new PostgresTables(this).names();
  }

  @Override
  public Optional<CapturedTable> find(SourceTable table) throws SQLException {
    PostgresTables tables = new PostgresTables(this);
    try (PostgresConnection connection = tables.connect()) {
      return tables.find(connection, table).map(ReadableTable::captured);
    }
  }

  @Override
  public boolean tellsKeysOfNow() {
    return true;
  }

  @Override
  public boolean mayHaveFilled(SourceTable table, String column) throws SQLException {
    try (PostgresConnection connection = connect();
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
    try (PostgresConnection connection = connect()) {
      connection.connection();
    }
  }

  @Override
  public SourceLook look() {
    return new PostgresLook(this, connectBriefly());
  }

  @Override
  public SourceLook patientLook() {
    return new PostgresLook(this, connect());
  }

  @Override
  public TableScan scan(List<SourceTable> tables) throws SQLException {
    return new PostgresScan(this, tables);
  }

  @Override
  public Following follow(Pipeline pipeline) throws SQLException {
    SourceGuard guard = SourceGuard.prepare(this, pipeline);
    return new PostgresFollowing(guard, new PublishedTables(this, pipeline));
  }

  @Override
  public Optional<String> slotName() {
    return Optional.of(slot());
  }

  @Override
  public Optional<ReplicationSlot.State> slotState() throws SQLException {
    try (PostgresConnection connection = connectBriefly()) {
      return new ReplicationSlot(this).state(connection.connection());
    }
  }

  @Override
  public Optional<String> follower() throws SQLException {
    return slotState()
        .flatMap(ReplicationSlot.State::activePid)
        .map(pid ->
            "replication slot %s is in use by process %d of the server".formatted(slot(), pid));
  }

  @Override
  public void ask(String pipeline, List<SourceTable> tables) throws SQLException {
    try (PostgresConnection connection = connect();
        PreparedStatement message =
            connection
                .connection()
                .prepareStatement("SELECT pg_logical_emit_message(true, ?, ?)")) {
      message.setString(1, ReadingRequest.prefix(pipeline));
      message.setString(2, ReadingRequest.message(tables));
      message.execute();
    }
  }

  @Override
  public Set<String> notes() {
    return Set.of(ServerIdentity.NOTE, PublishedTables.NOTE);
  }

  @Override
  public List<FoundTable> found() throws SQLException {
    try (PostgresConnection connection = connectBriefly()) {
      return FoundTable.ofPostgres(connection.connection());
    }
  }

  @Override
  public List<Check> checks(KeylessTables keyless) {
    return SourceChecks.run(this, keyless);
  }
}
