package dev.firn.ingest;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.eclipse.microprofile.config.spi.ConfigSourceProvider;
import org.jspecify.annotations.Nullable;

/**
 * What Firn adds to the configuration of Debezium Server: the file given on the command line, good
 * defaults below everything else, and above everything the few values that it cannot do without.
 */
public final class ServerConfig implements ConfigSourceProvider {
  static final String SOURCE_PREFIX = "debezium.source.";

  /** Property of a source: {@code source.max-silence} of the sink. */
  static final String MAX_SILENCE = "firn.max.silence";

  private static final long SERVER_IDS = 1L << 30;
  private static final int DEFAULTS_ORDINAL = 50;

  /**
   * Above application.properties (250), below the environment (300) and system properties (400).
   */
  private static final int FILE_ORDINAL = 275;

  /** Keys of the source that make it leave something out which nobody would miss. */
  private static final Set<String> LOSING =
      Set.of(
          "debezium.source.gtid.source.includes",
          "debezium.source.gtid.source.excludes",
          "debezium.source.internal.log.mining.schema_changes.username.exclude.list",
          "debezium.source.log.mining.clientid.exclude.list",
          "debezium.source.log.mining.clientid.include.list",
          "debezium.source.log.mining.username.exclude.list",
          "debezium.source.log.mining.username.include.list",
          "debezium.source.schema.history.internal.ddl.filter",
          "debezium.source.database.initial.statements");

  private static final Map<String, String> SQL_SERVER =
      Map.of(
          "database.port", "1433",
          // It fills its change tables every five seconds; asking them costs it something.
          "poll.interval.ms", "500",
          "snapshot.isolation.mode", "snapshot",
          "snapshot.query.mode", "select_all");

  private static final Map<String, String> ORACLE =
      Map.of("database.port", "1521", "snapshot.query.mode", "select_all");

  private static final Map<String, String> MONGODB = Map.of("snapshot.query.mode", "select_all");

  /** More often than it reads: a second one at one place tells that a transaction is over. */
  private static final Map<String, String> FIXED_SQL_SERVER =
      Map.of(
          "schema.history.internal", LakeSchemaHistory.class.getName(),
          "schema.history.internal.store.only.captured.tables.ddl", "true",
          "include.schema.changes", "true",
          "heartbeat.interval.ms", "1",
          "time.precision.mode", "isostring",
          "log.position.check.enable", "true");

  /**
   * With large values, and with the transactions that are open as the initial snapshot begins:
   * Debezium leaves both out by itself. What it holds of open transactions is in memory, so that
   * nothing on a disk can be of another place than the lake.
   */
  private static final Map<String, String> FIXED_ORACLE =
      Map.ofEntries(
          Map.entry("schema.history.internal", LakeSchemaHistory.class.getName()),
          Map.entry("schema.history.internal.store.only.captured.tables.ddl", "true"),
          Map.entry("schema.history.internal.skip.unparseable.ddl", "false"),
          Map.entry("include.schema.changes", "true"),
          Map.entry("database.connection.adapter", "logminer"),
          Map.entry("log.mining.buffer.type", "memory"),
          Map.entry("lob.enabled", "true"),
          Map.entry("internal.log.mining.transaction.snapshot.boundary.mode", "all"),
          Map.entry("time.precision.mode", "isostring"),
          Map.entry("interval.handling.mode", "string"));

  /** With the documents as they were after each change, not as they are when it is read. */
  private static final Map<String, String> FIXED_MONGODB =
      Map.of(
          "capture.mode", "change_streams_update_full",
          "capture.mode.full.update.type", "post_image",
          "cursor.oversize.handling.mode", "fail");

  private static final int FIXED_ORDINAL = 1000;

  /** Made anew by every process: no value of the source can be taken for it. */
  static final String PLACEHOLDER = "__firn_unavailable_" + java.util.UUID.randomUUID();

  private static volatile Map<String, String> given = Map.of();

  /**
   * Whether the file is known. While the application is built there is none, and what stands here
   * then becomes a default of every run, whatever its source is.
   */
  private static volatile boolean isGiven;

  /** Names the keys and values that the configuration of this process starts from. */
  static void use(Map<String, String> file) {
    given = Map.copyOf(file);
    isGiven = true;
  }

