package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.ConnectorEvents.Change;
import dev.firn.ingest.ConnectorEvents.Shape;
import io.debezium.relational.Column;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import io.debezium.relational.history.ConnectTableChangeSerializer;
import io.debezium.relational.history.TableChanges;
import io.debezium.schema.SchemaFactory;
import io.debezium.schema.SchemaNameAdjuster;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * A redo log of Oracle, and the records that its connector makes of it: in the order and with the
 * offsets that OracleSnapshotChangeEventSource and BufferedLogMinerStreamingChangeEventSource of
 * Debezium 3.5 give them, from the beginning or from an offset.
 */
final class OracleEvents {
  static final Map<String, String> PARTITION = Map.of("server", ConnectorEvents.TOPIC);

  /** A column whose values are large: they come only where they were set. */
  static final String LARGE = "note";

  private static final String DATABASE = "ORCLPDB1";
  private static final Schema SOURCE =
      ConnectorEvents.source("io.debezium.connector.oracle.Source")
          .field("schema", Schema.STRING_SCHEMA)
          .field("table", Schema.STRING_SCHEMA)
          .field("txId", Schema.OPTIONAL_STRING_SCHEMA)
          .field("scn", Schema.OPTIONAL_STRING_SCHEMA)
          .field("commit_scn", Schema.OPTIONAL_STRING_SCHEMA)
          .field("ssn", Schema.OPTIONAL_INT64_SCHEMA)
          .field("redo_thread", Schema.OPTIONAL_INT32_SCHEMA)
          .field("row_id", Schema.OPTIONAL_STRING_SCHEMA)
          .field("commit_ts_ms", Schema.OPTIONAL_INT64_SCHEMA)
          .field("txSeq", Schema.OPTIONAL_INT64_SCHEMA)
          .build();
  private static final ConnectTableChangeSerializer CHANGES =
      new ConnectTableChangeSerializer(SchemaNameAdjuster.NO_OP);
  private static final Schema DEFINED =
      SchemaBuilder.struct()
          .name("io.debezium.connector.oracle.SchemaChangeValue")
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

  /** What comes at one SCN of the log. */
  private sealed interface Entry {
    record Transaction(int begin, int scn, String id, List<Shaped> changes) implements Entry {}

    record Statement(int scn, Struct told) implements Entry {}

    /** The reader looks, and tells how far it is. */
    record Look(int scn) implements Entry {}
  }

  private record Shaped(Shape shape, Change change) {}

  private final int snapshotScn;
  private final List<SourceRecord> snapshot = new ArrayList<>();
  private final List<Entry> log = new ArrayList<>();
  private final Map<String, Shape> shapes = new HashMap<>();
  private final List<Runnable> reads = new ArrayList<>();

  /**
   * @param snapshotScn as of which the initial snapshot reads
   */
  OracleEvents(int snapshotScn) {
    this.snapshotScn = snapshotScn;
  }

  /** Twelve digits, as an identifier of a transaction. */
  static String id(int number) {
    return "0a00%04x%08x".formatted(number, 0x6f4);
  }

  /** From now on events of a table have these columns. */
  OracleEvents shape(String table, Schema row, String... key) {
    SchemaBuilder keys =
        SchemaBuilder.struct().name("%s.%s.Key".formatted(ConnectorEvents.TOPIC, table));
    for (String column : key) {
      keys.field(column, row.field(column).schema());
    }
    shapes.put(
        table, Shape.of("SHOP." + table, row, key.length == 0 ? null : keys.build(), SOURCE));
    return this;
  }

  /** The initial snapshot finds a table as it is now. */
  OracleEvents found(String table) {
    Struct told = told("CREATE", table, snapshotScn, "", "true");
    reads.add(() -> snapshot.add(ConnectorEvents.record(PARTITION, inSnapshot(false), null, told)));
    return this;
  }

  /** A row that the initial snapshot reads; {@code snapshot} is first, true or last. */
  OracleEvents read(String marked, String table, Struct row) {
    Shape shape = shape(table);
    reads.add(() ->
        snapshot.add(
            ConnectorEvents.record(
                PARTITION,
                inSnapshot(marked.equals("last")),
                shape.keyOf(row),
                ConnectorEvents.value(
                    shape, "r", null, row, source(table, marked, null, snapshotScn)))));
    return this;
  }

  /** A statement that leaves a table with the columns that its events have now. */
  OracleEvents statement(int scn, String type, String table, String ddl) {
    log.add(new Entry.Statement(scn, told(type, table, scn, ddl, "false")));
    return this;
  }

  /**
   * A transaction of redo thread 1.
   *
   * @param begin the SCN where it began
   * @param commit where it ended; several may end there
   */
  OracleEvents transaction(int begin, int commit, int number, Change... changes) {
    List<Shaped> shaped = new ArrayList<>();
    for (Change change : changes) {
      shaped.add(new Shaped(shape(change.table()), change));
    }
    log.add(new Entry.Transaction(begin, commit, id(number), shaped));
    return this;
  }

