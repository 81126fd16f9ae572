package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.ingest.Application;
import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code firn compact} runs again and again in processes of its own, beside the real sink. */
class CompactIT {
  private static final int COMPACTIONS = 2;
  private static final int ACCOUNTS = 2_000;
  private static final List<String> TABLES = List.of("accounts", "entries");

  /** About a hundred rows in each burst. */
  private static final int TRANSACTIONS = 11;

  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  @TempDir private Path folder;

  @Test
  void besideARunningSinkNothingIsLostAndEveryRowKeepsItsId()
      throws SQLException, IOException, InterruptedException {
    try (PostgresServer server = PostgresServer.start(18)) {
      create(server);
      LakeView lake = LakeView.open(folder.resolve("lake"));
      try (SinkProcess sink = startSink(server, "maintenance=false");
          Bookings bookings = Bookings.start(server)) {
        awaitBatches(lake, sink, 5);
        Map<String, Map<Object, Long>> ids = rowIds(lake);
        for (int i = 0; i < COMPACTIONS; i++) {
          assertThat(sum(compact(), "filesAfter")).isPositive();
          awaitBatches(lake, sink, 2);
          assertSameIds(ids, lake);
        }
        long last = bookings.end();
        for (String table : TABLES) {
          await(sink, () -> shows(lake, table, last) && shows(lake, table + "_changelog", last));
        }
        assertThat(sink.restarts()).isZero();
        assertEqual(server, lake);
        long files = dataFiles(lake);
        JsonNode compacted = compact();
        assertThat(dataFiles(lake)).isLessThan(files).isEqualTo(TABLES.size());
        assertThat(sum(compacted, "rows")).isPositive();
        assertEqual(server, lake);
        assertSameIds(ids, lake);
      }
    }
  }

  @Test
  void theSinkKeepsItsTablesInShapeByItself()
      throws SQLException, IOException, InterruptedException {
    try (PostgresServer server = PostgresServer.start(18)) {
      create(server);
      LakeView lake = LakeView.open(folder.resolve("lake"));
      try (SinkProcess sink =
              startSink(
                  server,
                  "maintenance.interval=1s",
                  "retention.recent=2s",
                  "retention.recent-snapshots=5",
                  "clean.grace=0");
          Bookings bookings = Bookings.start(server)) {
        awaitBatches(lake, sink, 12);
        for (String word : List.of("files became", "snapshots expired", "files removed")) {
          await(sink, () -> log().contains(word));
        }
        long last = bookings.end();
        for (String table : TABLES) {
          await(sink, () -> shows(lake, table, last) && shows(lake, table + "_changelog", last));
        }
        assertThat(sink.restarts()).isZero();
        assertEqual(server, lake);
        assertThat(log()).doesNotContain("trying again");
      }
    }
  }