  @Override
  public Iterable<ConfigSource> getConfigSources(ClassLoader loader) {
    return List.of(
        new Given("firn-defaults", DEFAULTS_ORDINAL, defaults(Runtime.getRuntime().maxMemory())),
        new Given("firn-file", FILE_ORDINAL, given),
        new Given("firn-fixed", FIXED_ORDINAL, fixed(given)));
  }

  /**
   * Where the settings say that the source is.
   *
   * @param rules what becomes of its columns before they are written
   */
  static Source source(Map<String, String> settings, ColumnRules rules) {
    SourceKind kind =
        SourceKind.of(
            Map.of(
                SOURCE_PREFIX + "connector.class", settings.getOrDefault("connector.class", "")));
    return switch (kind) {
      case POSTGRES -> new PostgresSource(settings, rules);
      case MARIADB, MYSQL -> {
        kind.requireBuilt();
        yield new BinlogSource(BinlogDialect.of(kind), settings, rules);
      }
      case SQLSERVER, MONGODB, ORACLE -> {
        kind.requireBuilt();
        yield new OtherSource(kind, settings, rules);
      }
    };
  }

  static Map<String, String> defaults(long maxHeapBytes) {
    Map<String, String> defaults = new HashMap<>();
    defaults.put("debezium.sink.type", "iceberg");
    defaults.put("debezium.format.key", "connect");
    defaults.put("debezium.format.value", "connect");
    defaults.put("debezium.format.header", "connect");
    anySource().forEach((key, value) -> defaults.put(SOURCE_PREFIX + key, value));
    if (isGiven) {
      ofKind(given).forEach((key, value) -> defaults.put(SOURCE_PREFIX + key, value));
    }
    defaults.put(SOURCE_PREFIX + "max.queue.size.in.bytes", Long.toString(maxHeapBytes / 16));
    defaults.putAll(logging());
    defaults.put("quarkus.http.host", "127.0.0.1");
    defaults.put("quarkus.banner.enabled", "false");
    // The extension is on by itself as soon as it is there.
    defaults.put("quarkus.log.console.json.enabled", "false");
    return defaults;
  }

  private static Map<String, String> ofKind(Map<String, String> file) {
    return switch (SourceKind.of(file)) {
      case POSTGRES -> postgres();
      case MARIADB, MYSQL -> binlog(file);
      case SQLSERVER -> SQL_SERVER;
      case MONGODB -> MONGODB;
      case ORACLE -> ORACLE;
    };
  }

  private static Map<String, String> anySource() {
    return Map.ofEntries(
        Map.entry("topic.prefix", "${debezium.sink.iceberg.pipeline:firn}"),
        Map.entry("snapshot.mode", "initial"),
        Map.entry("provide.transaction.metadata", "true"),
        Map.entry("skipped.operations", "none"),
        Map.entry("tombstones.on.delete", "false"),
        Map.entry("heartbeat.interval.ms", "1000"),
        Map.entry("offset.flush.interval.ms", "1000"),
        Map.entry("poll.interval.ms", "20"),
        Map.entry("max.batch.size", "8192"),
        Map.entry("max.queue.size", "32768"),
        Map.entry("snapshot.query.mode", "custom"),
        // Rows that the driver holds at a time, however large they are.
        Map.entry("snapshot.fetch.size", "1000"),
        Map.entry("decimal.handling.mode", "precise"),
        Map.entry("binary.handling.mode", "bytes"),
        Map.entry("unavailable.value.placeholder", PLACEHOLDER),
        // Retried for ever, with pauses that grow from half a second to half a minute.
        Map.entry("errors.max.retries", "-1"),
        Map.entry("errors.retry.delay.initial.ms", "500"),
        Map.entry("errors.retry.delay.max.ms", "30000"),
        Map.entry("retriable.restart.connector.wait.ms", "100"));
  }

