package dev.firn.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import dev.firn.compaction.TableResult;
import dev.firn.compaction.cleaning.CleaningSettings;
import dev.firn.compaction.maintenance.Maintenance;
import dev.firn.compaction.maintenance.MaintenanceSettings;
import dev.firn.compaction.maintenance.Part;
import dev.firn.compaction.retention.RetentionSettings;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lets a real Spark maintain tables of Firn, beside writers that go on, by the files of sql/spark.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SparkMaintenanceIT {
  private static final Path FOLDER = Path.of("spark");

  /** What it runs. */
  static final Set<String> FILES =
      Set.of(
          "21-let-commits-try-again.sql",
          "22-rewrite-data-files.sql",
          "23-rewrite-sorted.sql",
          "24-rewrite-position-deletes.sql",
          "25-rewrite-manifests.sql",
          "26-expire-snapshots.sql",
          "27-remove-orphan-files.sql");

  /** Later than every snapshot: all may be expired. */
  private static final String LATER = "2999-01-01 00:00:00 UTC";

  /**
   * How Iceberg's expiry says that most of what it was to expire has been expired by somebody else,
   * here by Firn: {@code TableMetadata} counts what would be left.
   */
  private static final String SNAPSHOTS_GONE = "arraySize cannot be negative";

  /** As on object stores. */
  private static final Duration SECOND = Duration.ofSeconds(1);

  /** As on local disks. */
  private static final Duration FIFTH = Duration.ofMillis(200);

  /** Batches after which rows below {@link #COLD} are changed no more. */
  private static final int FIRST_BATCHES = 20;

  private static final int COLD = LiveTable.FIRST_ROWS + LiveTable.NEW_ROWS;
  private static final String COLD_ROWS =
      "id >= %d AND id < %d".formatted(LiveTable.FIRST_ROWS, COLD);

  private final Instant threeDaysAgo = Instant.now().minus(Duration.ofDays(3));
  private Catalog catalog;
  private MaintenanceFiles files;

  @BeforeAll
  void start(@TempDir Path folder) {
    Optional<Path> java = Spark.findJava();
    assumeTrue(java.isPresent(), Spark.NO_JDK);
    catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder));
    files =
        new MaintenanceFiles(
            FOLDER,
            Spark.open(java.orElseThrow(), CatalogFile.embedded("embedded", folder), folder),
            List.of("ValidationException", "CommitFailedException", SNAPSHOTS_GONE));
  }

  @Test
  void rowsKeepTheirLineage() {
    try (LiveTable table = table("lineage", 3)) {
      Map<Integer, LiveTable.Lineage> before = table.lineage();
      files.must("22-rewrite-data-files.sql", table, Map.of("where", "true"));
      files.must("23-rewrite-sorted.sql", table, Map.of("where", "true", "order", "name, id DESC"));
      assertThat(table.load().currentSnapshot().summary()).containsEntry("total-data-files", "1");
      assertThat(table.lineage()).isEqualTo(before);
      table.commit();
      table.check();
    }
  }

  @Test
  void expiryLeavesSharedPuffinFiles() {
    try (LiveTable table = table("puffins", 3)) {
      Answer answer =
          files.must("26-expire-snapshots.sql", table, Map.of("time", LATER, "keep", "1"));
      assertThat(answer.lines("deleted_position_delete_files_count")).doesNotContain("0");
      assertThat(table.load().refs()).containsKeys("firn_guard", "firn_baseline");
      table.check();
    }
  }

  @Test
  void onlyOrphansGo() throws IOException {
    try (LiveTable table = table("orphans", 3)) {
      Path folder = table.folder();
      Path orphan = Files.writeString(folder.resolve("data/orphan.parquet"), "nobody's");
      Path note = Files.writeString(folder.resolve("metadata/firn-unreachable-1.txt.gz"), "");
      Path young = Files.writeString(folder.resolve("data/young.parquet"), "somebody's, soon");
      table.age(young);
      Answer answer =
          files.must("27-remove-orphan-files.sql", table, Map.of("time", threeDaysAgo.toString()));
      assertThat(answer.rows()).hasSize(2);
      assertThat(orphan).doesNotExist();
      assertThat(note).doesNotExist();
      assertThat(young).exists();
      table.commit();
      table.check();
    }
  }

  @Test
  void nothingIsLostBesideLiveWriters() throws Exception {
    try (LiveTable orders = table("orders", 3);
        LiveTable bills = table("bills", 2)) {
      Map<Integer, LiveTable.Lineage> first = orders.lineage();
      List<LiveTable> tables = List.of(orders, bills);
      orders.write(SECOND);
      maintain(orders);
      orders.stop();
      tables.forEach(table -> table.write(FIFTH));
      AtomicBoolean done = new AtomicBoolean();
      CompletableFuture<Integer> firn =
          CompletableFuture.supplyAsync(() -> compact(tables, done), Thread.ofPlatform()::start);
      try {
        maintainHarder(orders, bills);
        assertThat(tables).allMatch(LiveTable::writes);
      } finally {
        done.set(true);
        firn.exceptionally(failed -> 0).join();
      }
      assertThat(firn.get()).as("rewrites by Firn").isPositive();
      for (LiveTable table : tables) {
        table.stop();
        table.check();
        Maintenance firnAlone = maintenance(Duration.ZERO);
        firnAlone.run(table.name(), EnumSet.allOf(Part.class), InstantSource.system());
        firnAlone.run(table.changelog(), EnumSet.allOf(Part.class), InstantSource.system());
        table.check();
        table.readChangelog();
      }
      assertThat(rowIds(orders.lineage())).containsAllEntriesOf(rowIds(first));
    }
    assertThat(files.asked()).isEqualTo(FILES);
  }

  /** Those of the first rows, which are never deleted. */
  private static Map<Integer, Long> rowIds(Map<Integer, LiveTable.Lineage> lineage) {
    return lineage.entrySet().stream()
        .filter(row -> row.getKey() < LiveTable.FIRST_ROWS)
        .collect(Collectors.toMap(Map.Entry::getKey, row -> row.getValue().rowId()));
  }

  /** What must succeed beside the writer. */
  private void maintain(LiveTable table) {
    String changelog = table.changelog().name();
    Map<String, String> ofChangelog = Map.of("table", changelog);
    Map<String, String> expiry = Map.of("time", LATER, "keep", "3");
    files.must("21-let-commits-try-again.sql", table, Map.of());
    files.must("21-let-commits-try-again.sql", table, ofChangelog);
    Answer rewritten = files.must("22-rewrite-data-files.sql", table, Map.of("where", COLD_ROWS));
    assertThat(rewritten.lines("added_data_files_count")).doesNotContain("0");
    files.must("25-rewrite-manifests.sql", table, ofChangelog);
    files.must("22-rewrite-data-files.sql", table, Map.of("table", changelog, "where", "true"));
    files.must("23-rewrite-sorted.sql", table, Map.of("where", COLD_ROWS, "order", "id"));
    files.must("26-expire-snapshots.sql", table, expiry);
    files.must(
        "26-expire-snapshots.sql", table, Map.of("table", changelog, "time", LATER, "keep", "3"));
    files.must("27-remove-orphan-files.sql", table, Map.of("time", threeDaysAgo.toString()));
  }

  /** What may be refused beside the writers and Firn's compaction, and then changes nothing. */
  private void maintainHarder(LiveTable orders, LiveTable bills) {
    files.may("22-rewrite-data-files.sql", orders, Map.of("where", "true"));
    files.may("25-rewrite-manifests.sql", orders, Map.of());
    files.may("26-expire-snapshots.sql", orders, Map.of("time", LATER, "keep", "1"));
    files.may("22-rewrite-data-files.sql", bills, Map.of("where", "true"));
    files.may("24-rewrite-position-deletes.sql", bills, Map.of());
  }

  /** A table with some history, which nobody writes to yet. */
  private LiveTable table(String name, int formatVersion) {
    LiveTable table =
        LiveTable.create(catalog, TableIdentifier.of("shop", name), formatVersion, name.hashCode());
    table.commit(FIRST_BATCHES);
    return table;
  }

  /** Compacts and retains on and on; the number of rewrites that did something. */
  private int compact(List<LiveTable> tables, AtomicBoolean done) {
    int rewrites = 0;
    Maintenance maintenance = maintenance(Duration.ofHours(1));
    while (!done.get()) {
      for (LiveTable table : tables) {
        Optional<TableResult> rewrite =
            maintenance
                .run(table.name(), EnumSet.of(Part.REWRITE, Part.RETENTION), InstantSource.system())
                .rewrite();
        rewrites += rewrite.filter(result -> !result.isNothing()).isPresent() ? 1 : 0;
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
    return rewrites;
  }

  private Maintenance maintenance(Duration grace) {
    return new Maintenance(
        catalog,
        new MaintenanceSettings(
            new CompactionSettings(128L << 20, CompactionMode.TIERED),
            new RetentionSettings(Duration.ZERO, 10, 0, 0, 0, 0, Optional.empty()),
            new CleaningSettings(grace, Duration.ofHours(1))),
        Progress.NONE,
        Pacer.NONE);
  }
}
