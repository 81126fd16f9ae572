package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.MongoLog;
import dev.firn.ingest.log.SourceLog;
import dev.firn.ingest.log.SqlServerLog;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import io.debezium.relational.Selectors;
import io.debezium.relational.TableId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * A database of which Firn knows only what Debezium's own connector tells: its initial snapshot,
 * its events, their schemas. Nothing is asked of it, and none of its tables is read beside the
 * stream.
 */
final class OtherSource implements Source {
  /** Property of a source: {@code columns.as-text} of the sink. */
  static final String AS_TEXT = "firn.columns.as-text";

  private final SourceKind kind;
  private final Map<String, String> properties;
  private final ColumnRules rules;
  private final ColumnForms texts;
  private final Predicate<TableId> filter;
  private final MongoDocuments documents = new MongoDocuments();
  private volatile EventTables tables = new EventTables();

  /**
   * @param properties of Debezium's connector, without prefix
   * @param rules what becomes of its columns before they are written
   * @throws SettingsException something is missing, or cannot be so
   */
  OtherSource(SourceKind kind, Map<String, String> properties, ColumnRules rules) {
    this.kind = requireNonNull(kind, "kind is null");
    this.properties = Map.copyOf(properties);
    this.rules = requireNonNull(rules, "rules is null");
    OtherSettings.check(kind, properties);
    this.texts = ColumnForms.ofText(text(AS_TEXT));
    this.filter = filter();
  }

  private String text(String key) {
    return properties.getOrDefault(key, "").strip();
  }

  /** As the connector itself filters: the schema of a collection of MongoDB is its database. */
  private Predicate<TableId> filter() {
    return switch (kind) {
      case MONGODB ->
          Selectors.tableSelector()
              .includeSchemas(text("database.include.list"))
              .excludeSchemas(text("database.exclude.list"))
              .includeTables(text("collection.include.list"))
              .excludeTables(text("collection.exclude.list"))
              .build();
      case POSTGRES, MARIADB, MYSQL, SQLSERVER ->
          Selectors.tableSelector()
              .includeSchemas(text("schema.include.list"))
              .excludeSchemas(text("schema.exclude.list"))
              .includeTables(text("table.include.list"))
              .excludeTables(text("table.exclude.list"))
              .build();
    };
  }

  @Override
  public Optional<EventTables> told() {
    return Optional.of(tables);
  }

  @Override
  public SourceRecord normal(SourceRecord event) {
    return kind == SourceKind.MONGODB ? documents.asRows(event) : event;
  }

  /**
   * A table of which the first event comes.
   *
   * @param isRead whether the initial snapshot reads it now
   * @throws PipelineException it has rows that no event tells of, or its rows cannot be told apart
   */
  @Override
  public CapturedTable begun(SourceTable table, ColumnPlan.Event event, boolean isRead) {
    boolean isWhole = isRead || kind == SourceKind.MONGODB || tables.isWhole(table);
    if (!isWhole) {
      throw new PipelineException(
          SourceLoss.of(
              "table %s was not there when the initial snapshot was read, and may have rows from before its changes were recorded"
                  .formatted(table),
              "leave it out with %stable.exclude.list".formatted(ServerConfig.SOURCE_PREFIX)));
    }
    if (event.key().isEmpty()) {
      throw new PipelineException(
          "table %s has no primary key: what was committed shortly before the initial snapshot comes once more behind it, and could not be told from other rows; name columns that identify a row with %smessage.key.columns=%s:COLUMN, or leave it out with %stable.exclude.list=%s"
              .formatted(
                  table, ServerConfig.SOURCE_PREFIX, table, ServerConfig.SOURCE_PREFIX, table));
    }
    tables.whole(table);
    boolean unused = tables.put(table, event);
    return captured(table, event);
  }

  private CapturedTable captured(SourceTable table, ColumnPlan.Event event) {
    return new CapturedTable(table, event.row(), List.copyOf(event.key()), Set.of(), rules, texts);
  }

  @Override
  public SourceLog log() {
    return switch (kind) {
      case MONGODB -> new MongoLog();
      case POSTGRES, MARIADB, MYSQL, SQLSERVER -> new SqlServerLog();
    };
  }

