package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code firn compact} runs again and again in processes of its own, beside the real sink. */
class CompactIT {
  private static final int COMPACTIONS = 2;
  private static final int RATE = 40;

  @TempDir private Path folder;

  @Test
  void besideARunningSinkNothingIsLostAndRowsKeepTheirIds()
      throws SQLException, IOException, InterruptedException {
    try (PostgresServer server = PostgresServer.start(18)) {
      Shop shop = Shop.open(server);
      LakeView lake = LakeView.open(folder.resolve("lake"));
      try (SinkProcess sink = startSink(server);
          FreshnessProbe probe = FreshnessProbe.start(lake);
          Load load = Load.start(shop, RATE, 1, probe)) {
        awaitBatches(lake, sink, 10);
        for (int i = 0; i < COMPACTIONS; i++) {
          Map<Lineage, Long> before = rowIds(lake);
          compact();
          awaitBatches(lake, sink, 3);
          assertSameIds(before, rowIds(lake));
        }
        load.close();
        assertThat(load.failure()).isEmpty();
        CatchUp.await(lake, sink, shop.mark());
        assertThat(sink.restarts()).isZero();
      }
      assertEqual(shop, lake);
      long filesBefore = files(compact("last.json"), "filesBefore");
      JsonNode nothing = compact("nothing.json");
      assertThat(filesBefore).isGreaterThan(Shop.TABLES.size());
      assertThat(files(nothing, "filesBefore")).isLessThanOrEqualTo(Shop.TABLES.size());
      assertThat(files(nothing, "rows")).isZero();
      assertEqual(shop, lake);
      assertCompactedBesideTheSink(lake);
    }
  }

  /** A row of one version: untouched as long as there is one of the same key and version. */
  private record Lineage(String table, Object id, Object version) {}

  private static Map<Lineage, Long> rowIds(LakeView lake) {
    Map<Lineage, Long> ids = new HashMap<>();
    for (String name : List.of("customers", "orders")) {
      Table table = lake.table(name).orElseThrow();
      Schema schema = MetadataColumns.schemaWithRowLineage(table.schema());
      try (CloseableIterable<Record> rows = IcebergGenerics.read(table).project(schema).build()) {
        for (Record row : rows) {
          ids.put(
              new Lineage(name, row.getField("id"), row.getField("_last_updated_sequence_number")),
              (Long) row.getField("_row_id"));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return ids;
  }

  private static void assertSameIds(Map<Lineage, Long> before, Map<Lineage, Long> after) {
    Map<Lineage, Long> untouched = new HashMap<>(before);
    untouched.keySet().retainAll(after.keySet());
    System.out.printf("%d rows, %d of them untouched%n", before.size(), untouched.size());
    assertThat(untouched).hasSizeGreaterThan(before.size() / 2);
    assertThat(after).containsAllEntriesOf(untouched);
  }

  private void compact() throws IOException, InterruptedException {
    JsonNode unused = compact("result.json");
  }

  private JsonNode compact(String result) throws IOException, InterruptedException {
    Path json = folder.resolve(result);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-jar",
                BuiltApplication.jar().toString(),
                "compact",
                "--once",
                "--dir",
                folder.resolve("lake").toString(),
                "--json",
                json.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    System.out.println(output);
    assertThat(process.waitFor()).as(output).isZero();
    return new ObjectMapper().readTree(Files.readString(json));
  }

  private static long files(JsonNode result, String field) {
    long sum = 0;
    for (JsonNode table : result) {
      assertThat(table.get("failure").asText()).isEmpty();
      sum += table.get(field).asLong();
    }
    return sum;
  }

  private static void assertCompactedBesideTheSink(LakeView lake) {
    long beside = 0;
    for (Snapshot snapshot : lake.table("orders").orElseThrow().snapshots()) {
      beside += snapshot.summary().containsKey("firn.compaction.why") ? 1 : 0;
    }
    assertThat(beside).isGreaterThanOrEqualTo(COMPACTIONS);
  }

  private SinkProcess startSink(PostgresServer server) {
    Path config = folder.resolve("ingest.properties");
    IngestConfig.write(config, server, Shop.DATABASE, Shop.SCHEMA, folder.resolve("lake"));
    return SinkProcess.start(
        new SinkProcess.Settings(
            BuiltApplication.jar(),
            List.of("-Xmx512m"),
            config,
            folder.resolve("ingest.log"),
            folder.resolve("ingest.pid")),
        notice -> System.out.println(notice));
  }

  private static void awaitBatches(LakeView lake, SinkProcess sink, int more)
      throws InterruptedException {
    long from = newest(lake).orElse(0);
    while (newest(lake).orElse(0) < from + more) {
      assertThat(sink.failure()).isEmpty();
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
  }

  private static OptionalLong newest(LakeView lake) {
    return lake.table("orders").map(LakeView::batch).orElse(OptionalLong.empty());
  }

  private static void assertEqual(Shop shop, LakeView lake) throws SQLException {
    try (Connection source = shop.connect()) {
      source.setAutoCommit(false);
      for (String table : Shop.TABLES) {
        RowComparison.Result result = lake.compare(source, table);
        assertThat(result.differences()).as(table).isEmpty();
      }
    }
  }
}
