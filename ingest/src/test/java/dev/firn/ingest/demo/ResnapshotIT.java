package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.OutputFileFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables are read again, or for the first time, while the demo's load goes on. */
class ResnapshotIT {
  private static final int RATE = 100;
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int DELETED = 50;

  @TempDir private Path folder;
  private PostgresServer server;
  private Shop shop;
  private LakeView lake;

  @BeforeEach
  void startServer() throws SQLException {
    server = PostgresServer.start(18);
    shop = Shop.open(server);
    lake = LakeView.open(folder.resolve("lake"));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void tableDamagedBySomebodyElseIsMendedUnderLoad() throws Exception {
    try (SinkProcess sink = startSink();
        FreshnessProbe probe = FreshnessProbe.start(lake)) {
      CatchUp.awaitTables(lake, sink, shop.mark());
      deleteSomeRows(lake.table("orders").orElseThrow());
      try (Load load = Load.start(shop, RATE, 1, probe)) {
        awaitTransactions(load, 300);
        Map<Long, Long> before = rowIds("orders");
        String said = firn("resnapshot", "orders", "--wait");
        assertThat(said)
            .contains("asked pipeline shop", "shop.orders was read again")
            .doesNotContain("nobody follows");
        assertThat(rowIds("orders")).containsAllEntriesOf(stillThere(before));
        awaitTransactions(load, load.transactions() + 200);
        load.close();
        assertThat(load.failure()).isEmpty();
      }
      CatchUp.await(lake, sink, shop.mark());
    }
    assertEqual(Shop.TABLES);
    assertThat(lake.table("orders").orElseThrow().refs())
        .containsKeys("firn_baseline", "firn_baseline_1");
  }

  @Test
  void killedWhileItReadsItReadsAgain() throws Exception {
    try (SinkProcess sink = startSink();
        FreshnessProbe probe = FreshnessProbe.start(lake)) {
      CatchUp.awaitTables(lake, sink, shop.mark());
      deleteSomeRows(lake.table("orders").orElseThrow());
      try (Load load = Load.start(shop, RATE, 1, probe)) {
        Optional<Long> before = baseline("orders");
        firn("resnapshot", "orders", "order_items");
        for (int kill = 1; kill <= 2; kill++) {
          long begun = logged("is read beside the stream");
          awaitTrue(sink, () -> logged("is read beside the stream") > begun);
          Sinks.pause(kill * 150L);
          int restarts = kill;
          sink.kill();
          awaitTrue(sink, () -> sink.restarts() >= restarts);
        }
        awaitTrue(sink, () -> !baseline("orders").equals(before));
        awaitTransactions(load, load.transactions() + 100);
        load.close();
        assertThat(load.failure()).isEmpty();
      }
      CatchUp.await(lake, sink, shop.mark());
    }
    assertEqual(Shop.TABLES);
  }

  @Test
  void tablesThatAreMadeOrMadeAnewWhileItRunsAreRead() throws Exception {
    try (SinkProcess sink = startSink();
        FreshnessProbe probe = FreshnessProbe.start(lake);
        Connection connection = shop.connect();
        Statement sql = connection.createStatement()) {
      CatchUp.awaitTables(lake, sink, shop.mark());
      try (Load load = Load.start(shop, RATE, 1, probe)) {
        sql.execute(
            "CREATE TABLE shop.reviews (id int PRIMARY KEY, stars int, words text);"
                + "ALTER TABLE shop.reviews ALTER words SET STORAGE EXTERNAL;"
                + "CREATE TABLE shop.unnamed (n int);"
                + "CREATE DOMAIN way AS int[];"
                + "CREATE TABLE shop.placed (id int PRIMARY KEY, ways way[]);"
                + "CREATE TABLE shop.routed (stops int[] PRIMARY KEY)");
        sql.execute("INSERT INTO shop.unnamed VALUES (1)");
        for (int i = 0; i < 600; i++) {
          sql.execute("INSERT INTO shop.reviews VALUES (%d, 1, repeat('w', 3000))".formatted(i));
          sql.execute("UPDATE shop.reviews SET stars = 5 WHERE id = " + i / 2);
          sql.execute("DELETE FROM shop.reviews WHERE id = " + (i - 300));
          Sinks.pause(10);
        }
        awaitTrue(sink, () -> isEqual("reviews"));
        assertThat(sql.executeUpdate("UPDATE shop.unnamed SET n = 2")).isOne();
        sql.execute("DROP TABLE shop.reviews");
        sql.execute(
            "CREATE TABLE shop.reviews (id int PRIMARY KEY, stars int, words text, seen boolean DEFAULT true)");
        for (int i = 500; i < 700; i++) {
          sql.execute("INSERT INTO shop.reviews VALUES (%d, 2, repeat('v', 3000))".formatted(i));
          sql.execute("UPDATE shop.reviews SET stars = 3 WHERE id = " + (i - 1));
          Sinks.pause(10);
        }
        awaitTrue(sink, () -> isEqual("reviews"));
        load.close();
        assertThat(load.failure()).isEmpty();
      }
      CatchUp.await(lake, sink, shop.mark());
      assertThat(sink.restarts()).isZero();
    }
    assertEqual(Shop.TABLES);
    assertEqual(List.of("reviews"));
    assertThat(logged("shop.unnamed is new at the source and left out")).isOne();
    assertThat(
            logged(
                "shop.placed is new at the source and left out: column ways of table shop.placed has type _way"))
        .isOne();
    assertThat(logged("shop.routed is new at the source and left out")).isOne();
    assertThat(logged("made anew at the source")).isPositive();
  }

  @Test
  void tableThatIsIncludedLaterOrWasLeftOutForATimeIsRead() throws Exception {
    String all = "debezium.source.table.exclude.list=";
    try (SinkProcess sink = startSink(all + "shop.shipments,shop.returns")) {
      awaitTrue(sink, () -> isEqual("orders"));
      assertThat(lake.table("shipments")).isEmpty();
      assertThat(sink.stop()).isZero();
    }
    try (Connection connection = shop.connect();
        Statement sql = connection.createStatement()) {
      sql.execute("DELETE FROM shop.shipments WHERE carrier < 'E'");
    }
    try (SinkProcess sink = startSink(all + "shop.returns,shop.customers");
        FreshnessProbe probe = FreshnessProbe.start(lake);
        Load load = Load.start(shop, RATE, 1, probe)) {
      awaitTrue(sink, () -> baseline("shipments").isPresent());
      awaitTransactions(load, 200);
      load.close();
      awaitTrue(sink, () -> isEqual("shipments") && isEqual("orders"));
      assertThat(isEqual("customers")).isFalse();
      assertThat(sink.stop()).isZero();
    }
    Optional<Long> before = baseline("orders");
    assertThat(firn("resnapshot", "orders"))
        .contains(
            "asked pipeline shop to read shop.orders again", "nobody follows the source's log now");
    try (SinkProcess sink = startSink(all + "shop.returns")) {
      awaitTrue(sink, () -> isEqual("customers") && !baseline("orders").equals(before));
      CatchUp.await(lake, sink, shop.mark());
    }
    assertEqual(Shop.FILLED);
  }

  @Test
  void signalsOfDebeziumAreTaken() throws Exception {
    Path file = folder.resolve("signals");
    Files.createFile(file);
    try (Connection connection = shop.connect();
        Statement sql = connection.createStatement()) {
      sql.execute("CREATE TABLE shop.signals (id text PRIMARY KEY, type text NOT NULL, data text)");
      try (SinkProcess sink =
          startSink(
              "debezium.source.signal.data.collection=shop.signals",
              "debezium.source.signal.file=" + file)) {
        awaitTrue(sink, () -> isEqual("orders"));
        Optional<Long> orders = baseline("orders");
        deleteSomeRows(lake.table("orders").orElseThrow());
        sql.execute(
            "INSERT INTO shop.signals VALUES ('1', 'execute-snapshot',"
                + " '{\"data-collections\": [\"shop.orders\"], \"type\": \"INCREMENTAL\"}')");
        awaitTrue(sink, () -> !baseline("orders").equals(orders));
        Optional<Long> products = baseline("products");
        deleteSomeRows(lake.table("products").orElseThrow());
        Files.writeString(
            file,
            "{\"id\":\"2\",\"type\":\"execute-snapshot\",\"data\":{\"data-collections\":[\"shop.prod.*\"]}}");
        awaitTrue(sink, () -> !baseline("products").equals(products));
        CatchUp.await(lake, sink, shop.mark());
        assertThat(sink.restarts()).isZero();
      }
    }
    assertThat(lake.table("signals")).isEmpty();
    assertEqual(Shop.TABLES);
  }

  private SinkProcess startSink(String... more) {
    return Sinks.start(server, folder, more);
  }

  /** Runs a command of the built application to its end. */
  private String firn(String... arguments) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(Arrays.asList(arguments));
    words.addAll(List.of("--config", folder.resolve("ingest.properties").toString()));
    List<String> command =
        BuiltApplication.program()
            .with("-Xmx256m")
            .shortRun()
            .command(words.toArray(String[]::new));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(said).isZero();
    return said;
  }

