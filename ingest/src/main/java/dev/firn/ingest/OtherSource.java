package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.MongoLog;
import dev.firn.ingest.log.OracleLog;
import dev.firn.ingest.log.SourceLog;
import dev.firn.ingest.log.SqlServerLog;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import io.debezium.relational.Selectors;
import io.debezium.relational.TableId;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A database of which Firn knows only what Debezium's own connector tells: its initial snapshot,
 * its events, their schemas. None of its tables is read beside the stream, and nothing is asked of
 * it but which tables it does not record.
 */
final class OtherSource implements Source {
  /** Property of a source: {@code columns.as-text} of the sink. */
  static final String AS_TEXT = "firn.columns.as-text";

  private static final Logger LOG = LoggerFactory.getLogger(OtherSource.class);

  private final SourceKind kind;
  private final Unrecorded.Asked asked;
  private final Map<String, String> properties;
  private final ColumnRules rules;
  private final ColumnForms texts;
  private final Predicate<TableId> filter;
  private final MongoDocuments documents = new MongoDocuments();
  private volatile EventTables tables = new EventTables();
  private volatile ToldStatements statements = new ToldStatements(tables);

  /**
   * @param properties of Debezium's connector, without prefix
   * @param rules what becomes of its columns before they are written
   * @throws SettingsException something is missing, or cannot be so
   */
  OtherSource(SourceKind kind, Map<String, String> properties, ColumnRules rules) {
    this(kind, properties, rules, Unrecorded.of(kind, properties)::tables);
  }

  /**
   * The same.
   *
   * @param asked for the tables whose changes it does not record
   */
  OtherSource(
      SourceKind kind, Map<String, String> properties, ColumnRules rules, Unrecorded.Asked asked) {
    this.asked = requireNonNull(asked, "asked is null");
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
      case POSTGRES, MARIADB, MYSQL, SQLSERVER, ORACLE ->
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
      throw new PipelineException(withoutKey(table));
    }
    tables.whole(table);
    boolean unused = tables.put(table, event);
    return captured(table, event);
  }

  private String withoutKey(SourceTable table) {
    return kind == SourceKind.ORACLE
        ? "table %s has no primary key: Debezium puts a row and its large values together by the key, and would take one row's for another's; give it a primary key, or leave it out with %stable.exclude.list=%s"
            .formatted(table, ServerConfig.SOURCE_PREFIX, table)
        : "table %s has no primary key: what was committed shortly before the initial snapshot comes once more behind it, and could not be told from other rows; name columns that identify a row with %smessage.key.columns=%s:COLUMN, or leave it out with %stable.exclude.list=%s"
            .formatted(table, ServerConfig.SOURCE_PREFIX, table, ServerConfig.SOURCE_PREFIX, table);
  }

  @Override
  public void definedInSnapshot(Struct found) {
    EventTables known = tables;
    found
        .getArray("tableChanges")
        .forEach(table -> known.whole(SourceTable.ofId(((Struct) table).getString("id"))));
    if (kind == SourceKind.ORACLE) {
      statements.found(found);
    }
  }

  /** In SQL Server and MongoDB what has become of the columns is told by the next event's own. */
  @Override
  public void defined(Struct change) {
    if (kind == SourceKind.ORACLE) {
      statements.take(change);
    }
  }

  private CapturedTable captured(SourceTable table, ColumnPlan.Event event) {
    return new CapturedTable(table, event.row(), List.copyOf(event.key()), Set.of(), rules, texts);
  }

  @Override
  public SourceLog log() {
    return switch (kind) {
      case MONGODB -> new MongoLog();
      case ORACLE -> new OracleLog();
      case POSTGRES, MARIADB, MYSQL, SQLSERVER -> new SqlServerLog();
    };
  }

  @Override
  public String place() {
    return switch (kind) {
      case MONGODB -> OtherSettings.withoutSecrets(text("mongodb.connection.string"));
      case ORACLE ->
          text("database.pdb.name").isEmpty()
              ? server(text("database.dbname"))
              : server("%s/%s".formatted(text("database.dbname"), text("database.pdb.name")));
      case POSTGRES, MARIADB, MYSQL, SQLSERVER -> server(text("database.names"));
    };
  }

  private String server(String database) {
    return "%s:%s/%s"
        .formatted(
            text("database.hostname"),
            properties.getOrDefault("database.port", Integer.toString(kind.port())),
            database);
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

  /** Only Oracle leaves values out: large ones that an update has not changed. */
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

  /**
   * SQL Server records a new column from some time after it was made. In Oracle the statement has
   * told, and was refused if it gave values to the rows that there were.
   */
  @Override
  public boolean mayHaveFilled(SourceTable table, String column) {
    return kind != SourceKind.ORACLE;
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
    requireRecorded();
    EventTables known = EventTables.of(pipeline);
    boolean streams = pipeline.offset().isPresent();
    if (streams) {
      known.retain(this::captures);
    } else {
      known.beginAgain();
    }
    tables = known;
    statements = new ToldStatements(known);
    return new OtherFollowing(known, history(pipeline, streams), streams);
  }

  /** What could not be asked is left to the connector, which says more. */
  private void requireRecorded() {
    try {
      List<SourceTable> missing = unrecorded();
      if (!missing.isEmpty()) {
        throw new SettingsException("%s: %s".formatted(unrecorded(missing), ways(missing)));
      }
    } catch (SQLException e) {
      LOG.warn(
          "{} could not be asked which tables it records the changes of: {}",
          place(),
          ConnectionLoss.reason(e));
    }
  }

  private List<SourceTable> unrecorded() throws SQLException {
    return asked.unrecorded().stream().filter(this::captures).toList();
  }

  private static String unrecorded(List<SourceTable> tables) {
    return "the source does not record all changes of %s, which would be read once and then stay as they were"
        .formatted(String.join(", ", tables.stream().map(SourceTable::toString).toList()));
  }

  private String ways(List<SourceTable> tables) {
    return "run %s, or leave out what is not to be followed with %stable.exclude.list; what has changed meanwhile needs firn resnapshot --all --new-slot"
        .formatted(
            String.join("; ", tables.stream().map(each -> Unrecorded.way(kind, each)).toList()),
            ServerConfig.SOURCE_PREFIX);
  }

  private StatementHistory history(Pipeline pipeline, boolean streams) {
    if (!streams || kind == SourceKind.MONGODB) {
      return new StatementHistory(kind);
    }
    return pipeline
        .note(StatementHistory.NOTE)
        .map(note -> StatementHistory.read(kind, note))
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
    Check settings =
        Check.warn(
            "source",
            place(),
            "little more than the settings was looked at: docs/SOURCES.md says what this database needs");
    return kind == SourceKind.MONGODB ? List.of(settings) : List.of(settings, recording());
  }

  private Check recording() {
    String name = "recorded changes";
    try {
      List<SourceTable> missing = unrecorded();
      return missing.isEmpty()
          ? Check.ok(name, "those of all captured tables that the user sees")
          : Check.failed(name, unrecorded(missing), ways(missing));
    } catch (SQLException e) {
      return Check.failed(
          name,
          "cannot ask %s: %s".formatted(place(), ConnectionLoss.reason(e)),
          "see that the server is up and reachable from here, and that user, password and database are right");
    }
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
