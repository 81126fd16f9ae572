package dev.firn.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lets a real Trino maintain tables of Firn, beside writers that go on, by the files of sql/trino.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TrinoMaintenanceIT {
  /** What it runs. */
  static final Set<String> FILES =
      Set.of(
          "22-rewrite-data-files.sql",
          "25-rewrite-manifests.sql",
          "26-expire-snapshots.sql",
          "27-remove-orphan-files.sql");

  private static final int FIRST_BATCHES = 20;
  private static final Duration FIFTH = Duration.ofMillis(200);
  private static final Map<String, String> ALL_FILES = Map.of("threshold", "100MB");
  private static final Map<String, String> WEEK = Map.of("retention", "7d");
  private static final Map<String, String> NONE = Map.of("retention", "0s");

  private Catalog catalog;
  private TrinoLake trino;
  private MaintenanceFiles files;

  @BeforeAll
  void start(@TempDir Path folder) {
    Optional<Path> java = Trino.findJava();
    assumeTrue(java.isPresent(), Trino.NO_JDK);
    catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder));
    trino =
        TrinoLake.open(
            java.orElseThrow(), CatalogFile.embedded("embedded-maintenance", folder), folder);
    files = new MaintenanceFiles(Path.of("trino"), trino, List.of("Failed to commit"));
  }

  @AfterAll
  void stop() throws SQLException {
    if (trino != null) {
      trino.close();
    }
  }

  @Test
  void rowsKeepTheirLineage() {
    try (LiveTable table = table("lineage", 3)) {
      Map<Integer, LiveTable.Lineage> before = table.lineage();
      files.must("22-rewrite-data-files.sql", table, ALL_FILES);
      assertThat(table.load().currentSnapshot().summary())
          .containsEntry(SnapshotSummary.TOTAL_DATA_FILES_PROP, "1")
          .containsEntry(SnapshotSummary.TOTAL_DELETE_FILES_PROP, "0");
      assertThat(table.lineage()).isEqualTo(before);
      table.commit();
      table.check();
    }
  }

  @Test
  void expiryLeavesSharedPuffinFiles() {
    try (LiveTable table = table("puffins", 3)) {
      expireAll(table);
      assertThat(table.load().refs()).containsKeys("firn_guard", "firn_baseline");
      table.check();
      table.commit();
      table.check();
    }
  }

  @Test
  void expiryOfLessThanAWeekMustBeAskedFor() {
    try (LiveTable table = table("week", 3)) {
      trino.ask("RESET SESSION lake.expire_snapshots_min_retention");
      assertThatThrownBy(() -> files.must("26-expire-snapshots.sql", table, NONE))
          .hasMessageContaining("shorter than the minimum retention");
      files.must("26-expire-snapshots.sql", table, WEEK);
      table.check();
    }
  }

  @Test
  void onlyOrphansGo() throws IOException {
    try (LiveTable table = table("orphans", 3)) {
      Path orphan = Files.writeString(table.folder().resolve("data/orphan.parquet"), "nobody's");
      Path young = Files.writeString(table.folder().resolve("data/young.parquet"), "soon mine");
      table.age(young);
      files.must("27-remove-orphan-files.sql", table, WEEK);
      assertThat(orphan).doesNotExist();
      assertThat(young).exists();
      table.commit();
      table.check();
    }
  }

  @Test
  void nothingIsLostBesideLiveWriters() throws Exception {
    try (LiveTable orders = table("orders", 3);
        LiveTable bills = table("bills", 2)) {
      for (LiveTable table : List.of(orders, bills)) {
        Map<String, String> changelog = Map.of("table", table.changelog().name());
        table.write(FIFTH);
        files.may("22-rewrite-data-files.sql", table, with(ALL_FILES, changelog));
        files.may("25-rewrite-manifests.sql", table, changelog);
        files.may("22-rewrite-data-files.sql", table, ALL_FILES);
        files.may("25-rewrite-manifests.sql", table, Map.of());
        expireAll(table);
        files.must("27-remove-orphan-files.sql", table, WEEK);
        files.must("27-remove-orphan-files.sql", table, with(WEEK, changelog));
        assertThat(table.writes()).isTrue();
        table.stop();
        table.check();
        table.readChangelog();
      }
    }
    assertThat(files.asked()).isEqualTo(FILES);
  }

  /** A row of a file changes after Trino has read it, and before it commits. */
  @Test
  void optimizeIsRefusedWhereRowsChangeMeanwhile() throws Exception {
    try (LiveTable table = table("busy", 3)) {
      table.write(Duration.ofMillis(1));
      boolean refused = false;
      for (int i = 0; i < 10 && !refused; i++) {
        refused = files.may("22-rewrite-data-files.sql", table, ALL_FILES).isEmpty();
      }
      assertThat(refused).isTrue();
      assertThat(table.writes()).isTrue();
      table.stop();
      table.check();
    }
  }

  /** All that may be expired: what is the table's state no more, and nothing holds. */
  private void expireAll(LiveTable table) {
    trino.ask("SET SESSION lake.expire_snapshots_min_retention = '0s'");
    long past = table.load().currentSnapshot().parentId();
    files.must("26-expire-snapshots.sql", table, NONE);
    assertThat(table.load().snapshot(past)).as("a snapshot that nothing holds").isNull();
  }

  private static Map<String, String> with(Map<String, String> some, Map<String, String> others) {
    Map<String, String> all = new HashMap<>(some);
    all.putAll(others);
    return all;
  }

  /** A table with some history, which nobody writes to yet. */
  private LiveTable table(String name, int formatVersion) {
    LiveTable table =
        LiveTable.create(catalog, TableIdentifier.of("shop", name), formatVersion, name.hashCode());
    table.commit(FIRST_BATCHES);
    return table;
  }
}
