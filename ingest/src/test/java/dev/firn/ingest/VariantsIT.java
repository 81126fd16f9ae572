package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.compaction.Compaction;
import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import dev.firn.compaction.TableResult;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.ReplayedRows;
import dev.firn.writer.Lake;
import dev.firn.writer.LakeTables;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Documents as variants, compared with what PostgreSQL prints by a reader of JSON. */
class VariantsIT {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private static PostgresServer server;
  private static int tests;

  @TempDir Path folder;
  private SourceAndLake lake;

  @BeforeAll
  static void startServer() {
    server =
        PostgresServer.start(
            PostgresServer.Settings.temporary(18)
                .with("max_replication_slots", "40")
                .with("max_wal_senders", "40"));
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void makeSchema() throws SQLException {
    lake = new SourceAndLake(server, folder, "variants_" + ++tests);
    lake.set("columns.as-variant", "s\\..*\\.doc.*");
    lake.set("maintenance", "false");
  }

  @AfterEach
  void dropSchema() throws SQLException {
    lake.close();
  }

  private void insert(int from, int to) throws SQLException {
    String document =
        "jsonb_build_object('id', i, 'price', i / 8.0, 'tags', jsonb_build_array('a', null, i %% 2 = 0),"
            + " 'deep', jsonb_build_object('ü', 10::numeric ^ i, 'text', repeat('z' || i, i %% 3 * 3000)))";
    lake.execute(
        ("INSERT INTO s.t SELECT i, 0, %1$s, (%1$s)::text::json FROM generate_series(%2$d, %3$d) i;"
                + " INSERT INTO s.keyless SELECT jsonb_build_object('n', i / 2), %1$s FROM generate_series(%2$d, %3$d) i")
            .formatted(document.replace("%%", "%"), from, to));
  }

  @Test
  void documentsAreThoseOfTheSourceWhateverHappens() throws Exception {
    lake.set("transaction.max-bytes-in-memory", "40kb");
    lake.execute("CREATE TABLE s.t (id int PRIMARY KEY, n int, doc jsonb, doc_as_written json)");
    lake.execute("ALTER TABLE s.t ALTER doc SET STORAGE EXTERNAL, ALTER n SET DEFAULT 0");
    lake.execute("CREATE TABLE s.keyless (doc jsonb, doc2 jsonb)");
    lake.execute("ALTER TABLE s.keyless REPLICA IDENTITY FULL");
    insert(1, 30);
    List<List<String>> first = documents();
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      // Large ones that stay are not sent again.
      lake.execute("UPDATE s.t SET n = n + 1");
      lake.execute("UPDATE s.t SET id = id + 100, n = 7 WHERE id % 10 = 0");
      lake.execute("UPDATE s.t SET doc = doc || '{\"new\": [1.10, -0.0]}' WHERE id % 4 = 0");
      lake.execute("UPDATE s.t SET doc = 'null', doc_as_written = NULL WHERE id = 3");
      lake.execute("DELETE FROM s.t WHERE id % 7 = 0");
      lake.execute("UPDATE s.keyless SET doc = '[]' WHERE doc->>'n' = '3'");
      lake.execute("DELETE FROM s.keyless WHERE ctid = '(0,1)' OR doc = '[]' OR doc->>'n' = '5'");
      insert(31, 35);
      lake.awaitCaughtUp(engine);
      lake.execute("CREATE TABLE s.later (id int PRIMARY KEY, doc jsonb)");
      lake.execute("INSERT INTO s.later VALUES (1, '{\"a\": 1}')");
      engine.awaitTrue(() -> isThere("later"));
      lake.execute("ALTER TABLE s.later ADD doc2 jsonb DEFAULT '[1]'");
      lake.execute("UPDATE s.later SET doc = '{\"a\": 2}'");
      engine.awaitTrue(() ->
          lake.table("later").schema().findField("doc2") != null
              && lake.rows("later", "doc", "doc2").equals(List.of(List.of("{\"a\":2}", "[1]"))));
    }
    assertThat(lake.table("t").schema().findType("doc")).isEqualTo(Types.VariantType.get());
    assertThat(lake.table("t").schema().findType("doc_as_written"))
        .isEqualTo(Types.VariantType.get());
    requireEqual();
    for (String table : List.of("t", "keyless", "t_changelog", "keyless_changelog")) {
      TableResult compacted = compact(lake.table(table));
      assertThat(compacted.failure()).isEmpty();
      assertThat(compacted.replaced()).isNotEmpty();
    }
    requireEqual();
    Table then = lake.table("t");
    assertThat(sorted(rowsAt(then, then.snapshot(LakeTables.BASELINE).snapshotId())))
        .isEqualTo(sorted(first));
  }

  private boolean isThere(String table) {
    return Lake.open(Lake.DEFAULT_NAME, Engine.lake(folder))
            .tableExists(TableIdentifier.of("s", table))
        && !lake.rows(table, "id").isEmpty();
  }