  /** A table is emptied: by a transaction of its own. */
  OracleEvents truncation(int begin, int commit, int number, String table) {
    log.add(
        new Entry.Transaction(
            begin,
            commit,
            id(number),
            List.of(new Shaped(shape(table), new Change(table, null, null)))));
    return this;
  }

  /** The reader comes to the end of what there is. */
  OracleEvents look(int scn) {
    log.add(new Entry.Look(scn));
    return this;
  }

  private Shape shape(String table) {
    return requireNonNull(shapes.get(table), "shape is null");
  }

  private Struct told(String type, String table, int scn, String ddl, String marked) {
    TableId id = new TableId(DATABASE, "SHOP", table);
    List<Column> columns =
        shape(table).envelope().schema().field("after").schema().fields().stream()
            .map(OracleEvents::column)
            .toList();
    Table definition = Table.editor().tableId(id).addColumns(columns).create();
    TableChanges changes = new TableChanges();
    switch (type) {
      case "CREATE" -> changes.create(definition);
      case "ALTER" -> changes.alter(definition);
      default -> throw new IllegalArgumentException(type);
    }
    return new Struct(DEFINED)
        .put("source", source(table, marked, null, scn))
        .put("ts_ms", 1_700_000_000_000L)
        .put("databaseName", DATABASE)
        .put("schemaName", "SHOP")
        .put("ddl", ddl)
        .put("tableChanges", CHANGES.serialize(changes));
  }

  private static Column column(Field field) {
    return Column.editor().name(field.name()).jdbcType(Types.VARCHAR).type("VARCHAR2").create();
  }

  private Map<String, Object> inSnapshot(boolean isLast) {
    Map<String, Object> offset = new HashMap<>();
    offset.put("snapshot", "INITIAL");
    offset.put("snapshot_completed", isLast);
    String pending = pendingText();
    if (!pending.isEmpty()) {
      offset.put("snapshot_pending_tx", pending);
    }
    offset.put("scn", Integer.toString(snapshotScn));
    offset.put("snapshot_scn", Integer.toString(snapshotScn));
    offset.put("commit_scn", null);
    return offset;
  }

  private String pendingText() {
    return String.join(
        ",", pending().stream().map(open -> open.id() + ":" + open.begin()).toList());
  }

  /** The transactions that were open as of the initial snapshot. */
  private List<Entry.Transaction> pending() {
    return log.stream()
        .filter(Entry.Transaction.class::isInstance)
        .map(Entry.Transaction.class::cast)
        .filter(each -> each.begin() < snapshotScn && each.scn() >= snapshotScn)
        .toList();
  }

  /** All that the connector sends, if nothing ends it. */
  List<SourceRecord> records() {
    snapshot.clear();
    reads.forEach(Runnable::run);
    List<SourceRecord> all = new ArrayList<>(snapshot);
    int from = pending().stream().mapToInt(open -> open.begin() - 1).reduce(snapshotScn, Math::min);
    List<String> pending = pending().stream().map(Entry.Transaction::id).toList();
    all.addAll(new Reader(from, snapshotScn, pending, 0, List.of()).read());
    return all;
  }

  /** What the connector sends if it starts from an offset that the lake keeps. */
  List<SourceRecord> resumedFrom(Map<String, Object> offset) {
    int scn = Integer.parseInt(String.valueOf(offset.get("scn")));
    int snapshotWas = Integer.parseInt(String.valueOf(offset.get("snapshot_scn")));
    // What was open as of the initial snapshot is told by that alone.
    String[] commit = String.valueOf(offset.getOrDefault("commit_scn", "0:1:")).split(":", -1);
    return new Reader(
            scn,
            snapshotWas,
            List.of(),
            Integer.parseInt(commit[0]),
            List.of(commit[2].split("-", -1)))
        .read();
  }

  /** The connector's reader of the log, with what it knows of it. */
  private final class Reader {
    private final List<SourceRecord> sent = new ArrayList<>();
    private final int from;
    private final int snapshotWas;
    private final List<String> pending;
    private int committed;
    private List<String> committedThere;
    private int scn;
    private @Nullable String transaction;
    private long sequence;

    Reader(
        int from,
        int snapshotWas,
        List<String> pending,
        int committed,
        List<String> committedThere) {
      this.from = from;
      this.snapshotWas = snapshotWas;
      this.pending = pending;
      this.committed = committed;
      this.committedThere = committedThere;
      this.scn = from;
    }

    List<SourceRecord> read() {
      for (Entry entry : log) {
        switch (entry) {
          case Entry.Transaction each -> commit(each);
          case Entry.Statement each -> define(each);
          case Entry.Look each -> look(each);
        }
      }
      return sent;
    }

