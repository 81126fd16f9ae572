package dev.firn.compaction.retention;

import static dev.firn.compaction.retention.MadeTable.NAME;
import static dev.firn.compaction.retention.MadeTable.START;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.compaction.CompactionFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.util.SnapshotUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class TestRetention {
  private static final RetentionSettings LITTLE =
      RetentionSettings.of(
          Map.of("recent", "0", "recent-snapshots", "2", "minutes", "0", "hours", "0"));
  private static final Instant LATER = START.plus(Duration.ofHours(5));

  @TempDir private Path folder;

  private Catalog tableOf(int snapshots) throws IOException {
    MadeTable table = MadeTable.in(folder);
    table.commits(snapshots, START, Duration.ofSeconds(1));
    return table.register(folder);
  }

  private static RetentionResult run(Catalog catalog, ExpiryListener listener) {
    return Retention.run(catalog, NAME, LITTLE, LATER, Mode.REAL, listener);
  }

  private static SortedSet<Long> ids(Table table) {
    TreeSet<Long> ids = new TreeSet<>();
    table.snapshots().forEach(snapshot -> ids.add(snapshot.snapshotId()));
    return ids;
  }

  @Test
  void oneCommitDoesItAndSaysWhat() throws IOException {
    Catalog catalog = tableOf(50);

    RetentionResult result = run(catalog, ExpiryListener.NONE);

    assertThat(result.snapshotsBefore()).isEqualTo(50);
    assertThat(result.snapshotsAfter()).isEqualTo(2);
    assertThat(result.snapshotsExpired()).isEqualTo(48);
    assertThat(result.metadataBytesAfter().orElseThrow())
        .isLessThan(result.metadataBytesBefore().orElseThrow());
    assertThat(ids(catalog.loadTable(NAME))).containsExactly(49L, 50L);
    assertThat(run(catalog, ExpiryListener.NONE).isNothing()).isTrue();
  }

  @Test
  void aDryRunSaysTheSameAndDoesNothing() throws IOException {
    Catalog catalog = tableOf(50);
    List<Set<Long>> told = new ArrayList<>();

    RetentionResult result =
        Retention.run(
            catalog, NAME, LITTLE, LATER, Mode.DRY_RUN, (table, ids, now) -> told.add(ids));

    assertThat(result.snapshotsExpired()).isEqualTo(48);
    assertThat(told).isEmpty();
    assertThat(ids(catalog.loadTable(NAME))).hasSize(50);
  }

  @Test
  void theListenerIsToldBeforeAndItsFailureLeavesAllAsItWas() throws IOException {
    Catalog catalog = tableOf(50);
    ExpiryListener failing =
        (table, ids, now) -> {
          assertThat(ids).hasSize(48);
          assertThat(table.snapshot(1)).isNotNull();
          throw new IllegalStateException("killed");
        };

    assertThatThrownBy(() -> run(catalog, failing)).hasMessage("killed");
    assertThat(ids(catalog.loadTable(NAME))).hasSize(50);

    assertThat(run(catalog, ExpiryListener.NONE).snapshotsExpired()).isEqualTo(48);
  }

  @Test
  void aTagThatSomebodySetsMeanwhileIsRespected() throws IOException {
    Catalog catalog = tableOf(50);
    List<Set<Long>> told = new ArrayList<>();
    FaultyTables faulty =
        new FaultyTables(catalog)
            .meanwhile(
                () -> catalog.loadTable(NAME).manageSnapshots().createTag("mine", 7).commit());

    RetentionResult result =
        Retention.run(faulty, NAME, LITTLE, LATER, Mode.REAL, (table, ids, now) -> told.add(ids));

    assertThat(result.snapshotsExpired()).isEqualTo(47);
    assertThat(ids(catalog.loadTable(NAME))).containsExactly(7L, 49L, 50L);
    assertThat(told).hasSize(1);
  }

  @Test
  void aLostAnswerIsLookedFor() throws IOException {
    Catalog catalog = tableOf(50);

    RetentionResult result =
        run(new FaultyTables(catalog).losesTheRequest().losesTheAnswer(), ExpiryListener.NONE);

    assertThat(result.snapshotsExpired()).isEqualTo(48);
    assertThat(ids(catalog.loadTable(NAME))).containsExactly(49L, 50L);
  }

  @Test
  void noFileIsDeleted() throws IOException {
    CompactionFixture lake = CompactionFixture.with(3, folder, 3);
    for (int i = 0; i < 5; i++) {
      lake.commit(lake.update(1, "v" + i));
    }
    Set<Path> before = dataAndManifests();

    RetentionResult result =
        Retention.run(
            lake.catalog,
            CompactionFixture.ORDERS,
            LITTLE,
            Instant.now(),
            Mode.REAL,
            ExpiryListener.NONE);

    assertThat(result.snapshotsExpired()).isPositive();
    assertThat(dataAndManifests()).isEqualTo(before);
  }

  private Set<Path> dataAndManifests() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return Set.copyOf(
          files.filter(file -> file.toString().matches(".*\\.(avro|parquet|puffin)")).toList());
    }
  }

  @Test
  void aTableThatWasRolledBackIsLeftAlone() {
    CompactionFixture lake = CompactionFixture.with(3, folder, 3);
    lake.commit(lake.update(1, "second"));
    Snapshot last = lake.table().currentSnapshot();
    lake.table().manageSnapshots().rollbackTo(last.parentId()).commit();

    RetentionResult result =
        Retention.run(
            lake.catalog,
            CompactionFixture.ORDERS,
            LITTLE,
            Instant.now().plus(Duration.ofDays(9)),
            Mode.REAL,
            ExpiryListener.NONE);

    assertThat(result.notes()).singleElement().asString().contains("rolled back");
    assertThat(lake.table().snapshot(last.snapshotId())).isNotNull();
  }

  @Test
  void aTableWhoseFilesOthersShareIsLeftAlone() throws IOException {
    MadeTable table = MadeTable.in(folder, Map.of("gc.enabled", "false"));
    table.commits(50, START, Duration.ofSeconds(1));

    RetentionResult result = run(table.register(folder), ExpiryListener.NONE);

    assertThat(result.snapshotsExpired()).isZero();
    assertThat(result.notes()).containsExactly("its property gc.enabled is false");
  }

  /** Runs of two processes, and a writer that never pauses. */
  @Test
  @Timeout(60)
  void theWriterGoesOnMeanwhileAndAfterwards() {
    CompactionFixture lake = CompactionFixture.with(10, folder, 3);
    Executor threads = Thread.ofPlatform()::start;
    CompletableFuture<Void> one = CompletableFuture.runAsync(() -> runTwenty(lake), threads);
    CompletableFuture<Void> other = CompletableFuture.runAsync(() -> runTwenty(lake), threads);
    int commits = 0;
    while (!one.isDone() || !other.isDone()) {
      lake.commit(lake.update(commits % 10, "v" + commits));
      commits++;
    }
    one.join();
    other.join();
    Map<Integer, String> rows = lake.rows();

    CompactionFixture again = CompactionFixture.again(folder);

    assertThat(again.rows()).isEqualTo(rows);
    again.commit(again.update(1, "last"), again.insert(10, "new"));
    assertThat(again.rows()).hasSize(11);
    assertThat(SnapshotUtil.currentAncestors(again.table())).hasSizeLessThan(commits + 5);
    assertThat(again.table().refs()).containsKeys("firn_baseline", "firn_guard");
  }

  private static void runTwenty(CompactionFixture lake) {
    for (int i = 0; i < 20; i++) {
      for (String name : List.of("orders", "orders_changelog")) {
        Retention.run(
            lake.catalog,
            org.apache.iceberg.catalog.TableIdentifier.of("shop", name),
            LITTLE,
            Instant.now(),
            Mode.REAL,
            ExpiryListener.NONE);
      }
    }
  }

  /** The newest mark is far below the head: others have committed since, and the writer stands. */
  @Test
  void theWriterStartsAgainAfterManyCommitsOfOthers() {
    CompactionFixture lake = CompactionFixture.with(10, folder, 3);
    lake.commit(lake.update(1, "second"));
    for (int i = 0; i < 10; i++) {
      lake.table().newFastAppend().set("by", "somebody").commit();
    }
    Retention.run(
        lake.catalog,
        CompactionFixture.ORDERS,
        LITTLE,
        Instant.now().plus(Duration.ofDays(400)),
        Mode.REAL,
        ExpiryListener.NONE);

    CompactionFixture again = CompactionFixture.again(folder);

    again.commit(again.update(1, "third"));
    assertThat(again.rows().get(1)).startsWith("third");
    assertThat(again.table().snapshots()).hasSizeLessThan(20);
  }

  @Test
  @Timeout(10)
  void manySnapshotsGoAtOnce() throws IOException {
    MadeTable made = MadeTable.in(folder);
    made.commits(20_000, START, Duration.ofSeconds(7));
    Catalog catalog = made.register(folder);
    long started = System.nanoTime();

    RetentionResult result =
        Retention.run(
            catalog,
            NAME,
            RetentionSettings.of(Map.of()),
            START.plus(Duration.ofSeconds(140_000)),
            Mode.REAL,
            ExpiryListener.NONE);

    assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(5));
    assertThat(result.snapshotsAfter()).isBetween(150, 300);
    Map<String, SnapshotRef> refs = catalog.loadTable(NAME).refs();
    assertThat(refs.keySet()).filteredOn(Tier::isTag).hasSize(result.tagsSet());
    assertThat(refs).containsKeys("firn_d_20250601", "firn_h_2025060123");
  }
}