  private String log() {
    try {
      return Files.readString(folder.resolve("ingest.log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void create(PostgresServer server) throws SQLException {
    execute(server, "postgres", "CREATE DATABASE " + Shop.DATABASE);
    execute(
        server,
        Shop.DATABASE,
        """
        CREATE SCHEMA shop;
        CREATE TABLE shop.accounts (
          id bigint PRIMARY KEY, balance numeric(12, 2) NOT NULL, changed timestamptz);
        CREATE TABLE shop.entries (
          id bigint PRIMARY KEY, account bigint NOT NULL, amount numeric(12, 2) NOT NULL);
        INSERT INTO shop.accounts SELECT i, 0, now() FROM generate_series(1, %1$d) i;
        INSERT INTO shop.entries SELECT i, i, 0 FROM generate_series(1, %1$d) i
        """
            .formatted(ACCOUNTS));
  }

  private static void execute(PostgresServer server, String database, String sql)
      throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Bursts of small transactions over both tables, once a second, until it is ended. */
  private static final class Bookings implements AutoCloseable {
    private final AtomicReference<SQLException> failure = new AtomicReference<>();
    private final PostgresServer server;
    private final Thread thread;
    private volatile boolean stopping;
    private long booked = ACCOUNTS;

    private Bookings(PostgresServer server) {
      this.server = server;
      this.thread = Thread.ofPlatform().name("bookings").unstarted(this::run);
    }

    static Bookings start(PostgresServer server) {
      Bookings bookings = new Bookings(server);
      bookings.thread.start();
      return bookings;
    }

    private void run() {
      try (Connection connection = server.connect(Shop.DATABASE);
          Statement statement = connection.createStatement()) {
        connection.setAutoCommit(false);
        while (!stopping) {
          for (int i = 0; i < TRANSACTIONS; i++) {
            book(statement);
            connection.commit();
          }
          LockSupport.parkNanos(PAUSE_NANOS);
        }
        book(statement);
        connection.commit();
      } catch (SQLException e) {
        failure.set(e);
      }
    }

    /** Its entry is the newest one, and its account is touched last. */
    private void book(Statement statement) throws SQLException {
      long next = ++booked;
      statement.execute(
          """
          INSERT INTO shop.entries VALUES (%1$d, %2$d, 1);
          UPDATE shop.entries SET amount = amount + 1 WHERE id IN (%1$d - 3, %2$d, %1$d - 200);
          DELETE FROM shop.entries WHERE id = %1$d - 1500;
          INSERT INTO shop.accounts VALUES (%1$d, 0, now());
          UPDATE shop.accounts SET balance = balance + 1, changed = now() WHERE id IN (%2$d, %1$d - 9)
          """
              .formatted(next, next * 7 % ACCOUNTS + 1));
    }

    /** Ends it; returns the key of the last row of each table. */
    long end() {
      close();
      assertThat(failure).hasNullValue();
      return booked;
    }

    @Override
    public void close() {
      stopping = true;
      LockSupport.unpark(thread);
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static boolean shows(LakeView lake, String name, long id) {
    return lake.table(name)
        .map(table -> !LakeView.read(table, Expressions.equal("id", id), "id").isEmpty())
        .orElse(false);
  }

  private static Map<String, Map<Object, Long>> rowIds(LakeView lake) {
    Map<String, Map<Object, Long>> ids = new HashMap<>();
    for (String name : TABLES) {
      Table table = lake.table(name).orElseThrow();
      Schema schema = MetadataColumns.schemaWithRowLineage(table.schema());
      Map<Object, Long> ofTable = ids.computeIfAbsent(name, unused -> new HashMap<>());
      try (CloseableIterable<Record> rows = IcebergGenerics.read(table).project(schema).build()) {
        rows.forEach(row -> ofTable.put(row.getField("id"), (Long) row.getField("_row_id")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return ids;
  }

  /** Rows that were there before and are there still have the ids that they had. */
  private static void assertSameIds(Map<String, Map<Object, Long>> before, LakeView lake) {
    rowIds(lake)
        .forEach((table, ids) -> {
          Map<Object, Long> same = new HashMap<>(before.get(table));
          same.keySet().retainAll(ids.keySet());
          assertThat(same).as(table).hasSizeGreaterThan(ACCOUNTS / 4);
          assertThat(ids).as(table).containsAllEntriesOf(same);
        });
  }

  private static long dataFiles(LakeView lake) {
    return TABLES.stream()
        .mapToLong(name ->
            Long.parseLong(
                lake.table(name).orElseThrow().currentSnapshot().summary().get("total-data-files")))
        .sum();
  }

  private JsonNode compact() throws IOException, InterruptedException {
    Path json = folder.resolve("result.json");
    Application.Printed done =
        Application.run(
            BuiltApplication.program().shortRun(),
            "compact",
            "--once",
            "--dir",
            folder.resolve("lake").toString(),
            "--json",
            json.toString());
    assertThat(done.exit()).as(done.text()).isZero();
    return new ObjectMapper().readTree(Files.readString(json));
  }

  private static long sum(JsonNode result, String field) {
    long sum = 0;
    for (JsonNode table : result) {
      assertThat(table.get("failure").asText()).isEmpty();
      sum += table.get(field).asLong();
    }
    return sum;
  }

  private SinkProcess startSink(PostgresServer server, String... settings) throws IOException {
    Path config = folder.resolve("ingest.properties");
    IngestConfig.write(config, server, Shop.DATABASE, Shop.SCHEMA, folder.resolve("lake"));
    for (String setting : settings) {
      Files.writeString(
          config,
          "debezium.sink.iceberg." + setting + System.lineSeparator(),
          StandardOpenOption.APPEND);
    }
    return SinkProcess.start(
        new SinkProcess.Settings(
            BuiltApplication.program().with("-Xmx512m").shortRun(),
            config,
            folder.resolve("ingest.log"),
            folder.resolve("ingest.pid")),
        end -> fail(end.toString()));
  }

  private static void awaitBatches(LakeView lake, SinkProcess sink, int more)
      throws InterruptedException {
    long from = newest(lake);
    await(sink, () -> newest(lake) >= from + more);
  }

  private static long newest(LakeView lake) {
    return lake.table("entries").map(table -> LakeView.batch(table).orElse(0)).orElse(0L);
  }

  private static void await(SinkProcess sink, BooleanSupplier condition)
      throws InterruptedException {
    while (!condition.getAsBoolean()) {
      assertThat(sink.failure()).isEmpty();
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
  }

  private static void assertEqual(PostgresServer server, LakeView lake) throws SQLException {
    try (Connection source = server.connect(Shop.DATABASE)) {
      source.setAutoCommit(false);
      for (String table : TABLES) {
        assertThat(lake.compare(source, table).differences()).as(table).isEmpty();
        assertThat(lake.replay(source, table).differences()).as(table).isEmpty();
      }
    }
  }
}