  private List<List<String>> documents() {
    return lake.query("SELECT id, doc, doc_as_written FROM s.t");
  }

  private void requireEqual() {
    assertThat(sorted(lake.rows("t", "id", "doc", "doc_as_written")))
        .isEqualTo(sorted(documents()));
    assertThat(sorted(lake.rows("keyless", "doc", "doc2")))
        .isEqualTo(sorted(lake.query("SELECT doc, doc2 FROM s.keyless")));
    requireTold("t", List.of("id"), "id", "doc", "doc_as_written");
    requireTold("keyless", List.of(), "doc", "doc2");
  }

  /** Baseline and changelog lead to the table. */
  private void requireTold(String table, List<String> key, String... columns) {
    ReplayedRows told =
        ReplayedRows.of(lake.table(table), lake.table(table + "_changelog"), List.of(columns), key);
    List<List<String>> rows = new ArrayList<>();
    told.forEach(row -> rows.add(Stream.of(row).map(String::valueOf).toList()));
    assertThat(sorted(rows)).isEqualTo(sorted(lake.rows(table, columns)));
  }

  private static List<List<String>> rowsAt(Table table, long snapshot) throws Exception {
    List<List<String>> rows = new ArrayList<>();
    try (CloseableIterable<Record> read =
        IcebergGenerics.read(table).useSnapshot(snapshot).build()) {
      for (Record row : read) {
        rows.add(
            Stream.of("id", "doc", "doc_as_written")
                .map(column ->
                    row.getField(column) instanceof org.apache.iceberg.variants.Variant document
                        ? dev.firn.writer.VariantText.of(document)
                        : String.valueOf(row.getField(column)))
                .toList());
      }
    }
    return rows;
  }

  private static TableResult compact(Table table) {
    return Compaction.of(
            table.name(),
            new CompactionSettings(128L << 20, CompactionMode.ALL),
            Progress.NONE,
            Pacer.NONE)
        .run(table, InstantSource.system());
  }

  /** Documents by their values, numbers too. */
  private static List<String> sorted(List<List<String>> rows) {
    return rows.stream()
        .map(row -> row.stream().map(VariantsIT::canonical).toList().toString())
        .sorted()
        .toList();
  }

  private static String canonical(String text) {
    try {
      return canonical(JSON.readTree(text));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String canonical(JsonNode node) {
    if (node.isObject()) {
      return node.propertyStream()
          .map(field -> field.getKey() + "=" + canonical(field.getValue()))
          .sorted()
          .toList()
          .toString();
    }
    return node.isArray()
        ? IntStream.range(0, node.size()).mapToObj(i -> canonical(node.get(i))).toList().toString()
        : node.isNumber() ? node.decimalValue().stripTrailingZeros().toString() : node.toString();
  }

  @Test
  void otherSettingIsAnotherType() throws Exception {
    lake.set("columns.as-variant", "");
    lake.execute("CREATE TABLE s.t (id int PRIMARY KEY, doc jsonb)");
    lake.execute("INSERT INTO s.t VALUES (1, '[1]'), (2, '[2]')");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
    }
    lake.set("columns.as-variant", "s\\.t\\.doc");
    lake.execute("INSERT INTO s.t VALUES (3, '[3]')");
    try (Engine engine = lake.start()) {
      assertThat(engine.awaitFailure())
          .hasMessageContaining(
              "column doc of table s.t is variant at the source now, which column doc of table s.t (string) cannot hold");
    }
    lake.set("schema.changes", "new-column");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      engine.awaitTrue(() ->
          sorted(lake.rows("t", "id", "doc_v2"))
              .equals(sorted(lake.query("SELECT id, doc FROM s.t"))));
    }
    lake.set("columns.as-variant", "");
    try (Engine engine = lake.start()) {
      lake.execute("INSERT INTO s.t VALUES (4, '[4]')");
      engine.awaitTrue(() ->
          sorted(lake.rows("t", "id", "doc"))
              .equals(sorted(lake.query("SELECT id, doc FROM s.t"))));
    }
  }