  private static Map<String, String> binlog(Map<String, String> file) {
    return Map.ofEntries(
        Map.entry("database.port", "3306"),
        Map.entry("database.server.id", Long.toString(serverId(file))),
        Map.entry("snapshot.query.mode.custom.name", BinlogSnapshotQuery.NAME),
        Map.entry("bigint.unsigned.handling.mode", "precise"),
        Map.entry("enable.time.adjuster", "false"),
        Map.entry("connect.timeout.ms", "20000"),
        // A lost connection is made anew by the task; the server gives a sign of life each half
        // second.
        Map.entry("connect.keep.alive", "false"),
        Map.entry("connect.keep.alive.interval.ms", "625"),
        Map.entry("schema.history.internal.store.only.captured.databases.ddl", "true"));
  }

  /**
   * By what the server knows the reader of its log. The same for each process of a pipeline, so
   * that the server itself ends the stream of one that was replaced.
   */
  private static long serverId(Map<String, String> file) {
    String pipeline = file.getOrDefault(SinkSettings.PREFIX + "pipeline", "firn").strip();
    return SERVER_IDS + Integer.toUnsignedLong(pipeline.hashCode()) % SERVER_IDS;
  }

  private static Map<String, String> postgres() {
    return Map.ofEntries(
        Map.entry("slot.name", "firn_${debezium.sink.iceberg.pipeline:firn}"),
        Map.entry("publication.name", "firn_${debezium.sink.iceberg.pipeline:firn}"),
        Map.entry("publication.autocreate.mode", "filtered"),
        Map.entry("plugin.name", "pgoutput"),
        Map.entry("database.port", "5432"),
        Map.entry("heartbeat.action.query", IdleSource.QUERY),
        Map.entry("snapshot.query.mode.custom.name", PostgresSnapshotQuery.NAME),
        // TRUNCATE empties a table for a snapshot that was taken before it, too, unless it waits.
        Map.entry("snapshot.locking.mode", "shared"),
        Map.entry("time.precision.mode", "microseconds"),
        Map.entry("interval.handling.mode", "string"),
        Map.entry("slot.max.retries", "0"),
        Map.entry("database.connectTimeout", "10"),
        Map.entry("database.loginTimeout", "20"),
        Map.entry("database.socketFactory", SourceSockets.class.getName()),
        // Where the server can (17 and newer), standby servers may keep the slot as well.
        Map.entry("slot.failover", "true"),
        Map.entry("database.tcpKeepAlive", "true"),
        // Debezium reads these forms only, whatever the server's own settings are.
        Map.entry("driver.options", "-c IntervalStyle=postgres -c bytea_output=hex"));
  }

  /** Debezium's and the libraries' chatter is left out; failures are said once, by the sink. */
  private static Map<String, String> logging() {
    Map<String, String> levels = new HashMap<>();
    Map.ofEntries(
            Map.entry("io.debezium", "WARN"),
            Map.entry("io.debezium.connector.common.BaseSourceTask", "ERROR"),
            Map.entry("com.github.shyiko.mysql.binlog", "OFF"),
            Map.entry("io.debezium.connector.binlog", "OFF"),
            Map.entry("io.debezium.connector.mariadb", "ERROR"),
            Map.entry("io.debezium.connector.mysql", "ERROR"),
            Map.entry("io.debezium.connector.mongodb", "OFF"),
            Map.entry("io.debezium.connector.oracle.OracleConnector", "OFF"),
            Map.entry("io.debezium.connector.sqlserver", "ERROR"),
            Map.entry("io.debezium.connector.sqlserver.SqlServerConnector", "OFF"),
            Map.entry("io.debezium.connector.postgresql", "ERROR"),
            Map.entry("io.debezium.connector.postgresql.connection", "OFF"),
            Map.entry("io.debezium.embedded.async", "OFF"),
            Map.entry("io.debezium.jdbc", "OFF"),
            Map.entry("io.debezium.pipeline.ErrorHandler", "OFF"),
            Map.entry("io.debezium.server.ConnectorLifecycle", "OFF"),
            Map.entry("io.debezium.snapshot", "ERROR"),
            Map.entry("io.debezium.util.Threads", "OFF"),
            Map.entry("io.quarkus", "WARN"),
            // A line for each question while the answer is no; the alarms are said once, by Firn.
            Map.entry("io.smallrye.health", "WARN"),
            Map.entry("org.apache.hadoop", "ERROR"),
            Map.entry("org.apache.iceberg", "WARN"),
            Map.entry("org.apache.iceberg.util.Tasks", "ERROR"),
            Map.entry("org.apache.kafka", "ERROR"),
            Map.entry("org.apache.parquet", "ERROR"),
            Map.entry("org.mongodb.driver", "ERROR"))
        .forEach((category, level) ->
            levels.put("quarkus.log.category.\"%s\".level".formatted(category), level));
    return levels;
  }

