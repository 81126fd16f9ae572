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
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lets a real Spark maintain tables of Firn, beside writers that go on, by the files of sql/spark.
 *
 * <p>It takes two minutes, and is run when {@code -Dfirn.spark=true} asks for it.
 */
@EnabledIfSystemProperty(
    named = "firn.spark",
    matches = "true",
    disabledReason = "takes two minutes")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SparkMaintenanceIT {
  private static final Path FILES = Path.of("spark");
  private static final Duration LONG_AGO = Duration.ofDays(9);

  /** Later than every snapshot: all may be expired. */
  private static final String LATER = "2999-01-01 00:00:00 UTC";

  /** As on object stores. */
  private static final Duration SECOND = Duration.ofSeconds(1);

  /** As on local disks. */
  private static final Duration FIFTH = Duration.ofMillis(200);

  /** How often a batch may meet the same moment as Spark's commit before the test gives up. */
  private static final int ATTEMPTS = 3;

  /** Batches after which rows below {@link #COLD} are changed no more. */
  private static final int FIRST_BATCHES = 20;

  private static final int COLD = LiveTable.FIRST_ROWS + LiveTable.NEW_ROWS;
  private static final String COLD_ROWS =
      "id >= %d AND id < %d".formatted(LiveTable.FIRST_ROWS, COLD);

  private final Instant threeDaysAgo = Instant.now().minus(Duration.ofDays(3));
  private final Set<String> asked = new TreeSet<>();
  private Catalog catalog;
  private Spark spark;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    Optional<Path> java = Spark.findJava();
    assumeTrue(
        java.isPresent(),
        "Spark needs a JDK from %d to %d; none in JAVA_HOME or the usual folders (FIRN_JDK_DIRS)"
            .formatted(Spark.MIN_JDK, Spark.MAX_JDK));
    catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder));
    Path properties = folder.resolve("spark.conf");
    String text = Files.readString(FILES.resolve("catalog/embedded.conf"));
    Files.writeString(properties, text.replace("${dir}", folder.toString()));
    spark =
        Spark.start(
            java.orElseThrow(),
            properties,
            folder.resolve("spark"),
            Path.of("target", "spark.log"));
  }

  @AfterAll
  void stop() {
    if (spark != null) {
      spark.close();
    }
  }

  @Test
  void rowsKeepTheirLineage() {
    try (LiveTable table = table("lineage", 3)) {
      Map<Integer, LiveTable.Lineage> before = table.lineage();
      must("02-rewrite-data-files.sql", table, Map.of("where", "true"));
      must("03-rewrite-sorted.sql", table, Map.of("where", "true", "order", "name, id DESC"));
      assertThat(table.load().currentSnapshot().summary()).containsEntry("total-data-files", "1");
      assertThat(table.lineage()).isEqualTo(before);
      table.commit();
      check(table);
    }
  }

  @Test
  void expiryLeavesSharedPuffinFiles() {
    try (LiveTable table = table("puffins", 3)) {
      Answer answer = must("06-expire-snapshots.sql", table, Map.of("time", LATER, "keep", "1"));
      assertThat(answer.lines("deleted_position_delete_files_count")).doesNotContain("0");
      assertThat(table.load().refs()).containsKeys("firn_guard", "firn_baseline");
      check(table);
    }
  }

  @Test
  void onlyOrphansGo() throws IOException {
    try (LiveTable table = table("orphans", 3)) {
      Path folder = Path.of(URI.create(table.load().location()));
      Path orphan = Files.writeString(folder.resolve("data/orphan.parquet"), "nobody's");
      Path note = Files.writeString(folder.resolve("metadata/firn-unreachable-1.txt.gz"), "");
      Path young = Files.writeString(folder.resolve("data/young.parquet"), "somebody's, soon");
      makeOld(folder, young);
      Answer answer =
          must("07-remove-orphan-files.sql", table, Map.of("time", threeDaysAgo.toString()));
      assertThat(answer.rows()).hasSize(2);
      assertThat(orphan).doesNotExist();
      assertThat(note).doesNotExist();
      assertThat(young).exists();
      table.commit();
      check(table);
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
      CompletableFuture<Integer> firn = CompletableFuture.supplyAsync(() -> compact(tables, done));
      tables.forEach(this::maintainHarder);
      assertThat(tables).allMatch(LiveTable::writes);
      done.set(true);
      assertThat(firn.get()).as("rewrites by Firn").isPositive();
      for (LiveTable table : tables) {
        table.stop();
        check(table);
        Maintenance firnAlone = maintenance(Duration.ZERO);
        firnAlone.run(table.name(), EnumSet.allOf(Part.class), InstantSource.system());
        firnAlone.run(table.changelog(), EnumSet.allOf(Part.class), InstantSource.system());
        check(table);
        table.readChangelog();
      }
      assertThat(rowIds(orders.lineage())).containsAllEntriesOf(rowIds(first));
    }
    assertThat(asked).containsExactlyInAnyOrderElementsOf(SqlFile.namesIn(FILES));
  }

  @Test
  void everyParameterIsExplainedInItsFile() {
    for (String name : SqlFile.namesIn(FILES)) {
      SqlFile file = SqlFile.read(FILES.resolve(name));
      assertThat(file.explained()).as(name).isEqualTo(file.used());
    }
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
    must("01-let-commits-try-again.sql", table, Map.of());
    must("01-let-commits-try-again.sql", table, ofChangelog);
    Answer rewritten = must("02-rewrite-data-files.sql", table, Map.of("where", COLD_ROWS));
    assertThat(rewritten.lines("added_data_files_count")).doesNotContain("0");
    must("05-rewrite-manifests.sql", table, ofChangelog);
    must("02-rewrite-data-files.sql", table, Map.of("table", changelog, "where", "true"));
    must("03-rewrite-sorted.sql", table, Map.of("where", COLD_ROWS, "order", "id"));
    must("06-expire-snapshots.sql", table, expiry);
    must("06-expire-snapshots.sql", table, with(expiry, ofChangelog));
    must("07-remove-orphan-files.sql", table, Map.of("time", threeDaysAgo.toString()));
  }

  /** What may be refused beside the writer and Firn's compaction, and then changes nothing. */
  private void maintainHarder(LiveTable table) {
    may("02-rewrite-data-files.sql", table, Map.of("where", "true"));
    may("04-rewrite-position-deletes.sql", table, Map.of());
    may("05-rewrite-manifests.sql", table, Map.of());
    may("06-expire-snapshots.sql", table, Map.of("time", LATER, "keep", "1"));
  }

  private Answer must(String file, LiveTable table, Map<String, String> parameters) {
    for (int attempt = 1; attempt < ATTEMPTS; attempt++) {
      Optional<Answer> answer = may(file, table, parameters);
      if (answer.isPresent()) {
        return answer.orElseThrow();
      }
    }
    return ask(file, table, parameters);
  }

  /** Empty: refused because of what others have committed. */
  private Optional<Answer> may(String file, LiveTable table, Map<String, String> parameters) {
    try {
      return Optional.of(ask(file, table, parameters));
    } catch (Spark.Refused e) {
      assertThat(e).message().containsAnyOf("ValidationException", "CommitFailedException");
      System.out.printf("%n  %s%n", e.getMessage());
      return Optional.empty();
    }
  }

  private Answer ask(String file, LiveTable table, Map<String, String> parameters) {
    Map<String, String> all =
        with(Map.of("schema", "shop", "table", table.name().name()), parameters);
    List<String> statements = SqlFile.read(FILES.resolve(file)).statements(all);
    assertThat(statements).as("statements of " + file).hasSize(1);
    asked.add(file);
    Instant begin = Instant.now();
    long batches = table.batches();
    Answer answer = spark.ask(statements.getFirst());
    System.out.printf(
        "%n  %s %s (%s, %d batches meanwhile)%n%s%n",
        file, all, Duration.between(begin, Instant.now()), table.batches() - batches, answer);
    return answer;
  }

  private static Map<String, String> with(Map<String, String> some, Map<String, String> over) {
    Map<String, String> all = new HashMap<>(some);
    all.putAll(over);
    return all;
  }

  /** A table with some history, which nobody writes to yet. */
  private LiveTable table(String name, int formatVersion) {
    LiveTable table =
        LiveTable.create(catalog, TableIdentifier.of("shop", name), formatVersion, name.hashCode());
    for (int i = 0; i < FIRST_BATCHES; i++) {
      table.commit();
    }
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

  private static void makeOld(Path folder, Path except) throws IOException {
    FileTime time = FileTime.from(Instant.now().minus(LONG_AGO));
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .filter(file -> Files.isRegularFile(file) && !file.equals(except))
          .forEach(file -> setTime(file, time));
    }
  }

  private static void setTime(Path file, FileTime time) {
    try {
      Files.setLastModifiedTime(file, time);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The table holds what it must, in every snapshot; so say baseline and changelog. */
  private static void check(LiveTable table) {
    for (Snapshot snapshot : table.load().snapshots()) {
      Map<Integer, String> rows = table.read(snapshot.snapshotId());
      table
          .expectedAt(snapshot)
          .ifPresent(expected ->
              assertThat(rows).as("%s in %s", table.name(), snapshot).isEqualTo(expected));
    }
    assertThat(table.read(table.load().currentSnapshot().snapshotId()))
        .as(table.name().toString())
        .isEqualTo(table.expected());
    assertThat(table.replayed()).as("changelog of %s", table.name()).isEqualTo(table.expected());
  }
}
