package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.ConnectorEvents.Change;
import dev.firn.ingest.log.SqlServerLog;
import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events as Debezium's SQL Server connector makes them, through the real pipeline into a lake. */
class TestSqlServerEvents {
  static final Map<String, String> SOURCE =
      Map.of(
          "database.hostname", "db.example.org",
          "database.user", "firn",
          "database.names", "sales");

  private static final Schema ORDER =
      row("orders")
          .field("id", Schema.INT32_SCHEMA)
          .field("name", Schema.OPTIONAL_STRING_SCHEMA)
          .build();
  private static final Schema ITEM = row("items").field("id", Schema.INT32_SCHEMA).build();
  private static final int READ_AT = 0x100;
  private static final String[] ORDER_COLUMNS = {"id", "name"};

  @TempDir private Path folder;

  private static SchemaBuilder row(String table) {
    return SchemaBuilder.struct().optional().name("shop.sales.dbo.%s.Value".formatted(table));
  }

  private static Struct order(int id, @Nullable String name) {
    return new Struct(ORDER).put("id", id).put("name", name);
  }

  private static Struct item(int id) {
    return new Struct(ITEM).put("id", id);
  }

  private static Change orderChange(@Nullable Struct before, @Nullable Struct after) {
    return new Change("orders", before, after);
  }

  private static Change itemChange(@Nullable Struct before, @Nullable Struct after) {
    return new Change("items", before, after);
  }

  private static SqlServerEvents shop() {
    return new SqlServerEvents(READ_AT)
        .shape("orders", ORDER, "id")
        .shape("items", ITEM, "id")
        .shape("late", ITEM, "id")
        .defined("orders", true)
        .defined("items", true)
        .defined("late", true);
  }

  private static SqlServerEvents shopThatWasRead() {
    return shop()
        .read("first", "orders", order(1, "a"))
        .read("true", "orders", order(2, "b"))
        .read("last", "items", item(10))
        .nothingUpTo(READ_AT);
  }

  private static SourceModel model() {
    return SourceModel.of(
        Map.of("orders 1", "a", "orders 2", "b", "items 10", ""),
        TRANSACTIONS,
        row -> row.schema().field("name") == null ? "" : String.valueOf(row.getString("name")));
  }

  /** The first two are of rows that the initial snapshot has seen: their recording came late. */
  private static final List<List<Change>> TRANSACTIONS =
      List.of(
          List.of(orderChange(order(2, "was"), order(2, "b")), itemChange(null, item(10))),
          List.of(orderChange(null, order(3, "c")), itemChange(null, item(11))),
          List.of(orderChange(order(1, "a"), order(1, null)), itemChange(item(10), null)),
          List.of(orderChange(order(2, "b"), order(20, "b2"))),
          List.of(new Change("late", null, item(1)), orderChange(order(3, "c"), null)),
          List.of(
              orderChange(null, order(3, "again")),
              orderChange(order(3, "again"), order(3, "and"))),
          List.of(itemChange(item(11), item(12)), itemChange(null, item(11))));

  private static int commit(int transaction) {
    return READ_AT + 0x10 * (transaction + 1);
  }

  private static List<SourceRecord> streamed() {
    SqlServerEvents events = shopThatWasRead();
    for (int i = 0; i < TRANSACTIONS.size(); i++) {
      events.transaction(commit(i), TRANSACTIONS.get(i).toArray(Change[]::new));
      if (i % 3 == 1) {
        events.nothingUpTo(commit(i) + 4);
      }
    }
    int end = commit(TRANSACTIONS.size());
    return events.nothingUpTo(end).nothingUpTo(end).records();
  }

  private static String end() {
    return "[sales]" + SqlServerEvents.lsn(commit(TRANSACTIONS.size() - 1));
  }

  private ToldLake lake(String name) {
    return new ToldLake(SourceKind.SQLSERVER, folder.resolve(name), SOURCE);
  }