  /** What the settings of the given kind of source are, whatever a file says. */
  static Map<String, String> fixed(Map<String, String> file) {
    Map<String, String> fixed = new HashMap<>();
    SourceKind kind = SourceKind.of(file);
    fixed.put(SOURCE_PREFIX + "connector.class", kind.ownConnector());
    fixed.put(SOURCE_PREFIX + "offset.storage", LakeOffsetStore.class.getName());
    // Signals are taken by Firn; Debezium's own snapshots would show half a table.
    fixed.put(SOURCE_PREFIX + "signal.enabled.channels", "firn");
    fixed.put(SOURCE_PREFIX + "include.unknown.datatypes", "true");
    // By default a value that cannot be converted becomes null, with a line in the log.
    fixed.put(SOURCE_PREFIX + "event.converting.failure.handling.mode", "fail");
    switch (kind) {
      case POSTGRES, MARIADB, MYSQL -> fixed.putAll(converting(kind, file));
      case SQLSERVER -> fixed.putAll(other(FIXED_SQL_SERVER));
      case MONGODB -> fixed.putAll(other(FIXED_MONGODB));
      case ORACLE -> fixed.putAll(other(FIXED_ORACLE));
    }
    return fixed;
  }

  private static Map<String, String> other(Map<String, String> ofKind) {
    Map<String, String> fixed = new HashMap<>();
    ofKind.forEach((key, value) -> fixed.put(SOURCE_PREFIX + key, value));
    fixed.put(
        SOURCE_PREFIX + OtherSource.AS_TEXT, "${" + SinkSettings.PREFIX + ColumnForms.TEXT + ":}");
    return fixed;
  }

  private static Map<String, String> converting(SourceKind kind, Map<String, String> file) {
    Map<String, String> fixed = new HashMap<>();
    String values = kind == SourceKind.POSTGRES ? PostgresValues.NAME : BinlogValues.NAME;
    String own = file.getOrDefault(SOURCE_PREFIX + "converters", "").strip();
    fixed.put(SOURCE_PREFIX + "converters", own.isEmpty() ? values : own + "," + values);
    ColumnForms.keys()
        .forEach(key ->
            fixed.put(SOURCE_PREFIX + values + "." + key, "${" + SinkSettings.PREFIX + key + ":}"));
    fixed.putAll(kind == SourceKind.POSTGRES ? fixedPostgres() : fixedBinlog());
    if (kind == SourceKind.MYSQL) {
      // Its driver looks for a name of the server's zone otherwise, which it may not know.
      fixed.put(SOURCE_PREFIX + "database.connectionTimeZone", "UTC");
    }
    return fixed;
  }

  private static Map<String, String> fixedBinlog() {
    return Map.of(
        SOURCE_PREFIX + BinlogValues.NAME + ".type",
        BinlogValues.class.getName(),
        SOURCE_PREFIX + "schema.history.internal",
        LakeSchemaHistory.class.getName(),
        SOURCE_PREFIX + "include.schema.changes",
        "true",
        // Times of the type TIMESTAMP are read as of this zone.
        SOURCE_PREFIX + "driver.sessionVariables",
        "time_zone='+00:00'",
        SOURCE_PREFIX + MAX_SILENCE,
        "${" + SinkSettings.PREFIX + SourceAlarms.MAX_SILENCE + ":30s}");
  }

  private static Map<String, String> fixedPostgres() {
    Map<String, String> fixed = new HashMap<>();
    fixed.put(SOURCE_PREFIX + PostgresValues.NAME + ".type", PostgresValues.class.getName());
    fixed.put(
        SOURCE_PREFIX + PostgresValues.NAME + "." + PostgresValues.PLACEHOLDER,
        "${" + SOURCE_PREFIX + "unavailable.value.placeholder}");
    return fixed;
  }