  /** Takes the first rows of a table away, as an engine does that knows nothing of Firn. */
  private static void deleteSomeRows(Table table) throws IOException {
    DataFile file;
    try (CloseableIterable<org.apache.iceberg.FileScanTask> tasks = table.newScan().planFiles()) {
      file = tasks.iterator().next().file();
    }
    BaseDVFileWriter writer =
        new BaseDVFileWriter(
            OutputFileFactory.builderFor(table, 1, 1).format(FileFormat.PUFFIN).build(),
            path -> null);
    try (writer) {
      for (int i = 0; i < DELETED; i++) {
        writer.delete(file.location(), i, table.spec(), file.partition());
      }
    }
    RowDelta delta = table.newRowDelta();
    writer.result().deleteFiles().forEach(delta::addDeletes);
    delta.commit();
  }

  private Map<Long, Long> rowIds(String name) throws IOException {
    Table table = lake.table(name).orElseThrow();
    Map<Long, Long> ids = new HashMap<>();
    try (CloseableIterable<Record> rows =
        IcebergGenerics.read(table)
            .project(MetadataColumns.schemaWithRowLineage(table.schema()))
            .build()) {
      rows.forEach(row -> ids.put((Long) row.getField("id"), (Long) row.getField("_row_id")));
    }
    return ids;
  }

