package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.jdbc.JdbcConfiguration;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The source database, as Debezium's connector is told of it. */
final class PostgresSource {
  private static final String USAGE = "Firn";
  private static final int BRIEFLY_SECONDS = 5;

  private final Configuration configuration;
  private final PostgresConnectorConfig connector;

  /**
   * @param properties of Debezium's connector, without prefix
   */
  PostgresSource(Map<String, String> properties) {
    requireNonNull(properties, "properties is null");
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

  Configuration configuration() {
    return configuration;
  }

  PostgresConnectorConfig connector() {
    return connector;
  }

  String topicPrefix() {
    return configuration.getString(CommonConnectorConfig.TOPIC_PREFIX);
  }

  String slot() {
    return connector.slotName();
  }

  String publication() {
    return connector.publicationName();
  }

  /** The table whose new rows are signals; it is none of the lake. Empty: there is none. */
  Optional<SourceTable> signals() {
    String name = configuration.getString("signal.data.collection", "").strip();
    // Debezium takes it with the database in front as well.
    String database = connector.databaseName() + ".";
    boolean isQualified = name.startsWith(database) && name.indexOf('.', database.length()) > 0;
    return SourceTable.parse(isQualified ? name.substring(database.length()) : name);
  }

  /** The file whose lines are signals; empty: there is none. */
  Optional<Path> signalFile() {
    String name = configuration.getString("signal.file", "").strip();
    return name.isEmpty() ? Optional.empty() : Optional.of(Path.of(name));
  }

  ColumnType.Placeholder placeholder() {
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

  /** How long a silence of the source is nothing unusual. */
  Duration patience() {
    return SourceClock.patience(
        Duration.ofMillis(configuration.getLong("heartbeat.interval.ms", 0)));
  }

  /** Host, port and database, for messages. */
  String place() {
    return "%s:%d/%s"
        .formatted(
            configuration.getString("database.hostname"),
            connector.getJdbcConfig().getPort(),
            connector.databaseName());
  }
}