  private static Map<String, String> state(ToldLake lake) {
    Map<String, String> state = new TreeMap<>();
    lake.rows("dbo", "orders", ORDER_COLUMNS)
        .forEach((id, row) -> state.put("orders " + id, row.substring(row.indexOf(' ') + 1)));
    lake.rows("dbo", "items", "id").keySet().forEach(id -> state.put("items " + id, ""));
    lake.rows("dbo", "late", "id").keySet().forEach(id -> state.put("late " + id, ""));
    return state;
  }

  private static final class Recorded implements ToldLake.Recording {
    private final SourceModel model = model();

    @Override
    public List<SourceRecord> events() {
      return streamed();
    }

    @Override
    public List<SourceRecord> sentAgain(ToldLake lake) {
      return TestSqlServerEvents.sentAgain(lake, events());
    }

    @Override
    public String end() {
      return TestSqlServerEvents.end();
    }

    @Override
    public Map<String, String> state(ToldLake lake) {
      return TestSqlServerEvents.state(lake);
    }

    @Override
    public List<Map<String, String>> states() {
      return model.states();
    }

    @Override
    public void requireChanges(ToldLake lake) {
      model
          .changes()
          .forEach((table, count) ->
              assertThat(lake.all("dbo", table + "_changelog", "id"))
                  .as("changes of %s", table)
                  .hasSize(count));
    }
  }

  @Test
  void tablesAreWhatTheirSourceIs() throws Exception {
    ToldLake lake = lake("lake");
    Recorded recorded = new Recorded();
    try (ToldLake.Running process = lake.start()) {
      process.take(recorded.events()).settle(recorded.end());
    }
    ToldLake.requireWhole(lake, recorded);
  }

  @Test
  void crashAtAnyRecordLosesAndDoublesNothing() throws Exception {
    ToldLake.crashAnywhere(this::lake, new Recorded());
  }

  /** Its last transaction, too. */
  private static List<SourceRecord> sentAgain(ToldLake lake, List<SourceRecord> events) {
    return lake.position()
        .map(position -> position.substring("[sales]".length()))
        .map(from ->
            events.stream()
                .filter(event -> !event.sourceOffset().containsKey("snapshot"))
                .filter(event -> transaction(event).compareTo(from) >= 0)
                .toList())
        .orElse(events);
  }

  private static String transaction(SourceRecord event) {
    Struct value = (Struct) event.value();
    return value.schema().field("status") == null
        ? String.valueOf(event.sourceOffset().get("commit_lsn"))
        : value.getString("id");
  }

  @Test
  void keylessTableIsRefused() throws Exception {
    SqlServerEvents events =
        new SqlServerEvents(READ_AT)
            .shape("log", ITEM)
            .defined("log", true)
            .read("last", "log", item(1));
    try (ToldLake.Running process = lake("keyless").start()) {
      assertThatThrownBy(() -> process.take(events.records()))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("table dbo.log has no primary key")
          .hasMessageContaining("message.key.columns=dbo.log:");
    }
  }

  /** It may have rows from before its changes were recorded. */
  @Test
  void tableThatTheInitialSnapshotDidNotSeeIsRefused() throws Exception {
    SqlServerEvents events =
        shopThatWasRead()
            .shape("other", ITEM, "id")
            .defined("other", false)
            .transaction(commit(0), new Change("other", null, item(1)));
    try (ToldLake.Running process = lake("other").start()) {
      assertThatThrownBy(() -> process.take(events.records()))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("table dbo.other was not there when the initial snapshot was read")
          .hasMessageContaining("resnapshot --all --new-slot");
    }
  }

