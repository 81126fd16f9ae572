package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.CommitLoop;
import dev.firn.writer.Lake;
import dev.firn.writer.Patience;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.PipelineSettings.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.catalog.Namespace;

/**
 * The sink's settings: the keys under {@value #PREFIX}, parsed and validated once.
 *
 * @param pipeline names the pipeline, its control table and, by default, its slot and publication
 * @param catalogName the catalog's name, which some catalogs store with each table
 * @param catalog the catalog's properties, as Iceberg takes them
 * @param routing how source tables are named in the lake
 * @param layouts how tables are partitioned and sorted there
 * @param columnRules which columns are masked or dropped before they are written
 * @param columnForms which columns become text or variants
 * @param changelogs which source tables have a changelog
 * @param schemaChanges what becomes of changes of the source tables' columns
 * @param badEvents what becomes of events that their tables cannot take
 * @param keylessTables what becomes of tables whose rows nothing tells apart
 * @param commitInterval no commit starts sooner than this after the one before
 * @param maxCommitAge no commit for longer than this, while work waits, is an alarm
 * @param tableHealthInterval how often the tables' health is looked at
 * @param sourceAlarms when the source is given up or complained about
 * @param maintenance how the tables are compacted, their history thinned out
 * @param memoryBytes budget for events that are not committed yet
 * @param largeTransactionBytes a transaction of more bytes is written as it arrives
 */
