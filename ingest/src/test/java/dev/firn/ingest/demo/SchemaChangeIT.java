package dev.firn.ingest.demo;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.CanonicalRows;
import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;
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
      try (SinkProcess sink = startSink(server);
          FreshnessProbe probe = FreshnessProbe.start(lake);
          Load load = Load.start(shop, RATE, 1, probe)) {
        awaitCommits(lake, sink);
        Table before = lake.table("orders").orElseThrow();
        long rowsBefore = count(before, before.currentSnapshot().snapshotId());

        execute(shop, "ALTER TABLE shop.orders ADD COLUMN channel text");
        execute(
            shop, "UPDATE shop.orders SET channel = 'web', updated_at = now() WHERE id % 9 = 0");
        execute(shop, "ALTER TABLE shop.orders ADD COLUMN priority integer DEFAULT 7");
        Instant defaulted = now(shop);
        execute(shop, "ALTER TABLE shop.customers DROP COLUMN born");
        awaitCommits(lake, sink);
        execute(
            shop,
            "ALTER TABLE shop.products ALTER COLUMN id TYPE bigint,"
                + " ALTER COLUMN weight_kg TYPE double precision");
        execute(shop, "ALTER TABLE shop.order_items ALTER COLUMN quantity TYPE bigint");
        alterInOneTransaction(shop);
        alterInALargeTransaction(shop);
        awaitCommits(lake, sink);

        load.close();
        assertThat(load.failure()).isEmpty();
        CatchUp.await(lake, sink, shop.mark());
        assertThat(sink.restarts()).as(sink::tail).isZero();
        assertEqual(shop, lake, defaulted);
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

  private SinkProcess startSink(PostgresServer server) throws IOException {
    Path config = folder.resolve("ingest.properties");
    IngestConfig.write(config, server, Shop.DATABASE, Shop.SCHEMA, folder.resolve("lake"));
    Files.writeString(
        config,
        "debezium.sink.iceberg.transaction.max-bytes-in-memory=64kb\n",
        StandardOpenOption.APPEND);
    return SinkProcess.start(
        new SinkProcess.Settings(
            BuiltApplication.jar(),
            List.of("-Xmx512m"),
            config,
            folder.resolve("ingest.log"),
            folder.resolve("ingest.pid")),
        notice -> System.out.println(notice));
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

  private static Instant now(Shop shop) throws SQLException {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement();
        ResultSet now = statement.executeQuery("SELECT clock_timestamp()")) {
      now.next();
      return now.getObject(1, OffsetDateTime.class).toInstant();
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

  /** Some columns of some rows. */
  private record Part(CanonicalRows rows, List<String> columns, Predicate<@Nullable String[]> which)
      implements CanonicalRows {
    @Override
    public void forEach(Visitor visitor) {
      int[] from = columns.stream().mapToInt(rows.columns()::indexOf).toArray();
      rows.forEach(row -> {
        if (which.test(row)) {
          @Nullable String[] part = new @Nullable String[from.length];
          for (int i = 0; i < from.length; i++) {
            part[i] = row[from[i]];
          }
          visitor.row(part);
        }
      });
    }
  }

  /** All rows, but for values that rows have by a default without having changed. */
  private static void assertEqual(Shop shop, LakeView lake, Instant defaulted) throws SQLException {
    try (Connection connection = shop.connect()) {
      connection.setAutoCommit(false);
      for (String name : Shop.TABLES) {
        SourceRows source = SourceRows.of(connection, Shop.SCHEMA, name);
        LakeRows rows = LakeRows.of(lake.table(name).orElseThrow(), source.columns());
        int changed = source.columns().indexOf("updated_at");
        Predicate<@Nullable String[]> since =
            row -> Instant.parse(requireNonNull(row[changed])).isAfter(defaulted);
        assertThat(compare(source, rows, without(source.columns(), "priority"), row -> true))
            .as(name)
            .isEmpty();
        assertThat(compare(source, rows, source.columns(), since)).as(name).isEmpty();
        assertThat(lake.replay(connection, name).differences())
            .as("changelog of " + name)
            .isEmpty();
      }
    }
  }

  private static List<String> without(List<String> columns, String one) {
    return columns.stream().filter(column -> !column.equals(one)).toList();
  }

  private static List<RowComparison.Difference> compare(
      SourceRows source, LakeRows lake, List<String> columns, Predicate<@Nullable String[]> which) {
    return RowComparison.compare(
            new Part(source, columns, which), new Part(lake, columns, which), source.key())
        .differences();
  }
}