  @Test
  void valueThatAVariantCannotHoldStopsOrIsKeptInTheQuarantine() throws Exception {
    lake.execute("CREATE TABLE s.t (id int PRIMARY KEY, doc json)");
    lake.execute("INSERT INTO s.t VALUES (1, '{\"a\": 1, \"a\": 2}')");
    assertThatThrownBy(
            () -> {
              try (Engine engine = lake.start()) {
                throw engine.awaitFailure();
              }
            })
        .hasMessageContaining(
            "column doc of table s.t holds a JSON object that has a key twice, which its type in the lake cannot hold")
        .hasMessageContaining("columns.as-text=s.t.doc");
    lake.set("bad-events", "quarantine");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute(
          "INSERT INTO s.t VALUES (2, '[1e999]'), (3, '\"\\ud800\"'), (4, '[1]'),"
              + " (5, (repeat('[', 1001) || repeat(']', 1001))::json), (6, 'null'), (7, NULL)");
      lake.awaitCaughtUp(engine);
      engine.awaitTrue(() -> lake.setAside("doc").size() == 4);
      assertThat(lake.setAside("doc"))
          .containsExactlyInAnyOrder(
              "a JSON object that has a key twice",
              "a number in JSON that is neither a decimal of 38 digits nor a double",
              "a JSON text with half of a surrogate pair",
              "JSON of more than 1000 levels");
      assertThat(lake.rows("t", "id", "doc"))
          .containsExactlyInAnyOrder(
              List.of("1", "null"),
              List.of("2", "null"),
              List.of("3", "null"),
              List.of("4", "[1]"),
              List.of("5", "null"),
              List.of("6", "null"),
              List.of("7", "null"));
      assertThat(isNull(6)).isFalse();
      assertThat(isNull(7)).isTrue();
      lake.execute("UPDATE s.t SET doc = '[2]' WHERE id IN (1, 2, 3, 5)");
      lake.query("SELECT pg_logical_emit_message(true, 'firn.firn', '{\"resnapshot\":[\"s.t\"]}')");
      engine.awaitTrue(() -> {
        mark();
        return engine.run().status(Instant.now()).readings().isEmpty()
            && lake.rows("t", "doc").stream().filter(List.of("[2]")::equals).count() == 4;
      });
    }
  }

  private void mark() {
    try {
      lake.execute("SELECT pg_logical_emit_message(true, 'nobody', '')");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether there is no document; one may say null. */
  private boolean isNull(int id) throws Exception {
    try (CloseableIterable<Record> rows = IcebergGenerics.read(lake.table("t")).build()) {
      for (Record row : rows) {
        if (row.getField("id").equals(id)) {
          return row.getField("doc") == null;
        }
      }
    }
    throw new AssertionError("no row " + id);
  }

  /** Why values are missing, without what is the same of all. */
  @Test
  void documentsAreMasked() throws Exception {
    lake.set("columns.mask.key", "a key of tests, long enough");
    lake.set("columns.mask.hash", "s\\.t\\.doc_hashed");
    lake.set("columns.mask.truncate.5", "s\\.t\\.doc_cut");
    lake.set("columns.mask.redact", "s\\.t\\.doc_redacted");
    lake.set("columns.mask.null", "s\\.t\\.doc_null");
    lake.execute(
        "CREATE TABLE s.t (id int PRIMARY KEY, doc_hashed jsonb, doc_cut json, doc_redacted jsonb,"
            + " doc_null jsonb)");
    String insert =
        "INSERT INTO s.t SELECT %d, d, d, d, d FROM (SELECT '[1, \"geheim\"]'::jsonb d)";
    lake.execute(insert.formatted(1));
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute(insert.formatted(2));
      lake.awaitCaughtUp(engine);
    }
    List<List<String>> rows = lake.rows("t", "doc_hashed", "doc_cut", "doc_redacted", "doc_null");
    assertThat(rows).hasSize(2);
    assertThat(rows.get(0)).isEqualTo(rows.get(1));
    assertThat(rows.get(0).subList(1, 4)).containsExactly("[1, \"", "\"***\"", "null");
    // That of the text, so that it is the same whether the column is to be a variant or not.
    assertThat(rows.get(0).get(0))
        .isEqualTo(MaskKey.of("a key of tests, long enough").hasher().hash("[1, \"geheim\"]"));
    assertThat(lake.table("t").schema().findType("doc_cut")).isEqualTo(Types.StringType.get());
    assertThat(lake.table("t").schema().findType("doc_redacted"))
        .isEqualTo(Types.VariantType.get());
  }

  @Test
  void whatCannotBeAVariantIsNamed() throws Exception {
    lake.execute("CREATE TABLE s.t (doc jsonb PRIMARY KEY, doc2 jsonb)");
    assertThatThrownBy(lake::start)
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("column doc of table s.t is part of the key");
    lake.set("columns.as-text", "s\\.t\\.doc");
    lake.set("format-version", "2");
    assertThatThrownBy(lake::start)
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining(
            "column doc2 of table s.t is variant, which tables of format-version=2 cannot have; take it out of debezium.sink.iceberg.columns.as-variant");
    lake.set("columns.as-variant", "");
    lake.execute("INSERT INTO s.t VALUES ('{\"b\": 1}')");
    lake.execute("CREATE TABLE s.old (id int PRIMARY KEY)");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
    }
    assertThat(lake.rows("t", "doc")).containsExactly(List.of("{\"b\": 1}"));
    lake.set("columns.as-variant", "s\\..*\\.doc");
    lake.set("format-version", "3");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute("ALTER TABLE s.old ADD doc jsonb");
      lake.execute("INSERT INTO s.old VALUES (1, '[]')");
      assertThat(engine.awaitFailure())
          .hasMessageContaining(
              "column doc of table s.old is variant, which table s.old of format version 2 cannot have");
    }
  }
}