  /** The keys below a prefix, without it, and their values with all expressions resolved. */
  static Map<String, String> below(Config config, String prefix) {
    Map<String, String> values = new HashMap<>();
    for (String name : config.getPropertyNames()) {
      // The environment's names are ambiguous (A_B_C); its values are found under the plain names.
      if (name.startsWith(prefix)
          && name.length() > prefix.length()
          && !isFromEnvironment(config, name)) {
        Optional.ofNullable(config.getConfigValue(name).getValue())
            .ifPresent(value -> values.put(name.substring(prefix.length()), value));
      }
    }
    return values;
  }

  private static boolean isFromEnvironment(Config config, String name) {
    for (ConfigSource source : config.getConfigSources()) {
      if (source.getPropertyNames().contains(name)) {
        return source.getName().startsWith("EnvConfigSource");
      }
    }
    return false;
  }

  /**
   * Refuses what would make the pipeline silently wrong.
   *
   * @param values of all keys, with their prefixes
   */
  static void check(Map<String, String> values) {
    Set<String> keys = new HashSet<>(values.keySet());
    for (String key : keys) {
      String value = values.getOrDefault(key, "");
      if (key.startsWith("debezium.transforms") || key.startsWith("debezium.predicates")) {
        throw new SettingsException(
            "%s: Firn reads Debezium's own change events, transforms are not possible; remove it"
                .formatted(key));
      }
      if (key.startsWith("debezium.sink.batch.")) {
        throw new SettingsException(
            "%s has no meaning in Firn: batches end with transactions, see %scommit.interval-min; remove it"
                .formatted(key, SinkSettings.PREFIX));
      }
      if (LOSING.contains(key)) {
        throw new SettingsException(
            "%s: changes that it leaves out would be missing in the lake without a word; remove it"
                .formatted(key));
      }
      requireOneOf(key, value);
    }
  }

  private static void requireOneOf(String key, String value) {
    List<String> allowed =
        switch (key) {
          case "debezium.sink.type" -> List.of("iceberg");
          case "debezium.format.key", "debezium.format.value", "debezium.format.header" ->
              List.of("connect");
          case "debezium.source.connector.class" -> SourceKind.connectors();
          case "debezium.source.offset.storage" -> List.of(LakeOffsetStore.class.getName());
          case "debezium.source.provide.transaction.metadata" -> List.of("true");
          case "debezium.source.plugin.name" -> List.of("pgoutput");
          case "debezium.source.snapshot.mode" -> List.of("initial", "no_data");
          case "debezium.source.slot.drop.on.stop", "debezium.source.publish.via.partition.root" ->
              List.of("false");
          case "debezium.source.lsn.flush.mode" -> List.of("connector");
          case "debezium.source.tasks.max", "debezium.source.snapshot.max.threads" -> List.of("1");
          // With large values Debezium refuses another one.
          case "debezium.source.log.mining.strategy" ->
              List.of("redo_log_catalog", "online_catalog");
          // Transactions that are longer, or larger, would be given up.
          case "debezium.source.log.mining.transaction.retention.ms",
              "debezium.source.log.mining.window.max.ms",
              "debezium.source.log.mining.buffer.transaction.events.threshold" ->
              List.of("0");
          // Without a lock what is read is not as of one place in the log.
          case "debezium.source.snapshot.locking.mode" ->
              List.of("shared", "minimal", "extended", "exclusive");
          // Others may read a row twice, or never.
          case "debezium.source.snapshot.isolation.mode" ->
              List.of("snapshot", "repeatable_read", "exclusive");
          case "debezium.source.inconsistent.schema.handling.mode",
              "debezium.source.event.processing.failure.handling.mode" ->
              List.of("fail");
          default -> List.of();
        };
    if (!allowed.isEmpty() && !allowed.contains(value)) {
      throw new SettingsException(
          "%s=%s: Firn needs %s; remove it".formatted(key, value, String.join(" or ", allowed)));
    }
  }

  private record Given(String name, int ordinal, Map<String, String> values)
      implements ConfigSource {
    @Override
    public Map<String, String> getProperties() {
      return values;
    }

    @Override
    public Set<String> getPropertyNames() {
      return values.keySet();
    }

    @Override
    public int getOrdinal() {
      return ordinal;
    }

    @Override
    public @Nullable String getValue(String key) {
      return values.get(key);
    }

    @Override
    public String getName() {
      return name;
    }
  }
}
