package dev.firn.ingest;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** What the settings of a source must and must not be that Firn does not ask itself. */
final class OtherSettings {
  private static final Pattern SECRETS = Pattern.compile("//[^@/]*@");

  /** They would have rows read, or changed, in a way that the lake could not hold exactly. */
  private static final Set<String> MEANINGLESS =
      Set.of(
          "signal.data.collection",
          "signal.file",
          "snapshot.select.statement.overrides",
          "snapshot.include.collection.list",
          "snapshot.collection.filter.overrides",
          "incremental.snapshot.allowed");

  /** With each what Debezium would do. */
  private static final Map<String, String> NOT_OF_ORACLE =
      Map.of(
          "message.key.columns",
          "Debezium puts rows and their large values together by the table's own primary key",
          "rac.nodes",
          "transactions that are open as the initial snapshot begins are known of one redo thread only");

  private OtherSettings() {}

  /**
   * @param properties of the connector, without prefix
   * @throws SettingsException naming all that is missing, or the first that cannot be so
   */
  static void check(SourceKind kind, Map<String, String> properties) {
    Set<String> missing = new TreeSet<>();
    for (String key : required(kind)) {
      if (properties.getOrDefault(key, "").isBlank()) {
        missing.add(ServerConfig.SOURCE_PREFIX + key);
      }
    }
    if (!missing.isEmpty()) {
      throw new SettingsException(
          "%s missing: docs/SOURCES.md has an example".formatted(String.join(", ", missing)));
    }
    MEANINGLESS.stream()
        .filter(properties::containsKey)
        .sorted()
        .findFirst()
        .ifPresent(key -> {
          throw new SettingsException(
              "%s%s: tables of this source are read whole, in the initial snapshot; remove it"
                  .formatted(ServerConfig.SOURCE_PREFIX, key));
        });
    if (kind == SourceKind.ORACLE) {
      checkOracle(properties);
    }
    if (!properties.getOrDefault("snapshot.mode", "initial").equals("initial")) {
      throw new SettingsException(
          "%ssnapshot.mode=%s: this source needs initial; remove it"
              .formatted(ServerConfig.SOURCE_PREFIX, properties.get("snapshot.mode")));
    }
    if (!properties.getOrDefault("filters.match.mode", "regex").equals("regex")) {
      throw new SettingsException(
          "%sfilters.match.mode=%s: patterns are regular expressions here; remove it"
              .formatted(ServerConfig.SOURCE_PREFIX, properties.get("filters.match.mode")));
    }
    if (properties.getOrDefault("database.names", "").contains(",")) {
      throw new SettingsException(
          "%sdatabase.names=%s: tables of several databases may have one name; take a pipeline for each database"
              .formatted(ServerConfig.SOURCE_PREFIX, properties.get("database.names")));
    }
  }

  private static void checkOracle(Map<String, String> properties) {
    NOT_OF_ORACLE.keySet().stream()
        .filter(properties::containsKey)
        .sorted()
        .findFirst()
        .ifPresent(key -> {
          throw new SettingsException(
              "%s%s: %s; remove it"
                  .formatted(ServerConfig.SOURCE_PREFIX, key, NOT_OF_ORACLE.get(key)));
        });
  }

  private static List<String> required(SourceKind kind) {
    return switch (kind) {
      case SQLSERVER -> List.of("database.hostname", "database.user", "database.names");
      case MONGODB -> List.of("mongodb.connection.string");
      case ORACLE -> List.of("database.hostname", "database.user", "database.dbname");
      case POSTGRES, MARIADB, MYSQL -> List.of();
    };
  }

  /**
   * Refuses what needs readings of single tables.
   *
   * @throws SettingsException the lake is set up so
   */
  static void check(SinkSettings sink) {
    if (sink.schemaChanges() == SchemaChanges.QUARANTINE) {
      throw new SettingsException(
          "%s%s=quarantine: a table of this source cannot be read again by itself when its columns fit; set evolve, new-column or stop"
              .formatted(SinkSettings.PREFIX, SchemaChanges.KEY));
    }
    if (!sink.columnForms().variant().isEmpty()) {
      throw new SettingsException(
          "%s%s: documents of this source are kept as text; remove it"
              .formatted(SinkSettings.PREFIX, ColumnForms.VARIANT));
    }
    if (!sink.columnForms().geometry().isEmpty()) {
      throw new SettingsException(
          "%s%s: this source's connector tells of no geometries; remove it"
              .formatted(SinkSettings.PREFIX, ColumnForms.GEOMETRY));
    }
    if (!sink.routing().shards().isEmpty()) {
      throw new SettingsException(
          "%sroute.*: shards of this source cannot be brought together, as they are read together; give each table its own"
              .formatted(SinkSettings.PREFIX));
    }
  }

  /** An address without user and password. */
  static String withoutSecrets(String address) {
    return SECRETS.matcher(address).replaceFirst("//");
  }
}