  /** A name that is gone, and a wider type; for each record a crash before it. */
  @Test
  void goneAndWiderColumnsAreFollowedThroughACrash() throws Exception {
    Schema narrow =
        row("orders")
            .field("id", Schema.INT32_SCHEMA)
            .field("name", Schema.OPTIONAL_INT32_SCHEMA)
            .field("note", Schema.OPTIONAL_STRING_SCHEMA)
            .build();
    Schema wide =
        row("orders")
            .field("id", Schema.INT32_SCHEMA)
            .field("name", Schema.OPTIONAL_INT64_SCHEMA)
            .build();
    List<SourceRecord> events =
        new SqlServerEvents(READ_AT)
            .shape("orders", narrow, "id")
            .defined("orders", true)
            .read("last", "orders", new Struct(narrow).put("id", 1).put("name", 1).put("note", "n"))
            .nothingUpTo(READ_AT)
            .transaction(
                commit(0), orderChange(null, new Struct(narrow).put("id", 2).put("name", 2)))
            .shape("orders", wide, "id")
            .defined("orders", false)
            .transaction(
                commit(1), orderChange(null, new Struct(wide).put("id", 3).put("name", 3L << 40)))
            .transaction(commit(2), orderChange(null, new Struct(wide).put("id", 4)))
            .nothingUpTo(commit(3))
            .records();
    ToldLake.crashAnywhere(
        this::lake,
        new ToldLake.Recording() {
          @Override
          public List<SourceRecord> events() {
            return events;
          }

          @Override
          public List<SourceRecord> sentAgain(ToldLake lake) {
            return TestSqlServerEvents.sentAgain(lake, events);
          }

          @Override
          public String end() {
            return "[sales]" + SqlServerEvents.lsn(commit(2));
          }

          @Override
          public Map<String, String> state(ToldLake lake) {
            return lake.rows("dbo", "orders", "id", "name");
          }

          @Override
          public List<Map<String, String>> states() {
            return List.of(
                Map.of("1", "1 1"),
                Map.of("1", "1 1", "2", "2 2"),
                Map.of("1", "1 1", "2", "2 2", "3", "3 3298534883328"),
                Map.of("1", "1 1", "2", "2 2", "3", "3 3298534883328", "4", "4 null"));
          }

          @Override
          public void requireChanges(ToldLake lake) {
            assertThat(lake.all("dbo", "orders", "id", "note"))
                .containsExactlyInAnyOrder("1 n", "2 null", "3 null", "4 null");
          }
        });
  }

  private static final Schema WITH_NOTE =
      row("orders")
          .field("id", Schema.INT32_SCHEMA)
          .field("name", Schema.OPTIONAL_STRING_SCHEMA)
          .field("note", Schema.OPTIONAL_STRING_SCHEMA)
          .build();

  /** Its rows may have had values there before SQL Server recorded it. */
  @Test
  void newColumnStopsAndAllIsReadAnew() throws Exception {
    ToldLake lake = lake("new-column");
    Struct noted = new Struct(WITH_NOTE).put("id", 1).put("name", "a").put("note", "x");
    SqlServerEvents events =
        shopThatWasRead()
            .shape("orders", WITH_NOTE, "id")
            .transaction(commit(0), orderChange(null, noted));
    try (ToldLake.Running process = lake.start()) {
      assertThatThrownBy(() -> process.take(events.records()))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("table dbo.orders has to be read again (column note is new")
          .hasMessageContaining("resnapshot --all --new-slot");
    }
    lake.readAnew();
    SqlServerEvents anew =
        new SqlServerEvents(commit(1))
            .shape("orders", WITH_NOTE, "id")
            .shape("items", ITEM, "id")
            .defined("orders", true)
            .defined("items", true)
            .read("last", "orders", noted);
    // The columns are written down; the table is brought to them before it is read.
    try (ToldLake.Running process = lake.start()) {
      assertThatThrownBy(() -> process.take(anew.records()))
          .hasMessageContaining("start again: it is then read anew");
    }
    try (ToldLake.Running process = lake.start()) {
      process.take(anew.records()).settle("[sales]" + SqlServerEvents.lsn(commit(1)));
    }
    assertThat(lake.all("dbo", "orders", "id", "name", "note")).containsExactly("1 a x");
    // The source has no row of it any more.
    assertThat(lake.all("dbo", "items", "id")).isEmpty();
  }