    /** As CommitScn.hasBeenHandled. */
    private boolean isHandled(int at, String id) {
      return committed > at || (committed == at && committedThere.contains(id));
    }

    private void reach(int at, String id) {
      committedThere = new ArrayList<>(committed == at ? committedThere : List.of());
      committedThere.add(id);
      committed = at;
    }

    private void define(Entry.Statement each) {
      String id = id(0xd000 + each.scn());
      if (each.scn() > from && each.scn() >= snapshotWas && !isHandled(each.scn(), id)) {
        reach(each.scn(), id);
        sent.add(ConnectorEvents.record(PARTITION, offset(), null, each.told()));
      }
    }

    /** Its oldest open transaction is where it would resume. */
    private void look(Entry.Look each) {
      if (each.scn() > from) {
        scn =
            log.stream()
                .filter(Entry.Transaction.class::isInstance)
                .map(Entry.Transaction.class::cast)
                .filter(open -> open.begin() < each.scn() && open.scn() > each.scn())
                .mapToInt(open -> open.begin() - 1)
                .reduce(committed == 0 ? scn : committed, Math::min);
        sent.add(ConnectorEvents.heartbeat(PARTITION, offset()));
      }
    }

    private void commit(Entry.Transaction each) {
      if (isHandled(each.scn(), each.id()) || each.scn() < snapshotWas) {
        return;
      }
      List<SourceRecord> events = new ArrayList<>();
      int at = each.begin();
      for (Shaped shaped : each.changes()) {
        at++;
        boolean isKnown = at < snapshotWas && !pending.contains(each.id());
        if (at > from && !isKnown) {
          transaction = each.id();
          sequence = events.size() + 1L;
          events.addAll(changes(shaped, each, at));
        }
      }
      if (!events.isEmpty()) {
        sent.add(ConnectorEvents.begin(PARTITION, events.getFirst().sourceOffset(), each.id()));
        sent.addAll(events);
        reach(each.scn(), each.id());
        sent.add(ConnectorEvents.end(PARTITION, within(), each.id()));
      } else {
        reach(each.scn(), each.id());
      }
    }

    private List<SourceRecord> changes(Shaped shaped, Entry.Transaction in, int at) {
      Change change = shaped.change();
      if (change.before() == null && change.after() == null) {
        return List.of(
            ConnectorEvents.record(
                PARTITION,
                within(),
                null,
                ConnectorEvents.value(
                    shaped.shape(), "t", null, null, source(change.table(), "false", in, at))));
      }
      return ConnectorEvents.recordsOf(
          shaped.shape(),
          change,
          (op, before, after) ->
              ConnectorEvents.record(
                  PARTITION,
                  within(),
                  shaped.shape().keyOf(requireNonNull(after == null ? before : after, "row")),
                  ConnectorEvents.value(
                      shaped.shape(),
                      op,
                      sent(before, null),
                      change.before() == null ? after : sent(after, change.before()),
                      source(change.table(), "false", in, at))));
    }

    private Map<String, Object> within() {
      Map<String, Object> offset = offset();
      offset.put("transaction_id", transaction);
      return offset;
    }

    private Map<String, Object> offset() {
      Map<String, Object> offset = new HashMap<>();
      offset.put("scn", Integer.toString(scn));
      offset.put("snapshot_scn", Integer.toString(snapshotWas));
      offset.put(
          "commit_scn",
          committed == 0 ? null : committed + ":1:" + String.join("-", committedThere));
      if (transaction != null) {
        offset.put("txId", transaction);
        offset.put("txSeq", sequence);
      }
      return offset;
    }
  }

  /** A large value is told where it was set; that of before never is. */
  private static @Nullable Struct sent(@Nullable Struct row, @Nullable Struct before) {
    if (row == null || row.schema().field(LARGE) == null) {
      return row;
    }
    boolean isSet =
        before != null
            && before.schema().field(LARGE) != null
            && !Objects.equals(row.get(LARGE), before.get(LARGE));
    if (isSet) {
      return row;
    }
    Struct copy = new Struct(row.schema());
    row.schema().fields().forEach(field -> copy.put(field, row.get(field)));
    return copy.put(LARGE, ServerConfig.PLACEHOLDER);
  }

  private static Struct source(
      String table, String snapshot, Entry.@Nullable Transaction in, int scn) {
    return ConnectorEvents.source(SOURCE, "oracle", DATABASE, snapshot)
        .put("schema", "SHOP")
        .put("table", table)
        .put("txId", in == null ? null : in.id())
        .put("scn", Integer.toString(scn))
        .put("commit_scn", in == null ? null : Integer.toString(in.scn()))
        .put("redo_thread", in == null ? null : 1)
        .put("commit_ts_ms", in == null ? null : 1_700_000_002_000L);
  }
}
