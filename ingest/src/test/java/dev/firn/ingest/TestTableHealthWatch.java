package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.health.HealthSettings;
import dev.firn.compaction.health.Prices;
import dev.firn.compaction.health.TableHealth;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestTableHealthWatch {
  private static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  private static final HealthSettings SETTINGS = new HealthSettings(128L << 20, Prices.DEFAULT);

  @TempDir private Path folder;
  private final MeterRegistry registry = new SimpleMeterRegistry();
  private MeasuredLake lake;

  @BeforeEach
  void openLake() {
    lake = new MeasuredLake(folder);
  }

  @AfterEach
  void closeLake() throws IOException {
    lake.close();
  }

  private TableHealthWatch watch(BiConsumer<TableHealthWatch, TableIdentifier> found) {
    return new TableHealthWatch(
        lake.catalog, () -> Set.of(ORDERS), SETTINGS, InstantSource.system(), found);
  }

  private double gauge(String name, String table) {
    return registry.get(name).tag("table", table).gauge().value();
  }

  @Test
  void eachTableAndItsChangelogHaveTheirGauges() {
    Table orders = lake.table(ORDERS);
    MeasuredLake.append(orders, 12);
    MeasuredLake.deleteByEquality(orders);
    MeasuredLake.append(lake.changelog(ORDERS), 1);

    try (TableHealthWatch watch = watch(new Meters(registry)::show)) {
      watch.look();

      assertThat(gauge("firn.table.rows", "shop.orders")).isEqualTo(120);
      assertThat(gauge("firn.table.data.files", "shop.orders")).isEqualTo(12);
      assertThat(gauge("firn.table.data.bytes", "shop.orders")).isEqualTo(12 << 20);
      assertThat(gauge("firn.table.small.file.ratio", "shop.orders")).isEqualTo(1);
      assertThat(gauge("firn.table.deleted.row.ratio", "shop.orders")).isZero();
      assertThat(gauge("firn.table.deletion.vectors", "shop.orders")).isZero();
      assertThat(gauge("firn.table.equality.deletes", "shop.orders")).isEqualTo(1);
      assertThat(gauge("firn.table.snapshots", "shop.orders")).isEqualTo(2);
      assertThat(gauge("firn.table.metadata.bytes", "shop.orders")).isGreaterThan(1000);
      assertThat(gauge("firn.table.last.commit.timestamp.seconds", "shop.orders"))
          .isEqualTo(orders.currentSnapshot().timestampMillis() / 1000.0);
      assertThat(gauge("firn.table.last.compaction.timestamp.seconds", "shop.orders")).isNaN();
      assertThat(gauge("firn.table.read.cost.ratio", "shop.orders")).isGreaterThan(2);
      assertThat(gauge("firn.table.rows", "shop.orders_changelog")).isEqualTo(10);
    }
  }

  @Test
  void gaugesFollowTheTableAndAreNothingWithoutIt() {
    Table orders = lake.table(ORDERS);
    MeasuredLake.append(orders, 1);
    try (TableHealthWatch watch = watch(new Meters(registry)::show)) {
      watch.look();
      MeasuredLake.append(orders, 1);
      watch.look();
      assertThat(gauge("firn.table.data.files", "shop.orders")).isEqualTo(2);
      assertThat(registry.find("firn.table.rows").gauges()).hasSize(1);

      lake.catalog.dropTable(ORDERS, false);
      watch.look();
      assertThat(registry.find("firn.table.rows").gauges())
          .extracting(Gauge::value)
          .containsExactly(Double.NaN);
    }
  }

  /** Else each change would register the gauges again. */
  @Test
  void aTableIsToldOfOnce() {
    Table orders = lake.table(ORDERS);
    List<TableIdentifier> told = new ArrayList<>();
    try (TableHealthWatch watch = watch((w, table) -> told.add(table))) {
      MeasuredLake.append(orders, 1);
      watch.look();
      MeasuredLake.append(orders, 1);
      watch.look();
    }
    assertThat(told).containsExactly(ORDERS);
  }

  @Test
  void aTableThatDidNotChangeIsNotReadAgain() {
    MeasuredLake.append(lake.table(ORDERS), 1);
    try (TableHealthWatch watch = watch((w, table) -> {})) {
      watch.look();
      Optional<TableHealth> first = watch.seen(ORDERS);
      watch.look();
      assertThat(watch.seen(ORDERS).orElseThrow()).isSameAs(first.orElseThrow());
    }
  }

  @Test
  void aTableThatCannotBeReadHasNoFigures() {
    Table orders = lake.table(ORDERS);
    MeasuredLake.append(orders, 1);
    try (TableHealthWatch watch = watch((w, table) -> {})) {
      watch.look();
      MeasuredLake.append(orders, 1);
      orders.io().deleteFile(orders.currentSnapshot().manifestListLocation());
      watch.look();
      assertThat(watch.seen(ORDERS)).isEmpty();

      MeasuredLake.append(lake.changelog(ORDERS), 1);
      watch.look();
      assertThat(watch.seen(TableIdentifier.of("shop", "orders_changelog"))).isPresent();
    }
  }

  @Test
  void itLooksByItselfUntilItIsClosed() throws InterruptedException {
    MeasuredLake.append(lake.table(ORDERS), 1);
    CountDownLatch looked = new CountDownLatch(1);
    TableHealthWatch watch = watch((w, table) -> looked.countDown());
    try (watch) {
      watch.start(Duration.ofSeconds(1));
      assertThat(looked.await(30, TimeUnit.SECONDS)).isTrue();
    }
    MeasuredLake.append(lake.catalog.loadTable(ORDERS), 1);
    watch.look();
    assertThat(watch.seen(ORDERS).orElseThrow().files().dataFiles()).isEqualTo(1);
  }

  @Test
  void itRestsLongerThanItLooks() {
    Duration minute = Duration.ofMinutes(1);
    assertThat(TableHealthWatch.pause(minute, Duration.ofSeconds(1))).isEqualTo(minute);
    assertThat(TableHealthWatch.pause(minute, Duration.ofSeconds(30)))
        .isEqualTo(Duration.ofMinutes(10));
  }
}
