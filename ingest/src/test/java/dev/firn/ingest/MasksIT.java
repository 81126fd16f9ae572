package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.LakeRows;
import dev.firn.writer.Lake;
import dev.firn.writer.LakeTables;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types.NestedField;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Columns that are masked or dropped: no file of the lake has their values, whatever happens. */
class MasksIT {
  private static final String KEY = "a key of tests, long enough";

  /** What every value that must not be seen begins with; nothing else has it. */
  private static final String SECRET = "geheim";

  @RegisterExtension private static final SharedServer SERVER = new SharedServer();

  @TempDir Path folder;
  private SourceAndLake lake;

  @BeforeEach
  void makeSchema() throws SQLException {
    lake = SERVER.lake(folder, "masks");
    lake.set("table.write.parquet.compression-codec", "uncompressed");
    lake.execute(
        "CREATE TABLE s.t (id int PRIMARY KEY, email text, phone text, ssn text, salary"
            + " numeric(8,2), born date, note text, marks text[], raw bytea, n int)");
    lake.execute(
        "ALTER TABLE s.t ALTER email SET STORAGE EXTERNAL, ALTER note SET STORAGE EXTERNAL");
    lake.execute("CREATE TABLE s.keyed (email text PRIMARY KEY, n int)");
    lake.execute("CREATE TABLE s.keyless (email text, ssn text, n int)");
    lake.execute("ALTER TABLE s.keyless REPLICA IDENTITY FULL");
  }

  @AfterEach
  void dropSchema() throws SQLException {
    lake.close();
  }

  private void mask() {
    lake.set("columns.mask.key", KEY);
    lake.set("columns.mask.hash", ".*\\.email");
    lake.set("columns.mask.truncate.2", "s\\.t\\.phone, s\\.t\\.raw");
    lake.set("columns.mask.redact", ".*\\.ssn.*, s\\.t\\.salary, s\\.t\\.marks");
    lake.set("columns.mask.null", "s\\.t\\.born");
    lake.set("columns.drop", "s\\.t\\.note");
  }

  /** The values of the row of a number, in which all that is masked begins with the secret. */
  private void insert(int from, int to) throws SQLException {
    lake.execute(
        ("INSERT INTO s.t SELECT i, 'geheim' || i || repeat('e', i %% 2 * 5000), '+49geheim' || i,"
                + " 'geheim-ssn' || i, 777777.25, '1977-07-07', 'geheim' || repeat('n', 5000),"
                + " ARRAY['geheim'], convert_to('xygeheim', 'UTF8'), 0"
                + " FROM generate_series(%1$d, %2$d) i;"
                + " INSERT INTO s.keyed SELECT 'geheim' || i, i FROM generate_series(%1$d, %2$d) i;"
                + " INSERT INTO s.keyless SELECT 'geheim' || i / 2, 'geheim', 1"
                + " FROM generate_series(%1$d, %2$d) i")
            .formatted(from, to));
  }