  @Override
  public String place() {
    return kind == SourceKind.MONGODB
        ? OtherSettings.withoutSecrets(text("mongodb.connection.string"))
        : "%s:%s/%s"
            .formatted(
                text("database.hostname"),
                properties.getOrDefault("database.port", Integer.toString(kind.port())),
                text("database.names"));
  }

  @Override
  public String topicPrefix() {
    return text("topic.prefix");
  }

  @Override
  public Optional<SourceTable> signals() {
    return Optional.empty();
  }

  @Override
  public boolean captures(SourceTable table) {
    return filter.test(new TableId(null, table.schema(), table.name()));
  }

  @Override
  public Optional<Path> signalFile() {
    return Optional.empty();
  }

  /** Whole rows come: nothing stands for a value that was not sent. */
  @Override
  public ColumnType.Placeholder placeholder() {
    return ColumnType.Placeholder.of(ServerConfig.PLACEHOLDER);
  }

  /** Debezium looks at most every few seconds, and what it looks at is filled as seldom. */
  @Override
  public Duration patience() {
    return Duration.ofMinutes(1);
  }

  @Override
  public boolean readsInitialSnapshot() {
    return true;
  }

  /** Those of which events have come. */
  @Override
  public List<CapturedTable> tables() {
    EventTables known = tables;
    return tableNames().stream()
        .map(table -> captured(table, known.of(table).orElseThrow()))
        .toList();
  }

  @Override
  public List<SourceTable> tableNames() {
    return tables.named().stream().filter(this::captures).toList();
  }

  @Override
  public Optional<CapturedTable> find(SourceTable table) {
    return Optional.empty();
  }

  /** SQL Server records a new column from some time after it was made. */
  @Override
  public boolean mayHaveFilled(SourceTable table, String column) {
    return true;
  }

  @Override
  public boolean tellsKeysOfNow() {
    return false;
  }

  @Override
  public void requireReachable() {}

  @Override
  public SourceLook look() {
    return new Unasked();
  }

  @Override
  public SourceLook patientLook() {
    return new Unasked();
  }

  @Override
  public TableScan scan(List<SourceTable> scanned) {
    throw new IllegalStateException("tables of %s are not read".formatted(kind));
  }

  @Override
  public Following follow(Pipeline pipeline) {
    EventTables known = EventTables.of(pipeline);
    boolean streams = pipeline.offset().isPresent();
    if (streams) {
      known.retain(this::captures);
    } else {
      known.beginAgain();
    }
    tables = known;
    return new OtherFollowing(known, statements(pipeline, streams), streams);
  }

  private StatementHistory statements(Pipeline pipeline, boolean streams) {
    if (!streams || kind == SourceKind.MONGODB) {
      return new StatementHistory();
    }
    return pipeline
        .note(StatementHistory.NOTE)
        .map(StatementHistory::read)
        .orElseThrow(() ->
            new SettingsException(
                SourceLoss.of(
                    "the control table lacks the definitions of the source's tables, without which its log cannot be read")));
  }

  @Override
  public Optional<String> slotName() {
    return Optional.empty();
  }

  @Override
  public Optional<ReplicationSlot.State> slotState() {
    return Optional.empty();
  }

  @Override
  public Optional<String> follower() {
    return Optional.empty();
  }

  @Override
  public void ask(String pipeline, List<SourceTable> asked) {
    throw new SettingsException(
        "single tables of this source cannot be read again; stop the pipeline, run firn resnapshot --all --new-slot and start it: all tables are read anew and take the place of the old rows at once");
  }

  /** What the events have said of the tables stays: they are emptied where they have no rows. */
  @Override
  public Set<String> notes() {
    return Set.of(StatementHistory.NOTE);
  }

  @Override
  public List<FoundTable> found() {
    throw new SettingsException("firn init does not know this source: see docs/SOURCES.md");
  }

  @Override
  public List<Check> checks(KeylessTables keyless) {
    return List.of(
        Check.warn(
            "source",
            place(),
            "only the settings were looked at: Firn does not ask this database; docs/SOURCES.md says what it needs"));
  }

  /** What can be said without asking: that the known tables are there. */
  private final class Unasked implements SourceLook {
    @Override
    public SourceView view() {
      return transaction -> true;
    }

    @Override
    public List<TableWatch.Seen> tables() {
      return tableNames().stream().map(table -> new TableWatch.Seen(table, 0, true)).toList();
    }

    @Override
    public void close() {}
  }
}
