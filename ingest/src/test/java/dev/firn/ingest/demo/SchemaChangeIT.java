package dev.firn.ingest.demo;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables are altered at the source in the middle of a load; the sink goes on. */
class SchemaChangeIT {
  private static final int RATE = 150;

  @TempDir private Path folder;

  @Test
  void alteredTablesAreFollowedWithoutARestart()
      throws SQLException, InterruptedException, IOException {
    try (PostgresServer server = PostgresServer.start(18)) {
      Shop shop = Shop.open(server);
      LakeView lake = LakeView.open(folder.resolve("lake"));
      try (SinkProcess sink =
              Sinks.start(
                  server, folder, "debezium.sink.iceberg.transaction.max-bytes-in-memory=64kb");
          FreshnessProbe probe = FreshnessProbe.start(lake);
          Load load = Load.start(shop, RATE, 1, probe)) {
        awaitCommits(lake, sink);
        Table before = lake.table("orders").orElseThrow();
        long rowsBefore = count(before, before.currentSnapshot().snapshotId());

        execute(shop, "ALTER TABLE shop.orders ADD COLUMN channel text");
        execute(
            shop, "UPDATE shop.orders SET channel = 'web', updated_at = now() WHERE id % 9 = 0");
        execute(shop, "ALTER TABLE shop.orders ADD COLUMN priority integer DEFAULT 7");
        execute(
            shop,
            "CREATE TABLE shop.complaints (id bigint PRIMARY KEY, reason text)",
            "INSERT INTO shop.complaints SELECT i, 'broken' FROM generate_series(1, 500) AS i");
        execute(shop, "ALTER TABLE shop.customers DROP COLUMN born");
        awaitCommits(lake, sink);
        execute(
            shop,
            "ALTER TABLE shop.products ALTER COLUMN id TYPE bigint,"
                + " ALTER COLUMN weight_kg TYPE double precision");
        execute(shop, "ALTER TABLE shop.order_items ALTER COLUMN quantity TYPE bigint");
        alterInOneTransaction(shop);
        alterInALargeTransaction(shop);
        execute(shop, "UPDATE shop.complaints SET reason = 'too large' WHERE id % 3 = 0");
        awaitCommits(lake, sink);

        load.close();
        assertThat(load.failure()).isEmpty();
        CatchUp.await(lake, sink, shop.mark());
        awaitRead("shop.orders", sink);
        awaitRead("shop.complaints", sink);
        assertThat(sink.restarts()).as(sink::tail).isZero();
        List<String> tables = new ArrayList<>(Shop.TABLES);
        tables.add("complaints");
        Sinks.assertEqual(shop, lake, tables);
        assertThat(count(lake.table("orders").orElseThrow(), before.currentSnapshot().snapshotId()))
            .isEqualTo(rowsBefore);
      }
      assertColumns(lake);
    }
  }

  /** Fits the budget, and is held back until its end. */
  private static void alterInOneTransaction(Shop shop) throws SQLException {
    execute(
        shop,
        "LOCK TABLE shop.shipments IN ACCESS EXCLUSIVE MODE",
        "INSERT INTO shop.shipments SELECT 'early' || i, i, 'Husky', 1, current_date, localtime,"
            + " localtimestamp, 'x', true FROM generate_series(1, 20) AS i",
        "ALTER TABLE shop.shipments ADD COLUMN parcels integer",
        "UPDATE shop.shipments SET parcels = 2 WHERE tracking_number < 'early15'"
            + " AND tracking_number LIKE 'early%'",
        "ALTER TABLE shop.shipments ALTER COLUMN parcels TYPE bigint, ADD COLUMN depot text",
        "UPDATE shop.shipments SET parcels = 1::bigint << 40, depot = 'north'"
            + " WHERE tracking_number IN ('early3', 'early17')",
        "DELETE FROM shop.shipments WHERE tracking_number = 'early5'");
  }

  private static void alterInALargeTransaction(Shop shop) throws SQLException {
    execute(
        shop,
        "LOCK TABLE shop.customers IN ACCESS EXCLUSIVE MODE",
        "UPDATE shop.customers SET points = points + 1, updated_at = now()",
        "ALTER TABLE shop.customers ADD COLUMN tier integer",
        "UPDATE shop.customers SET tier = 1 WHERE id <= 1000",
        "ALTER TABLE shop.customers ALTER COLUMN tier TYPE bigint, DROP COLUMN country",
        "UPDATE shop.customers SET tier = 1::bigint << 40 WHERE id % 3 = 0");
  }

  private static void execute(Shop shop, String... statements) throws SQLException {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (String one : statements) {
        statement.execute(one);
      }
      connection.commit();
    }
  }

  /** A new table, and rows that got a value without an event, are read beside the stream. */
  private void awaitRead(String table, SinkProcess sink) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!Files.readString(folder.resolve("ingest.log")).contains(table + " was read: ")) {
      assertThat(sink.failure()).isEmpty();
      assertThat(System.nanoTime()).as(sink::tail).isLessThan(deadline);
      LockSupport.parkNanos(50_000_000);
    }
  }

  /** Lets some more of the load arrive. */
  private static void awaitCommits(LakeView lake, SinkProcess sink) {
    long last = batch(lake);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (batch(lake) < last + 3) {
      assertThat(sink.failure()).isEmpty();
      assertThat(System.nanoTime()).as(sink::tail).isLessThan(deadline);
      LockSupport.parkNanos(50_000_000);
    }
  }

  private static long batch(LakeView lake) {
    return lake.table("orders").map(LakeView::batch).orElse(OptionalLong.empty()).orElse(0);
  }

  private static long count(Table table, long snapshot) throws IOException {
    Schema columns = requireNonNull(table.schemas().get(table.snapshot(snapshot).schemaId()));
    assertThat(columns.findField("channel")).isNull();
    long rows = 0;
    try (CloseableIterable<Record> read =
        IcebergGenerics.read(table).useSnapshot(snapshot).build()) {
      for (Record row : read) {
        assertThat(row.struct().field("channel")).isNull();
        assertThat(row.getField("currency")).isEqualTo("EUR");
        rows++;
      }
    }
    return rows;
  }

  private static void assertColumns(LakeView lake) {
    assertThat(lake.table("customers").orElseThrow().schema().columns())
        .extracting(Types.NestedField::name)
        .contains("born", "country")
        .endsWith("tier");
    Schema products = lake.table("products").orElseThrow().schema();
    assertThat(products.findType("id")).isEqualTo(Types.LongType.get());
    assertThat(products.findType("weight_kg")).isEqualTo(Types.DoubleType.get());
    assertThat(products.identifierFieldNames()).containsExactly("id");
    assertThat(lake.table("shipments").orElseThrow().schema().findType("parcels"))
        .isEqualTo(Types.LongType.get());
  }
}