  private static String hash(String value) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(KEY.getBytes(UTF_8), "HmacSHA256"));
    return HexFormat.of().formatHex(mac.doFinal(value.getBytes(UTF_8)));
  }

  @Test
  void nothingOfThemIsWritten() throws Exception {
    mask();
    insert(1, 20);
    lake.set("transaction.max-bytes-in-memory", "20kb");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      insert(21, 30);
      lake.execute("UPDATE s.t SET n = n + 1");
      lake.execute("UPDATE s.t SET ssn = 'geheim-other', phone = '+1geheim' WHERE id % 3 = 0");
      lake.execute("DELETE FROM s.t WHERE id % 7 = 0");
      lake.execute(
          "UPDATE s.t SET id = id + 100, email = 'geheim moved', note = 'geheim' WHERE id = 10");
      lake.execute("UPDATE s.keyed SET n = -1 WHERE n % 2 = 0; DELETE FROM s.keyed WHERE n = 3");
      lake.execute("UPDATE s.keyed SET email = 'geheimA' WHERE n = 5");
      lake.execute("UPDATE s.keyless SET n = 2 WHERE ctid = '(0,1)'");
      lake.execute("DELETE FROM s.keyless WHERE email = 'geheim3'");
      lake.execute("ALTER TABLE s.t ADD ssn_of_spouse text DEFAULT 'geheim'");
      lake.execute("UPDATE s.t SET ssn_of_spouse = 'geheim2' WHERE id < 10");
      lake.execute("CREATE TABLE s.later (id int PRIMARY KEY, email text, ssn int)");
      lake.execute("INSERT INTO s.later VALUES (1, 'geheim1', 777777)");
      lake.awaitCaughtUp(engine);
      awaitNoReadings(engine);
      engine.awaitTrue(() -> has("later"));
    }
    assertThat(
            lake.rows(
                "t", "id", "email", "phone", "ssn", "salary", "born", "marks", "ssn_of_spouse"))
        .hasSize(26)
        .contains(
            List.of("2", hash("geheim2"), "+4", "***", "0.00", "null", "[]", "***"),
            List.of(
                "1", hash("geheim1" + "e".repeat(5000)), "+4", "***", "0.00", "null", "[]", "***"),
            List.of("110", hash("geheim moved"), "+4", "***", "0.00", "null", "[]", "***"));
    assertThat(lake.table("t").schema().findField("note")).isNull();
    assertThat(lake.rows("keyed", "email", "n"))
        .hasSize(29)
        .contains(List.of(hash("geheim2"), "-1"), List.of(hash("geheimA"), "5"))
        .doesNotContain(List.of(hash("geheim5"), "5"));
    assertThat(lake.rows("keyless", "email", "ssn", "n"))
        .hasSize(28)
        .contains(List.of(hash("geheim0"), "***", "2"));
    assertThat(lake.rows("later", "email", "ssn")).containsExactly(List.of(hash("geheim1"), "0"));
    requireNowhere(10);
  }

  private boolean has(String table) {
    try {
      return lake.rows(table, "id").size() == 1;
    } catch (org.apache.iceberg.exceptions.NoSuchTableException e) {
      return false;
    }
  }

  @Test
  void quarantineHasThemMaskedAsTheTableHas() throws Exception {
    mask();
    lake.set("bad-events", "quarantine");
    lake.execute("ALTER TABLE s.t ADD until timestamptz");
    insert(1, 2);
    lake.execute("UPDATE s.t SET until = 'infinity' WHERE id = 1");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute("UPDATE s.t SET until = 'infinity', ssn = 'geheim' WHERE id = 2");
      lake.execute(
          "INSERT INTO s.t (id, email, ssn, born, until) VALUES (3, 'geheim3', 'geheim', '1977-07-07', '-infinity')");
      lake.awaitCaughtUp(engine);
    }
    List<String> events = new ArrayList<>();
    LakeRows.of(
            catalog().loadTable(TableIdentifier.of("firn", "firn_quarantine")), List.of("event"))
        .forEach(row -> events.add(String.valueOf(row[0])));
    assertThat(events).hasSize(3);
    assertThat(String.join("", events))
        .contains(hash("geheim3"), "\"ssn\":\"***\"", "\"born\":null")
        .doesNotContain("\"note\"", "1977", "777777");
    requireNowhere(3);
  }

  @Test
  void tableThatWasReadWithoutThemIsReadAgain() throws Exception {
    insert(1, 20);
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
    }
    mask();
    long before = lake.table("t").currentSnapshot().snapshotId();
    // Values that the source does not send again would be those of the table.
    lake.execute("UPDATE s.t SET n = 5");
    lake.execute("DELETE FROM s.keyed WHERE n = 1; UPDATE s.keyed SET n = 200 WHERE n = 2");
    try (Engine engine = lake.start()) {
      lake.execute("UPDATE s.t SET n = 6 WHERE id = 3");
      engine.awaitTrue(() -> engine.run().status(Instant.now()).readings().isEmpty() && isMasked());
      lake.execute("UPDATE s.t SET n = 7 WHERE id = 5");
      lake.execute("DELETE FROM s.keyed WHERE n = 4");
      lake.awaitCaughtUp(engine);
    }
    assertThat(lake.rows("t", "id", "email", "note", "n"))
        .hasSize(20)
        .contains(
            List.of("3", hash("geheim3" + "e".repeat(5000)), "null", "6"),
            List.of("5", hash("geheim5" + "e".repeat(5000)), "null", "7"));
    assertThat(lake.rows("keyed", "email", "n"))
        .hasSize(18)
        .contains(List.of(hash("geheim2"), "200"));
    Catalog catalog = catalog();
    for (String table : List.of("t", "keyed", "keyless")) {
      requireNotIn(lake.table(table));
      requireNotIn(catalog.loadTable(LakeTables.changelogOf(TableIdentifier.of("s", table))));
    }
    assertThat(lake.table("t").snapshot(before)).as("history is left alone").isNotNull();
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      assertThat(engine.run().status(Instant.now()).readings()).as("once is enough").isEmpty();
    }
  }

  private boolean isMasked() {
    return lake.rows("t", "email").stream().noneMatch(row -> row.getFirst().startsWith(SECRET))
        && lake.rows("keyed", "email").stream().noneMatch(row -> row.getFirst().startsWith(SECRET));
  }

  @Test
  void whatCannotBeMaskedIsNamed() throws Exception {
    lake.set("columns.mask.hash", "s\\.t\\.email");
    assertThatThrownBy(lake::start).hasMessageContaining("columns.mask.key is missing");
    lake.set("columns.mask.key", "geheim");
    assertThatThrownBy(lake::start)
        .hasMessageContaining("columns.mask.key=***: expected at least 16 letters")
        .hasMessageNotContaining(SECRET);
    lake.set("columns.mask.key", KEY);
    lake.set("columns.mask.null", "s\\.t\\.id");
    assertThatThrownBy(lake::start)
        .hasMessageContaining(
            "columns.mask.null names column id of table s.t, which is part of the key");
    lake.set("columns.mask.null", "");
    lake.set("columns.mask.truncate.3", "s\\.t\\.n");
    assertThatThrownBy(lake::start)
        .hasMessageContaining(
            "columns.mask.truncate.3 names column n of table s.t, which is int: it goes with texts and bytes");
    lake.set("columns.mask.truncate.3", "s\\.t\\.phonee");
    assertThatThrownBy(lake::start)
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("names no column of a captured table; the nearest is s.t.phone");
    lake.set("columns.mask.truncate.3", "s\\.t\\.phone");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute("ALTER TABLE s.t DROP phone");
    }
    lake.start().close();
    lake.set("columns.mask.hash", "s\\.t\\.email, s\\.t\\.n");
    assertThatThrownBy(lake::start)
        .hasMessageContaining(
            "columns.mask.hash makes column n of table s.t a string, but in table s.t of the lake it is int; set debezium.sink.iceberg.schema.changes=new-column");
    lake.set("schema.changes", "new-column");
    insert2();
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      awaitNoReadings(engine);
      engine.awaitTrue(() -> !lake.rows("t", "n_v2").isEmpty());
    }
    assertThat(lake.rows("t", "n", "n_v2")).containsExactly(List.of("null", hash("4711")));
  }

  private void insert2() throws SQLException {
    lake.execute("INSERT INTO s.t (id, n) VALUES (1, 4711)");
  }

  private void awaitNoReadings(Engine engine) throws InterruptedException {
    engine.awaitTrue(() -> engine.run().status(Instant.now()).readings().isEmpty());
  }

  private Catalog catalog() {
    return Lake.open(Lake.DEFAULT_NAME, Engine.lake(folder));
  }

  /** Neither in the bytes of any file, nor in what any table says of its files. */
  private void requireNowhere(int leastFiles) throws IOException {
    Set<String> found = new TreeSet<>();
    int data = 0;
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        data += file.toString().endsWith(".parquet") ? 1 : 0;
        if (contains(Files.readAllBytes(file))) {
          found.add(file.getFileName().toString());
        }
      }
    }
    assertThat(found).isEmpty();
    assertThat(data).isGreaterThanOrEqualTo(leastFiles);
    Catalog catalog = catalog();
    int bounds = 0;
    for (TableIdentifier table : LakeTables.in(catalog)) {
      bounds += requireNotInMetrics(catalog.loadTable(table));
      requireNotIn(catalog.loadTable(table));
    }
    assertThat(bounds).isGreaterThan(10);
  }

  private static boolean contains(byte[] bytes) {
    return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).contains(SECRET);
  }

  private static int requireNotInMetrics(Table table) throws IOException {
    int bounds = 0;
    for (Snapshot snapshot : table.snapshots()) {
      for (ManifestFile manifest : snapshot.dataManifests(table.io())) {
        try (CloseableIterable<DataFile> files =
            ManifestFiles.read(manifest, table.io(), table.specs())) {
          for (DataFile file : files) {
            for (Map<Integer, ByteBuffer> values :
                List.of(file.lowerBounds(), file.upperBounds())) {
              for (ByteBuffer value : values.values()) {
                byte[] bytes = new byte[value.remaining()];
                value.duplicate().get(bytes);
                assertThat(contains(bytes)).isFalse();
                bounds++;
              }
            }
          }
        }
      }
    }
    return bounds;
  }

  /** What a reader sees now. */
  private static void requireNotIn(Table table) {
    List<String> columns = table.schema().columns().stream().map(NestedField::name).toList();
    LakeRows.of(table, columns)
        .forEach(row ->
            assertThat(Stream.of(row).map(String::valueOf).toList().toString())
                .doesNotContain(SECRET));
  }
}
