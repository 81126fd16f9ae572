package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.ConnectorEvents.Change;
import dev.firn.ingest.ConnectorEvents.Shape;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import io.debezium.relational.history.ConnectTableChangeSerializer;
import io.debezium.relational.history.TableChanges;
import io.debezium.schema.SchemaFactory;
import io.debezium.schema.SchemaNameAdjuster;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * A recording of the SQL Server connector: its records in the order and with the offsets that
 * SqlServerStreamingChangeEventSource of Debezium 3.5 gives them.
 */
final class SqlServerEvents {
  static final String DATABASE = "sales";
  static final Map<String, String> PARTITION =
      Map.of("server", ConnectorEvents.TOPIC, "database", DATABASE);
  static final Schema SOURCE =
      ConnectorEvents.source("io.debezium.connector.sqlserver.Source")
          .field("schema", Schema.STRING_SCHEMA)
          .field("table", Schema.STRING_SCHEMA)
          .field("change_lsn", Schema.OPTIONAL_STRING_SCHEMA)
          .field("commit_lsn", Schema.OPTIONAL_STRING_SCHEMA)
          .field("event_serial_no", Schema.OPTIONAL_INT64_SCHEMA)
          .build();
  private static final ConnectTableChangeSerializer CHANGES =
      new ConnectTableChangeSerializer(SchemaNameAdjuster.NO_OP);
  private static final Schema DEFINED =
      SchemaBuilder.struct()
          .name("io.debezium.connector.sqlserver.SchemaChangeValue")
          .version(1)
          .field("source", SOURCE)
          .field("ts_ms", Schema.INT64_SCHEMA)
          .field("databaseName", Schema.OPTIONAL_STRING_SCHEMA)
          .field("schemaName", Schema.OPTIONAL_STRING_SCHEMA)
          .field("ddl", Schema.OPTIONAL_STRING_SCHEMA)
          .field(
              "tableChanges",
              SchemaBuilder.array(
                      SchemaFactory.get().schemaHistoryChangeSchema(SchemaNameAdjuster.NO_OP))
                  .build())
          .build();

  private final List<SourceRecord> records = new ArrayList<>();
  private final Map<String, Shape> shapes = new HashMap<>();
  private final int snapshotLsn;

  /** The transaction whose END has not been told yet. */
  private @Nullable String open;

  /**
   * @param snapshotLsn the number of the commit up to which the change tables were filled as the
   *     initial snapshot began
   */
  SqlServerEvents(int snapshotLsn) {
    this.snapshotLsn = snapshotLsn;
  }

  List<SourceRecord> records() {
    return List.copyOf(records);
  }

  static String lsn(int commit) {
    return "00000027:%08x:0002".formatted(commit);
  }

  /** From now on events of a table have these columns. */
  SqlServerEvents shape(String table, Schema row, String... key) {
    SchemaBuilder keys =
        SchemaBuilder.struct().name("%s.%s.Key".formatted(ConnectorEvents.TOPIC, table));
    for (String column : key) {
      keys.field(column, row.field(column).schema());
    }
    shapes.put(
        table, Shape.of("sales.dbo." + table, row, key.length == 0 ? null : keys.build(), SOURCE));
    return this;
  }

  /** The initial snapshot, or a new capture instance, tells of a table's definition. */
  SqlServerEvents defined(String table, boolean isInSnapshot) {
    TableId id = new TableId(DATABASE, "dbo", table);
    TableChanges changes = new TableChanges();
    changes.create(Table.editor().tableId(id).create());
    Struct value =
        new Struct(DEFINED)
            .put("source", source(table, isInSnapshot ? "true" : "false", null, snapshotLsn, 0))
            .put("ts_ms", 1_700_000_000_000L)
            .put("databaseName", DATABASE)
            .put("schemaName", "dbo")
            .put("tableChanges", CHANGES.serialize(changes));
    records.add(
        ConnectorEvents.record(
            PARTITION, isInSnapshot ? inSnapshot() : offset(snapshotLsn, 1, 1), null, value));
    return this;
  }

  /** A row that the initial snapshot reads; {@code snapshot} is first, true or last. */
  SqlServerEvents read(String snapshot, String table, Struct row) {
    records.add(change(table, "r", null, row, snapshot, inSnapshot(), snapshotLsn, 0));
    return this;
  }

  private Map<String, Object> inSnapshot() {
    Map<String, Object> offset = new HashMap<>();
    offset.put("snapshot", "INITIAL");
    offset.put("snapshot_completed", false);
    offset.put("commit_lsn", lsn(snapshotLsn));
    offset.put("change_lsn", null);
    offset.put("event_serial_no", 1L);
    return offset;
  }

  private Map<String, Object> offset(int commit, int change, long serial) {
    Map<String, Object> offset = new HashMap<>();
    offset.put("commit_lsn", lsn(commit));
    offset.put("change_lsn", "00000027:%08x:%04x".formatted(commit - 8, change));
    offset.put("event_serial_no", serial);
    return offset;
  }

  /** Looks for changes up to a commit, and finds none: a heartbeat tells how far it is. */
  SqlServerEvents nothingUpTo(int commit) {
    Map<String, Object> offset = new HashMap<>(offset(commit, 0, 1));
    offset.put("change_lsn", null);
    offset.put("event_serial_no", 0L);
    records.add(ConnectorEvents.heartbeat(PARTITION, offset));
    return this;
  }

  private Shape shape(String table) {
    return requireNonNull(shapes.get(table), "shape is null");
  }

  /** A transaction. Its END comes with the next one, and then has that one's offset. */
  SqlServerEvents transaction(int commit, Change... changes) {
    Map<String, Object> first = offset(commit, 2, 1);
    endOpen(first);
    open = lsn(commit);
    records.add(ConnectorEvents.begin(PARTITION, first, lsn(commit)));
    int place = 2;
    for (Change change : changes) {
      add(change, commit, place++);
    }
    return this;
  }

  private void add(Change change, int commit, int place) {
    records.addAll(
        ConnectorEvents.recordsOf(
            shape(change.table()),
            change,
            (op, before, after) ->
                change(
                    change.table(),
                    op,
                    before,
                    after,
                    "false",
                    offset(commit, place, 1),
                    commit,
                    place)));
  }

  private void endOpen(Map<String, Object> at) {
    if (open != null) {
      records.add(ConnectorEvents.end(PARTITION, at, open));
      open = null;
    }
  }

  private SourceRecord change(
      String table,
      String op,
      @Nullable Struct before,
      @Nullable Struct after,
      String snapshot,
      Map<String, Object> offset,
      int commit,
      int place) {
    Shape shape = shape(table);
    Struct row = requireNonNull(after == null ? before : after, "row is null");
    return ConnectorEvents.record(
        PARTITION,
        offset,
        shape.keyOf(row),
        ConnectorEvents.value(
            shape, op, before, after, source(table, snapshot, place, commit, place)));
  }

  private static Struct source(
      String table, String snapshot, @Nullable Integer change, int commit, long serial) {
    return ConnectorEvents.source(SOURCE, "sqlserver", DATABASE, snapshot)
        .put("schema", "dbo")
        .put("table", table)
        .put(
            "change_lsn",
            change == null ? null : "00000027:%08x:%04x".formatted(commit - 8, change))
        .put("commit_lsn", lsn(commit))
        .put("event_serial_no", serial);
  }
}
