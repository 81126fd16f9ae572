package dev.firn.compaction.retention;

import static dev.firn.compaction.CompactionFixture.ORDERS;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.CompactionFixture;
import dev.firn.writer.LakeTables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestChangelogRetention {
  private static final TableIdentifier CHANGELOG = LakeTables.changelogOf(ORDERS);
  private static final RetentionSettings DAY =
      RetentionSettings.of(Map.of("recent-snapshots", "1", "changelog", "1d"));

  @TempDir private Path folder;
  private CompactionFixture lake;
  private Instant now = Instant.now().plus(Duration.ofDays(3));

  @BeforeEach
  void fill() {
    lake = CompactionFixture.with(5, folder, 3);
    lake.commit(lake.update(1, "second"), lake.insert(5, "first"));
    lake.commit(lake.delete(2));
  }

  /** An hour after the run before. */
  private RetentionResult run(RetentionSettings settings, Mode mode) {
    now = now.plus(Duration.ofHours(1));
    return run(settings, now, mode);
  }

  private RetentionResult run(RetentionSettings settings, Instant at, Mode mode) {
    return Retention.run(lake.catalog, ORDERS, settings, at, mode, ExpiryListener.NONE);
  }

  private long baseline() {
    return requireNonNull(lake.table().refs().get(LakeTables.BASELINE)).snapshotId();
  }

  private static List<Record> read(Table table, IcebergGenerics.ScanBuilder scan) {
    try (CloseableIterable<Record> read = scan.build()) {
      List<Record> rows = new ArrayList<>();
      read.forEach(rows::add);
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + table, e);
    }
  }

  private List<Record> changes() {
    Table changelog = lake.catalog.loadTable(CHANGELOG);
    return read(changelog, IcebergGenerics.read(changelog));
  }

  /** Baseline + changelog = state. */
  private void assertExact() {
    Table table = lake.table();
    Snapshot baseline = table.snapshot(baseline());
    long batch = Long.parseLong(requireNonNull(baseline.summary().get("firn.batch")));
    Map<Object, Object> rows = new TreeMap<>();
    read(table, IcebergGenerics.read(table).useSnapshot(baseline.snapshotId()))
        .forEach(row -> rows.put(row.getField("id"), row.getField("name")));
    changes().stream()
        .filter(change -> (Long) change.getField("_batch") > batch)
        .sorted(
            Comparator.<Record>comparingLong(change -> (Long) change.getField("_batch"))
                .thenComparingLong(change -> (Long) change.getField("_sequence")))
        .forEach(change -> {
          if (change.getField("_op").equals("d")) {
            rows.remove(change.getField("id"));
          } else {
            rows.put(change.getField("id"), change.getField("name"));
          }
        });
    Map<Object, Object> state = new TreeMap<>();
    read(table, IcebergGenerics.read(table))
        .forEach(row -> state.put(row.getField("id"), row.getField("name")));
    assertThat(rows).isEqualTo(state);
  }

  @Test
  void theBaselineMovesFirstAndALaterRunRemovesTheChangesBefore() {
    long before = baseline();

    RetentionResult moved = run(DAY, Mode.REAL);

    assertThat(baseline())
        .isNotEqualTo(before)
        .isEqualTo(lake.table().currentSnapshot().snapshotId());
    assertThat(moved.notes()).singleElement().asString().contains("its changelog begins after");
    assertThat(changes()).hasSize(3);
    assertExact();

    lake.commit(lake.update(1, "third"));
    RetentionResult removed = run(DAY, Mode.REAL);
    assertThat(removed.changelogFilesRemoved()).isEqualTo(2);
    assertThat(changes()).hasSize(1);
    assertExact();
  }

  @Test
  void changesStayForAnHourAfterTheBaselineMoved() {
    run(DAY, Mode.REAL);
    Instant hourAfter = now.plus(Duration.ofHours(1));

    assertThat(run(DAY, now, Mode.REAL).changelogFilesRemoved()).isZero();
    assertThat(run(DAY, hourAfter.minusMillis(1), Mode.REAL).changelogFilesRemoved()).isZero();
    assertThat(changes()).hasSize(3);
    assertThat(run(DAY, hourAfter, Mode.REAL).changelogFilesRemoved()).isEqualTo(2);
  }

  @Test
  void theyStayForAnHourAfterAReadingMovedItToo() {
    Snapshot head = lake.table().currentSnapshot();
    lake.table().manageSnapshots().replaceTag(LakeTables.BASELINE, head.snapshotId()).commit();
    Instant hourAfter = Instant.ofEpochMilli(head.timestampMillis()).plus(Duration.ofHours(1));

    assertThat(run(DAY, hourAfter.minusMillis(1), Mode.REAL).changelogFilesRemoved()).isZero();
    assertThat(changes()).hasSize(3);
    assertThat(run(DAY, hourAfter, Mode.REAL).changelogFilesRemoved()).isEqualTo(2);
  }

  @Test
  void theyStayWhereItIsNotKnownWhenItMoved() {
    run(DAY, Mode.REAL);
    lake.table().updateProperties().set(RetentionKeys.BASELINE_MOVED_AT, "yesterday").commit();

    assertThat(run(DAY, Mode.REAL).changelogFilesRemoved()).isZero();
  }

  @Test
  void theWriterGoesOnAndStartsAgain() {
    run(DAY, Mode.REAL);
    run(DAY, Mode.REAL);
    Map<String, String> summary = lake.catalog.loadTable(CHANGELOG).currentSnapshot().summary();
    assertThat(summary)
        .containsKey("firn.retention.why")
        .doesNotContainKeys("firn.pipeline", "firn.epoch", "firn.batch", "firn.position");

    lake.commit(lake.update(1, "third"));
    assertExact();
    lake = CompactionFixture.again(folder);
    lake.commit(lake.update(1, "fourth"), lake.delete(5));
    assertExact();
    assertThat(lake.rows()).hasSize(4);
  }

  @Test
  void aDryRunMovesAndRemovesNothing() {
    long before = baseline();
    run(DAY, Mode.DRY_RUN);
    assertThat(baseline()).isEqualTo(before);

    run(DAY, Mode.REAL);
    assertThat(run(DAY, Mode.DRY_RUN).changelogFilesRemoved()).isEqualTo(2);
    assertThat(changes()).hasSize(3);
  }

  @Test
  void forEverIsForEver() {
    long before = baseline();
    RetentionSettings forever = RetentionSettings.of(Map.of());
    run(forever, Mode.REAL);
    run(forever, Mode.REAL);
    assertThat(baseline()).isEqualTo(before);
    assertThat(changes()).hasSize(3);
  }

  /** A new reading moves the baseline at once: that makes no change older. */
  @Test
  void aChangeThatIsYoungStaysThoughTheBaselineIsLater() {
    run(DAY, Mode.REAL);
    RetentionSettings ages = RetentionSettings.of(Map.of("changelog", "30000d"));

    assertThat(run(ages, Mode.REAL).changelogFilesRemoved()).isZero();
    assertThat(changes()).hasSize(3);
  }

  @Test
  void aHeldSnapshotStaysProvable() {
    long first = baseline();
    Holds.add(
        lake.table(), lake.table().currentSnapshot().snapshotId(), "why", "me", Instant.now());
    long held = lake.table().currentSnapshot().snapshotId();
    lake.commit(lake.update(1, "third"));

    run(DAY, Mode.REAL);
    run(DAY, Mode.REAL);

    assertThat(baseline()).isIn(first, held);
    assertThat(changes()).hasSizeGreaterThan(0);
    assertThat(changes()).extracting(change -> change.getField("name")).contains("third");
    assertExact();
  }

  @Test
  void aHoldOnTheChangelogStopsItAll() {
    Table changelog = lake.catalog.loadTable(CHANGELOG);
    Hold hold =
        Holds.add(changelog, changelog.currentSnapshot().snapshotId(), "why", "me", Instant.now());
    long before = baseline();
    run(DAY, Mode.REAL);
    assertThat(baseline()).isEqualTo(before);

    Holds.remove(lake.catalog.loadTable(CHANGELOG), hold.name());
    run(DAY, Mode.REAL);
    changelog = lake.catalog.loadTable(CHANGELOG);
    Holds.add(changelog, changelog.currentSnapshot().snapshotId(), "why", "me", Instant.now());
    run(DAY, Mode.REAL);
    assertThat(baseline()).isNotEqualTo(before);
    assertThat(changes()).hasSize(3);
  }
}