  /** Rows from before it went would have their values of that time. */
  @Test
  void columnThatIsBackStopsAlsoAfterARestart() throws Exception {
    ToldLake lake = lake("back");
    SqlServerEvents gone =
        shopThatWasRead()
            .shape("orders", ITEM, "id")
            .transaction(commit(0), orderChange(null, item(5)))
            .nothingUpTo(commit(1));
    try (ToldLake.Running process = lake.start()) {
      process.take(gone.records()).settle("[sales]" + SqlServerEvents.lsn(commit(0)));
    }
    SqlServerEvents back =
        new SqlServerEvents(READ_AT)
            .shape("orders", ORDER, "id")
            .transaction(commit(2), orderChange(null, order(6, "x")));
    try (ToldLake.Running process = lake.start()) {
      assertThatThrownBy(() -> process.take(back.records()))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("table dbo.orders has to be read again (column name is back");
    }
  }

  @Test
  void tableThatWasLeftOutForATimeIsRefused() throws Exception {
    ToldLake lake = lake("left-out");
    try (ToldLake.Running process = lake.start()) {
      process.take(shopThatWasRead().records()).settle("[sales]" + SqlServerEvents.lsn(READ_AT));
    }
    lake.setSource("table.exclude.list", "dbo\\.items");
    lake.start().close();
    lake.setSource("table.exclude.list", "");
    assertThatThrownBy(lake::start)
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("table dbo.items has to be read again (left out for a time)");
  }

  @Test
  void otherMaskIsRefused() throws Exception {
    ToldLake lake = lake("masked");
    try (ToldLake.Running process = lake.start()) {
      process.take(shopThatWasRead().records()).settle("[sales]" + SqlServerEvents.lsn(READ_AT));
    }
    lake.set("columns.mask.null", "dbo[.]orders[.]name");
    assertThatThrownBy(lake::start)
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("column name of table dbo.orders is masked in another way");
  }

  @Test
  void maskThatNamesNoColumnIsRefusedBeforeAnythingIsVisible() throws Exception {
    ToldLake lake = lake("mistyped").set("columns.mask.null", "dbo[.]orders[.]nam");
    try (ToldLake.Running process = lake.start()) {
      assertThatThrownBy(() -> process.take(shopThatWasRead().records()))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining(
              "names no column of a captured table; the nearest is dbo.orders.name");
    }
    assertThat(state(lake)).isEmpty();
  }

  @Test
  void emptyChangeTablesAreNoPlaceToBegin() throws Exception {
    Map<String, Object> nothing = new HashMap<>();
    nothing.put("commit_lsn", "NULL");
    try (ToldLake.Running process = lake("nothing").start()) {
      SourceRecord heartbeat = ConnectorEvents.heartbeat(SqlServerEvents.PARTITION, nothing);
      assertThatThrownBy(() -> process.take(List.of(heartbeat)))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("SQL Server has recorded no change yet");
    }
  }

  /** Of an idle source the place is kept that its change tables still have. */
  @Test
  void offsetOfAnIdleSourceMovesOn() {
    SqlServerLog log = new SqlServerLog();
    QuietLog quiet = new QuietLog(log, 0);
    Position lake = log.parse("[sales]" + SqlServerEvents.lsn(READ_AT));
    quiet.between(shop().nothingUpTo(commit(5)).records().getLast());
    assertThat(quiet.due(lake, lake, Duration.ofMinutes(9).toNanos())).isEmpty();
    assertThat(quiet.due(lake, lake, Duration.ofMinutes(10).toNanos()).orElseThrow().offset())
        .isEqualTo("{\"commit_lsn\":\"%s\"}".formatted(SqlServerEvents.lsn(commit(5))));
  }
}
