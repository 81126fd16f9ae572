package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.ConnectorEvents.Change;
import dev.firn.writer.PipelineException;
import io.debezium.data.VariableScaleDecimal;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Events as Debezium's Oracle connector makes them, through the real pipeline into a lake. */
class TestOracleEvents {
  static final Map<String, String> SOURCE =
      Map.of(
          "database.hostname", "db.example.org",
          "database.user", "c##firn",
          "database.dbname", "ORCLCDB",
          "database.pdb.name", "ORCLPDB1");

  private static final Schema ORDER =
      row("ORDERS")
          .field("id", Schema.INT32_SCHEMA)
          .field("name", Schema.OPTIONAL_STRING_SCHEMA)
          .field(OracleEvents.LARGE, Schema.OPTIONAL_STRING_SCHEMA)
          .build();
  private static final Schema ITEM = row("ITEMS").field("id", Schema.INT32_SCHEMA).build();

  /** The initial snapshot's SCN. */
  private static final int READ_AT = 1000;

  @TempDir private Path folder;

  private static SchemaBuilder row(String table) {
    return SchemaBuilder.struct().optional().name("shop.SHOP.%s.Value".formatted(table));
  }

  private static Struct order(int id, @Nullable String name, @Nullable String note) {
    return new Struct(ORDER).put("id", id).put("name", name).put(OracleEvents.LARGE, note);
  }

  private static Struct item(int id) {
    return new Struct(ITEM).put("id", id);
  }

  private static Change orders(@Nullable Struct before, @Nullable Struct after) {
    return new Change("ORDERS", before, after);
  }

  private static Change items(@Nullable Struct before, @Nullable Struct after) {
    return new Change("ITEMS", before, after);
  }

  private static OracleEvents shop() {
    return new OracleEvents(READ_AT)
        .shape("ORDERS", ORDER, "id")
        .shape("ITEMS", ITEM, "id")
        .found("ORDERS")
        .found("ITEMS")
        .read("first", "ORDERS", order(1, "a", "one"))
        .read("true", "ORDERS", order(2, "b", "two"))
        .read("last", "ITEMS", item(10));
  }

  /** In the order of their commits: those of one place are told apart by their ids. */
  private static final List<List<Change>> TRANSACTIONS =
      List.of(
          // Open as the initial snapshot was read, which has nothing of it.
          List.of(items(null, item(9)), orders(order(2, "b", "two"), order(2, "b2", "two"))),
          List.of(orders(null, order(3, "c", "three")), items(null, item(11))),
          List.of(orders(order(3, "c", "three"), order(3, "c2", "three"))),
          List.of(orders(order(3, "c2", "three"), order(3, "c2", null))),
          // A large value of a row whose key changes, which takes the key of another one.
          List.of(
              orders(order(1, "a", "one"), null),
              orders(order(2, "b2", "two"), order(1, "b3", "two")),
              orders(order(1, "b3", "two"), order(1, "b4", "two"))),
          List.of(
              orders(order(3, "c2", null), order(3, "c2", "set")),
              orders(order(3, "c2", "set"), order(3, "c3", "set")),
              items(item(10), item(12)),
              items(null, item(10))),
          List.of(orders(order(3, "c3", "set"), null), items(item(9), null)),
          List.of(items(item(11), null)));

  /**
   * Where each began, and ended. The first one ends at the very SCN of the initial snapshot; the
   * last one is open as that is read, and for long.
   */
  private static final int[][] SPANS = {
    {980, 1000}, {1001, 1020}, {1002, 1020}, {1021, 1030},
    {1031, 1040}, {1003, 1050}, {1041, 1060}, {985, 1070}
  };

  private static OracleEvents streamed() {
    OracleEvents events = shop();
    for (int i = 0; i < TRANSACTIONS.size(); i++) {
      events.transaction(
          SPANS[i][0], SPANS[i][1], i + 1, TRANSACTIONS.get(i).toArray(Change[]::new));
      if (i % 3 == 0) {
        events.look(SPANS[i][1] + 1);
      }
    }
    return events.look(1080);
  }

  private ToldLake lake(String name) {
    return new ToldLake(SourceKind.ORACLE, folder.resolve(name), SOURCE);
  }

  /** The position after the transactions, of which several may have ended there. */
  private static String end(int scn, int... transactions) {
    List<String> ids = java.util.Arrays.stream(transactions).mapToObj(OracleEvents::id).toList();
    return "%d:0:,%d:1:%s".formatted(READ_AT - 1, scn, String.join("-", ids));
  }