public record SinkSettings(
    PipelineSettings pipeline,
    String catalogName,
    Map<String, String> catalog,
    TableRouting routing,
    TableLayouts layouts,
    ColumnRules columnRules,
    ColumnForms columnForms,
    ChangelogTables changelogs,
    SchemaChanges schemaChanges,
    BadEvents badEvents,
    KeylessTables keylessTables,
    Duration commitInterval,
    Duration maxCommitAge,
    Duration tableHealthInterval,
    SourceAlarms sourceAlarms,
    MaintenanceConfig maintenance,
    long memoryBytes,
    long largeTransactionBytes) {
  public static final String PREFIX = "debezium.sink.iceberg.";

  private static final Duration LOCAL_COMMIT_INTERVAL = Duration.ofMillis(200);
  private static final Duration OBJECT_STORE_COMMIT_INTERVAL = Duration.ofSeconds(1);
  private static final Duration DEFAULT_MAX_COMMIT_AGE = Duration.ofMinutes(1);
  private static final Duration LEAST_MAX_COMMIT_AGE = Duration.ofSeconds(1);
  static final long DEFAULT_TARGET_FILE_BYTES = 128L << 20;
  private static final long MIN_MEMORY_BYTES = 1L << 20;
  private static final String TABLE_PREFIX = "table.";
  private static final String MAX_AGE = "commit.max-age";
  private static final String ATOMIC = "commit.atomic";
  private static final String RETRY = "retry.max-duration";
  private static final String REQUEST = "retry.request-timeout";
  private static final Duration DEFAULT_REQUEST_TIMEOUT = Duration.ofMinutes(2);
  private static final Duration LEAST_REQUEST_TIMEOUT = Duration.ofMillis(100);
  private static final String TABLE_HEALTH = "table-health.interval";
  private static final Duration DEFAULT_TABLE_HEALTH = Duration.ofMinutes(1);
  private static final Duration LEAST_TABLE_HEALTH = Duration.ofSeconds(1);

  /** Keys whose values are ours to read. */
  private static final Set<String> OWN_KEYS =
      withMaintenance(
          Set.of(
              "pipeline",
              "dir",
              "catalog-name",
              "control-namespace",
              "format-version",
              "table-namespace",
              "table-prefix",
              "destination-regexp",
              "destination-regexp-replace",
              "destination-uppercase-table-names",
              "destination-lowercase-table-names",
              "changelog",
              "changelog.exclude.list",
              SchemaChanges.KEY,
              ColumnForms.TEXT,
              ColumnForms.VARIANT,
              ColumnForms.GEOMETRY,
              ColumnForms.SYSTEM,
              BadEvents.KEY,
              KeylessTables.KEY,
              "commit.interval-min",
              ATOMIC,
              MAX_AGE,
              RETRY,
              REQUEST,
              SourceAlarms.MAX_SILENCE,
              SourceAlarms.MAX_RETAINED,
              TABLE_HEALTH,
              "memory",
              "transaction.max-bytes-in-memory",
              "key-index.memory",
              "key-index.folder",
              "target-file-size",
              "write.format.default"));

  /** Keys that go to Iceberg's catalog and file I/O as they are. */
  private static final Set<String> CATALOG_KEYS =
      Set.of(
          "type",
          "catalog-impl",
          "uri",
          "ref",
          "warehouse",
          "io-impl",
          "clients",
          "cache-enabled",
          "cache.expiration-interval-ms",
          "cache.case-sensitive",
          "client-pool-cache-keys",
          "credential",
          "token",
          "scope",
          "audience",
          "resource",
          "oauth2-server-uri",
          "token-refresh-enabled",
          "token-exchange-enabled",
          "prefix",
          "snapshot-loading-mode",
          "lock-impl",
          "metrics-reporter-impl",
          "unique-table-location",
          "auth.session-timeout-ms",
          "token-expires-in-ms",
          "scan-planning-mode",
          "namespace-separator",
          "view-endpoints-supported",
          "app-id",
          "app-name",
          "user");

  private static final Set<String> CATALOG_PREFIXES =
      Set.of(
          "s3.",
          "client.",
          "glue.",
          "dynamodb.",
          "jdbc.",
          "rest.",
          "rest-",
          "header.",
          "http-client.",
          "gcs.",
          "adls.",
          "nessie.",
          "lock.",
          "io.",
          "kms.",
          "lakeformation.",
          "encryption.");

  /** Keys of memiiso/debezium-server-iceberg that mean nothing here, and what there is instead. */
  private static final Map<String, String> NOT_HERE =
      Map.ofEntries(
          Map.entry("upsert", "a table with a key always holds the current rows; remove it"),
          Map.entry("upsert-keep-deletes", "a deleted row is deleted in the table; remove it"),
          Map.entry(
              "upsert-use-dv",
              "deletes are always deletion vectors (format-version=3) or position deletes"
                  + " (format-version=2); remove it"),
          Map.entry("upsert-dedup-column", "changes are folded in source commit order; remove it"),
          Map.entry("upsert-op-field", "tables carry no column for the operation; remove it"),
          Map.entry(
              "table-mapper",
              "tables are named by table-namespace, table-prefix and destination-regexp"),
          Map.entry(
              "create-identifier-fields",
              "the key columns are always identifier fields; remove it"),
          Map.entry(
              "allow-field-addition", "new columns are followed; schema.changes=stop does not"),
          Map.entry("excluded-columns", "use columns.drop, or debezium.source.column.exclude.list"),
          Map.entry(
              "preserve-required-property",
              "key columns are required, all others optional; remove it"),
          Map.entry("nested-as-variant", "events are never stored nested; remove it"),
          Map.entry(
              "openlineage-enabled", "the position is in every snapshot's summary; remove it"),
          Map.entry(
              "partition-by",
              "partitions are set for each table, as tables.<schema>.<table>.partition-by"));

  public SinkSettings {
    requireNonNull(pipeline, "pipeline is null");
    requireNonNull(catalogName, "catalogName is null");
    catalog = Map.copyOf(catalog);
    requireNonNull(routing, "routing is null");
    requireNonNull(layouts, "layouts is null");
    requireNonNull(columnRules, "columnRules is null");
    requireNonNull(columnForms, "columnForms is null");
    requireNonNull(schemaChanges, "schemaChanges is null");
    requireNonNull(changelogs, "changelogs is null");
    requireNonNull(badEvents, "badEvents is null");
    requireNonNull(keylessTables, "keylessTables is null");
    requireNonNull(commitInterval, "commitInterval is null");
    requireNonNull(maxCommitAge, "maxCommitAge is null");
    requireNonNull(tableHealthInterval, "tableHealthInterval is null");
    requireNonNull(sourceAlarms, "sourceAlarms is null");
    requireNonNull(maintenance, "maintenance is null");
  }

  /**
   * Parses the sink's keys, given without the prefix.
   *
   * @param maxHeapBytes the heap of this JVM, of which the budgets are a share by default
   * @throws SettingsException naming the key, its value and what is allowed
   */
  public static SinkSettings parse(Map<String, String> given, long maxHeapBytes) {
    Keys keys = new Keys(PREFIX, given);
    Map<String, String> catalog = new HashMap<>();
    Map<String, String> table = new HashMap<>();
    given.forEach((key, value) -> {
      if (AwsKeys.isMistyped(key, given)) {
        throw refused(key, value);
      } else if (isCatalogKey(key)) {
        catalog.put(key, value);
      } else if (key.startsWith(TABLE_PREFIX)) {
        table.put(key.substring(TABLE_PREFIX.length()), value);
      } else if (!OWN_KEYS.contains(key)
          && !TableLayouts.isOne(key)
          && !ColumnRules.isOne(key)
          && !ShardRoutes.isOne(key)) {
        throw refused(key, value);
      }
    });
    if (!keys.text("write.format.default").orElse("parquet").equalsIgnoreCase("parquet")) {
      throw keys.illValued("write.format.default", "parquet is the one format that Firn writes");
    }
    Optional<String> dir = keys.text("dir");
    if (dir.isPresent() && !catalog.isEmpty()) {
      throw keys.illValued(
          "dir",
          "it names an embedded lake; either that or a catalog of your own (%s), not both"
              .formatted(String.join(", ", new TreeMap<>(catalog).keySet())));
    }
    if (dir.isPresent()) {
      catalog.putAll(Lake.embedded(keys.folder("dir", dir.orElseThrow())));
    } else if (!catalog.containsKey("type") && !catalog.containsKey("catalog-impl")) {
      throw new SettingsException(
          "no lake is configured: set %sdir=FOLDER for an embedded one, or %stype (or %scatalog-impl) and the other properties of an Iceberg catalog"
              .formatted(PREFIX, PREFIX, PREFIX));
    }
    requireSafeCommits(keys, catalog);
    long memory =
        keys.bytes("memory", MIN_MEMORY_BYTES).orElse(Math.max(MIN_MEMORY_BYTES, maxHeapBytes / 6));
    return new SinkSettings(
        pipeline(keys, table, maxHeapBytes),
        keys.text("catalog-name").orElse(Lake.DEFAULT_NAME),
        LakeTimeouts.in(
            AwsProfile.in(catalog),
            atLeast(keys, REQUEST, LEAST_REQUEST_TIMEOUT, DEFAULT_REQUEST_TIMEOUT)),
        TableRouting.parse(keys),
        TableLayouts.parse(given),
        ColumnRules.parse(keys),
        ColumnForms.parse(keys),
        ChangelogTables.parse(keys),
        SchemaChanges.parse(keys),
        BadEvents.parse(keys),
        KeylessTables.parse(keys),
        keys.duration("commit.interval-min").orElse(defaultInterval(catalog)),
        atLeast(keys, MAX_AGE, LEAST_MAX_COMMIT_AGE, DEFAULT_MAX_COMMIT_AGE),
        atLeast(keys, TABLE_HEALTH, LEAST_TABLE_HEALTH, DEFAULT_TABLE_HEALTH),
        SourceAlarms.parse(keys),
        MaintenanceConfig.parse(keys),
        memory,
        keys.bytes("transaction.max-bytes-in-memory", 1).orElse(memory / 4));
  }

  /** It commits by renaming a file, which must fail where another process was first. */
  private static void requireSafeCommits(Keys keys, Map<String, String> catalog) {
    boolean isHadoop =
        "hadoop".equalsIgnoreCase(catalog.get("type"))
            || CatalogUtil.ICEBERG_CATALOG_HADOOP.equals(catalog.get("catalog-impl"));
    if (isHadoop && !catalog.getOrDefault("warehouse", "").startsWith("hdfs:")) {
      throw keys.illValued(
          "warehouse",
          "hdfs://...: on other storage a Hadoop catalog loses one of two commits at a time; take type=jdbc or type=rest, or dir for a local folder");
    }
  }

  /** Whether events may go to the quarantine. */
  boolean mayQuarantine() {
    return badEvents == BadEvents.QUARANTINE || schemaChanges == SchemaChanges.QUARANTINE;
  }

  /** The settings of the commit loop. */
  public CommitLoop.Settings commitLoop() {
    return new CommitLoop.Settings(commitInterval, memoryBytes);
  }

  /** Opens the catalog; values of properties that may be secret stay out of the messages. */
  @Override
  public String toString() {
    return "SinkSettings[pipeline=%s, catalog=%s, properties=%s]"
        .formatted(pipeline.name(), catalogName, new TreeMap<>(catalog).keySet());
  }

  private static PipelineSettings pipeline(
      Keys keys, Map<String, String> table, long maxHeapBytes) {
    String name = keys.text("pipeline").orElse("firn");
    if (!name.matches("[a-z0-9_]{1,50}")) {
      throw keys.illValued(
          "pipeline", "1 to 50 small letters, digits and '_' (it also names the slot)");
    }
    int format = keys.integer("format-version").orElse(3);
    if (format != 2 && format != 3) {
      throw keys.illValued("format-version", "3 (deletion vectors) or 2 (position deletes)");
    }
    String format2 = table.get(TableProperties.DEFAULT_FILE_FORMAT);
    if (format2 != null && !format2.equalsIgnoreCase("parquet")) {
      throw keys.illValued(
          TABLE_PREFIX + TableProperties.DEFAULT_FILE_FORMAT,
          "parquet is the one format that Firn writes");
    }
    if ("true".equalsIgnoreCase(table.get(TableProperties.PARQUET_SHRED_VARIANTS))) {
      throw keys.illValued(
          TABLE_PREFIX + TableProperties.PARQUET_SHRED_VARIANTS, TableLayouts.SHREDDED);
    }
    return new PipelineSettings(
        name,
        Namespace.of(keys.text("control-namespace").orElse("firn").split("\\.", -1)),
        format,
        table,
        keys.bytes("target-file-size", 1L << 20).orElse(DEFAULT_TARGET_FILE_BYTES),
        new PipelineSettings.KeyIndexSettings(
            keys.bytes("key-index.memory", 0).orElse(maxHeapBytes / 4),
            Path.of(keys.text("key-index.folder").orElse(System.getProperty("java.io.tmpdir")))),
        Patience.of(
            atLeast(keys, RETRY, Patience.LEAST, PipelineSettings.DEFAULT_PATIENCE.within())),
        keys.truth(ATOMIC).orElse(false) ? Visibility.WHOLE_BATCH : Visibility.EACH_TABLE);
  }

  private static Duration atLeast(Keys keys, String key, Duration least, Duration otherwise) {
    Duration set = keys.duration(key).orElse(otherwise);
    if (set.compareTo(least) < 0) {
      throw keys.illValued(
          key, "a duration such as 60s or 5m, at least %d ms".formatted(least.toMillis()));
    }
    return set;
  }

  private static Set<String> withMaintenance(Set<String> others) {
    Set<String> keys = new TreeSet<>(MaintenanceConfig.keys());
    keys.addAll(others);
    return keys;
  }

  private static boolean isCatalogKey(String key) {
    return CATALOG_KEYS.contains(key) || CATALOG_PREFIXES.stream().anyMatch(key::startsWith);
  }

  private static SettingsException refused(String key, String value) {
    String instead = NOT_HERE.get(key.startsWith("partition-by.") ? "partition-by" : key);
    if (instead != null) {
      return new SettingsException(
          "%s%s=%s has no meaning in Firn: %s".formatted(PREFIX, key, value, instead));
    }
    if (key.startsWith("write.")) {
      return new SettingsException(
          "%s%s is not a key; table properties are given as %s%s%s"
              .formatted(PREFIX, key, PREFIX, TABLE_PREFIX, key));
    }
    Set<String> known = new TreeSet<>(OWN_KEYS);
    known.addAll(CATALOG_KEYS);
    known.addAll(ColumnRules.keys());
    known.add(ColumnRules.TRUNCATE + "4");
    known.addAll(Set.of(ShardRoutes.COLUMN, ShardRoutes.IN_KEY));
    known.addAll(AwsKeys.known());
    return new SettingsException(
        "unknown key %s%s%s; the nearest known key is %s%s"
            .formatted(PREFIX, key, Keys.shown(key, value), PREFIX, Keys.nearest(key, known)));
  }

  private static Duration defaultInterval(Map<String, String> catalog) {
    String warehouse = catalog.getOrDefault("warehouse", "");
    boolean remote = warehouse.contains("://") && !warehouse.startsWith("file:");
    boolean rest = "rest".equals(catalog.get("type"));
    return remote || rest ? OBJECT_STORE_COMMIT_INTERVAL : LOCAL_COMMIT_INTERVAL;
  }
}