  /** Those whose orders have not been deleted meanwhile. */
  private Map<Long, Long> stillThere(Map<Long, Long> ids) throws IOException {
    Map<Long, Long> still = new HashMap<>(ids);
    still.keySet().retainAll(rowIds("orders").keySet());
    assertThat(still).hasSizeGreaterThan(100);
    return still;
  }

  private Optional<Long> baseline(String name) {
    return lake.table(name)
        .map(table -> table.refs().get("firn_baseline"))
        .map(SnapshotRef::snapshotId);
  }

  private long logged(String words) throws IOException {
    return Files.readAllLines(folder.resolve("ingest.log"), UTF_8).stream()
        .filter(line -> line.contains(words))
        .count();
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void awaitTrue(SinkProcess sink, Condition condition) throws Exception {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!condition.holds()) {
      assertThat(sink.failure()).isEmpty();
      assertThat(Instant.now()).as(sink::tail).isBefore(deadline);
      Sinks.pause(100);
    }
  }

  private static void awaitTransactions(Load load, long transactions) throws InterruptedException {
    while (load.transactions() < transactions) {
      assertThat(load.failure()).isEmpty();
      Sinks.pause(20);
    }
  }

  private boolean isEqual(String table) throws SQLException {
    try (Connection source = shop.connect()) {
      source.setAutoCommit(false);
      return lake.table(table).isPresent() && lake.compare(source, table).equal();
    } catch (IllegalArgumentException e) {
      // The lake's table has not all of the columns yet.
      return false;
    }
  }

  private void assertEqual(List<String> tables) throws SQLException {
    Sinks.assertEqual(shop, lake, tables);
  }
}