  private static Map<String, String> state(ToldLake lake) {
    Map<String, String> state = new TreeMap<>();
    lake.rows("SHOP", "ORDERS", "id", "name", OracleEvents.LARGE)
        .forEach((id, row) -> state.put("ORDERS " + id, row.substring(row.indexOf(' ') + 1)));
    lake.rows("SHOP", "ITEMS", "id").keySet().forEach(id -> state.put("ITEMS " + id, ""));
    return state;
  }

  private static final class Recorded implements ToldLake.Recording {
    private final OracleEvents log = streamed();
    private final SourceModel model =
        SourceModel.of(
            Map.of("ORDERS 1", "a one", "ORDERS 2", "b two", "ITEMS 10", ""),
            TRANSACTIONS,
            row ->
                row.schema().field("name") == null
                    ? ""
                    : row.getString("name") + " " + row.getString(OracleEvents.LARGE));

    @Override
    public List<SourceRecord> events() {
      return log.records();
    }

    @Override
    public List<SourceRecord> sentAgain(ToldLake lake) {
      return lake.resumed(OracleEvents.PARTITION).map(log::resumedFrom).orElseGet(this::events);
    }

    @Override
    public String end() {
      return TestOracleEvents.end(1070, TRANSACTIONS.size());
    }

    @Override
    public Map<String, String> state(ToldLake lake) {
      return TestOracleEvents.state(lake);
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
              assertThat(lake.all("SHOP", table + "_changelog", "id"))
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

  /** Large values that were not told among them, and transactions that are open for long. */
  @Test
  void crashAtAnyRecordLosesAndDoublesNothing() throws Exception {
    ToldLake.crashAnywhere(this::lake, new Recorded());
  }

  @Test
  void crashWithinLargeTransactionsLosesAndDoublesNothing() throws Exception {
    ToldLake.crashAnywhere(
        name -> lake(name).set("transaction.max-bytes-in-memory", "1"), new Recorded());
  }

  /** A process that ends right after the initial snapshot: only that names what was open then. */
  @Test
  void transactionsThatWereOpenAsOfTheInitialSnapshotAreReadFromTheirBegin() throws Exception {
    ToldLake lake = lake("open");
    OracleEvents log = streamed();
    List<SourceRecord> snapshot =
        log.records().stream()
            .filter(event -> event.sourceOffset().containsKey("snapshot"))
            .toList();
    try (ToldLake.Running process = lake.start()) {
      process.take(snapshot).settle((READ_AT - 1) + ":0:");
    }
    try (ToldLake.Running process = lake.start()) {
      Map<String, Object> offset = lake.resumed(OracleEvents.PARTITION).orElseThrow();
      assertThat(offset)
          .containsOnly(
              Map.entry("scn", "979"),
              Map.entry("snapshot_scn", "979"),
              Map.entry("commit_scn", "1000:1:"));
      process.take(log.resumedFrom(offset)).settle(end(1070, TRANSACTIONS.size()));
    }
    ToldLake.requireWhole(lake, new Recorded());
  }

  /** Nobody knows yet which transactions were open: there is no row that names them. */
  @Test
  void initialSnapshotWithoutRowsDoesNotEndAtItsOwnPlace() throws Exception {
    OracleEvents log =
        new OracleEvents(READ_AT)
            .shape("ITEMS", ITEM, "id")
            .found("ITEMS")
            .transaction(980, 1010, 1, items(null, item(1)))
            .look(1011);
    SourceRecord found = log.records().getFirst();
    SourceRecord atEnd =
        ConnectorEvents.heartbeat(
            OracleEvents.PARTITION, Map.of("scn", "1000", "snapshot_scn", "1000"));
    ToldLake lake = lake("empty");
    try (ToldLake.Running process = lake.start()) {
      process.take(List.of(found, atEnd));
      assertThat(lake.resumed(OracleEvents.PARTITION)).isEmpty();
    }
    try (ToldLake.Running process = lake.start()) {
      process.take(log.records()).settle(end(1010, 1));
    }
    assertThat(lake.rows("SHOP", "ITEMS", "id")).containsOnlyKeys("1");
  }

  @Test
  void emptiedTableIsEmptied() throws Exception {
    ToldLake lake = lake("truncated");
    try (ToldLake.Running process = lake.start()) {
      process
          .take(shop().truncation(1001, 1010, 1, "ORDERS").look(1011).records())
          .settle(end(1010, 1));
    }
    assertThat(state(lake)).containsExactly(Map.entry("ITEMS 10", ""));
  }

  /** NUMBER without digits: each value has a scale of its own. */
  @Test
  void numberOfAnyScaleIsAKey() throws Exception {
    Schema key = VariableScaleDecimal.schema();
    Schema parts =
        row("PARTS").field("id", key).field("name", Schema.OPTIONAL_STRING_SCHEMA).build();
    Function<String, Struct> part =
        id ->
            new Struct(parts).put("id", VariableScaleDecimal.fromLogical(key, new BigDecimal(id)));
    OracleEvents log =
        new OracleEvents(READ_AT)
            .shape("PARTS", parts, "id")
            .found("PARTS")
            .read("first", "PARTS", part.apply("100"))
            .read("last", "PARTS", part.apply("0.5"))
            .transaction(
                1001,
                1010,
                1,
                new Change("PARTS", part.apply("100"), part.apply("100").put("name", "x")),
                new Change("PARTS", part.apply(".5"), null))
            .look(1011);
    ToldLake lake = lake("parts");
    try (ToldLake.Running process = lake.start()) {
      process.take(log.records()).settle(end(1010, 1));
    }
    assertThat(lake.all("SHOP", "PARTS", "id", "name")).containsExactly("100 x");
  }

  @Test
  void keylessTableIsRefused() throws Exception {
    OracleEvents events =
        new OracleEvents(READ_AT).shape("LOG", ITEM).found("LOG").read("last", "LOG", item(1));
    try (ToldLake.Running process = lake("keyless").start()) {
      assertThatThrownBy(() -> process.take(events.records()))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("table SHOP.LOG has no primary key")
          .hasMessageContaining("table.exclude.list=SHOP.LOG");
    }
  }

  @Test
  void tableThatTheInitialSnapshotDidNotSeeIsRefused() throws Exception {
    OracleEvents events =
        shop()
            .shape("OTHER", ITEM, "id")
            .statement(1005, "CREATE", "OTHER", "CREATE TABLE other (id NUMBER(9) PRIMARY KEY)")
            .transaction(1006, 1010, 1, new Change("OTHER", null, item(1)));
    try (ToldLake.Running process = lake("other").start()) {
      assertThatThrownBy(() -> process.take(events.records()))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("table SHOP.OTHER was not there when the initial snapshot was read")
          .hasMessageContaining("resnapshot --all --new-slot");
    }
  }

  private static final Schema WITH_CODE =
      row("ITEMS")
          .field("id", Schema.INT32_SCHEMA)
          .field("code", Schema.OPTIONAL_STRING_SCHEMA)
          .build();

  private static Struct coded(int id, @Nullable String code) {
    return new Struct(WITH_CODE).put("id", id).put("code", code);
  }

  /** A column comes, goes, and stays away; with each crash the columns are those of its place. */
  @Test
  void columnsThatComeAndGoAreFollowedThroughACrash() throws Exception {
    OracleEvents log =
        shop()
            .transaction(1001, 1010, 1, items(null, item(11)))
            .shape("ITEMS", WITH_CODE, "id")
            .statement(1015, "ALTER", "ITEMS", "ALTER TABLE items ADD (code VARCHAR2(9))")
            .transaction(1016, 1020, 2, items(null, coded(12, "x")))
            .look(1021)
            .shape("ITEMS", ITEM, "id")
            .statement(1025, "ALTER", "ITEMS", "ALTER TABLE items DROP COLUMN code")
            .transaction(1026, 1030, 3, items(null, item(13)))
            .look(1031);
    ToldLake.crashAnywhere(
        this::lake,
        new ToldLake.Recording() {
          @Override
          public List<SourceRecord> events() {
            return log.records();
          }

          @Override
          public List<SourceRecord> sentAgain(ToldLake lake) {
            return lake.resumed(OracleEvents.PARTITION)
                .map(log::resumedFrom)
                .orElseGet(this::events);
          }

          @Override
          public String end() {
            return TestOracleEvents.end(1030, 3);
          }

          @Override
          public Map<String, String> state(ToldLake lake) {
            return lake.rows("SHOP", "ITEMS", "id");
          }

          @Override
          public List<Map<String, String>> states() {
            return List.of(
                Map.of("10", "10"),
                Map.of("10", "10", "11", "11"),
                Map.of("10", "10", "11", "11", "12", "12"),
                Map.of("10", "10", "11", "11", "12", "12", "13", "13"));
          }

          @Override
          public void requireChanges(ToldLake lake) {
            assertThat(lake.all("SHOP", "ITEMS", "id", "code"))
                .containsExactlyInAnyOrder("10 null", "11 null", "12 x", "13 null");
          }
        });
  }

  /** The log has nothing of what these do to rows. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ALTER | ALTER TABLE items ADD (code VARCHAR2(9) DEFAULT 'x') | column code is new
          ALTER | alter table items add code as (to_char(id)) | column code is new
          ALTER | ALTER TABLE items RENAME COLUMN old TO code | column code is new
          ALTER | ALTER TABLE items TRUNCATE PARTITION p1 | rows of a partition
          ALTER | ALTER TABLE items EXCHANGE PARTITION p1 WITH TABLE x | rows of a partition
          ALTER | ALTER TABLE x RENAME TO items | another table has its name
          CREATE | CREATE TABLE items (id NUMBER(9) PRIMARY KEY, code VARCHAR2(9)) | another table
          """)
  void statementThatChangesRowsStopsAlsoTheNextStart(String type, String ddl, String why)
      throws Exception {
    OracleEvents log =
        shop()
            .transaction(1001, 1010, 1, items(null, item(11)))
            .look(1011)
            .shape("ITEMS", WITH_CODE, "id")
            .statement(1015, type, "ITEMS", ddl)
            .transaction(1016, 1020, 2, items(null, coded(12, "x")));
    ToldLake lake = lake("stops");
    requireStop(lake, log.records(), why);
    try (ToldLake.Running process = lake.start()) {
      List<SourceRecord> again =
          log.resumedFrom(lake.resumed(OracleEvents.PARTITION).orElseThrow());
      assertThatThrownBy(() -> process.take(again)).hasMessageContaining(why);
    }
    assertThat(lake.rows("SHOP", "ITEMS", "id")).containsOnlyKeys("10", "11");
  }

  private static void requireStop(ToldLake lake, List<SourceRecord> records, String why)
      throws Exception {
    try (ToldLake.Running process = lake.start()) {
      assertThatThrownBy(() -> process.take(records))
          .isInstanceOf(PipelineException.class)
          .hasMessageContaining("has to be read again")
          .hasMessageContaining(why)
          .hasMessageContaining("resnapshot --all --new-slot");
      process.settle();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ALTER TABLE items ADD PARTITION p2 VALUES LESS THAN (20)",
        "ALTER TABLE items MODIFY (id DEFAULT 5)",
        "ALTER TABLE items ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS"
      })
  void statementThatLeavesRowsAsTheyAreIsFollowed(String ddl) throws Exception {
    ToldLake lake = lake("follows");
    try (ToldLake.Running process = lake.start()) {
      process
          .take(
              shop()
                  .statement(1005, "ALTER", "ITEMS", ddl)
                  .transaction(1006, 1010, 1, items(null, item(11)))
                  .look(1011)
                  .records())
          .settle(end(1010, 1));
    }
    assertThat(lake.rows("SHOP", "ITEMS", "id")).containsOnlyKeys("10", "11");
  }

  /** No event tells that it was gone. */
  @Test
  void columnThatGoesAndComesBackBetweenTwoEventsStops() throws Exception {
    OracleEvents log =
        shop()
            .shape("ORDERS", ITEM, "id")
            .statement(1005, "ALTER", "ORDERS", "ALTER TABLE orders DROP (name, note)")
            .transaction(1006, 1010, 1, items(null, item(11)))
            .look(1011)
            .shape("ORDERS", ORDER, "id")
            .statement(1015, "ALTER", "ORDERS", "ALTER TABLE orders ADD (name CHAR(9), note CLOB)")
            .transaction(1016, 1020, 2, orders(null, order(7, "x", "y")));
    ToldLake lake = lake("back");
    List<SourceRecord> records = log.records();
    int second = records.size() - 4;
    try (ToldLake.Running process = lake.start()) {
      process.take(records.subList(0, second)).settle(end(1010, 1));
    }
    requireStop(lake, records.subList(second, records.size()), "column name is back");
  }

  /** Two that the log has had before are taken once, though the first one comes again. */
  @Test
  void statementsThatWereTakenAreNotJudgedAgain() throws Exception {
    OracleEvents log =
        shop()
            .transaction(1001, 1010, 1, items(null, item(11)))
            .shape("ITEMS", WITH_CODE, "id")
            .statement(1015, "ALTER", "ITEMS", "ALTER TABLE items ADD (code VARCHAR2(9))")
            .shape("ITEMS", ITEM, "id")
            .statement(1016, "ALTER", "ITEMS", "ALTER TABLE items DROP COLUMN code")
            .transaction(1017, 1020, 2, items(null, item(12)))
            .look(1021);
    ToldLake lake = lake("twice");
    List<SourceRecord> records = log.records();
    int last = records.size() - 4;
    try (ToldLake.Running process = lake.start()) {
      process.take(records.subList(0, last)).settle(end(1010, 1));
    }
    try (ToldLake.Running process = lake.start()) {
      List<SourceRecord> again =
          log.resumedFrom(lake.resumed(OracleEvents.PARTITION).orElseThrow());
      assertThat(again).hasSize(6);
      process.take(again).settle(end(1020, 2));
    }
    assertThat(lake.rows("SHOP", "ITEMS", "id")).containsOnlyKeys("10", "11", "12");
  }
}
