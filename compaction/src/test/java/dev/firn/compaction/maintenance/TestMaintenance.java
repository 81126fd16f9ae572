package dev.firn.compaction.maintenance;

import static dev.firn.compaction.CompactionFixture.ORDERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.compaction.CompactionFixture;
import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.CompactionStoppedException;
import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import dev.firn.compaction.cleaning.CleaningSettings;
import dev.firn.compaction.cleaning.Unreachable;
import dev.firn.compaction.retention.RetentionSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestMaintenance {
  private static final Set<Part> ALL = EnumSet.allOf(Part.class);
  private static final int COMMITS = 20;

  @TempDir private Path folder;

  /** Keeps one snapshot, and removes at once what that leaves behind. */
  private static MaintenanceSettings settings() {
    return new MaintenanceSettings(
        new CompactionSettings(128L << 20, CompactionMode.ALL),
        new RetentionSettings(Duration.ZERO, 1, 0, 0, 0, 0, Optional.empty()),
        new CleaningSettings(Duration.ZERO, Duration.ofHours(1)));
  }

  private static Maintenance maintenance(CompactionFixture lake, Pacer pacer) {
    return new Maintenance(lake.catalog, settings(), Progress.NONE, pacer);
  }

  private CompactionFixture busy() {
    CompactionFixture lake = CompactionFixture.with(10, folder, 3);
    for (int i = 0; i < COMMITS; i++) {
      lake.commit(lake.insert(100 + i, "new"), lake.update(i % 10, "v" + i));
    }
    return lake;
  }

  /** A day on, when all is old. */
  private static final InstantSource LATER = () -> Instant.now().plus(Duration.ofDays(1));

  @Test
  void aBusyTableIsCompactAndCleanAfterwards() {
    CompactionFixture lake = busy();
    Map<Integer, String> before = lake.rows();
    TableMaintenance done = maintenance(lake, Pacer.NONE).run(ORDERS, ALL, LATER);

    assertThat(done.failures()).isEmpty();
    Table table = lake.table();
    assertThat(table.currentSnapshot().summary()).containsEntry("total-data-files", "1");
    assertThat(done.retention().orElseThrow().snapshotsExpired()).isGreaterThan(COMMITS - 5);
    assertThat(done.cleaned().orElseThrow().total().files()).isGreaterThan(COMMITS);
    assertThat(Unreachable.in(table).files()).isZero();
    assertThat(lake.rows()).isEqualTo(before);
    lake.commit(lake.update(3, "after"));
    assertThat(lake.rows().get(3)).startsWith("after");
  }

  @Test
  void theSecondRunHasNothingToDo() {
    CompactionFixture lake = busy();
    Maintenance maintenance = maintenance(lake, Pacer.NONE);
    TableMaintenance first = maintenance.run(ORDERS, ALL, LATER);
    maintenance.run(ORDERS, ALL, LATER);
    TableMaintenance third = maintenance.run(ORDERS, ALL, LATER);

    assertThat(first.isNothing()).isFalse();
    assertThat(third.isNothing()).as(third.toString()).isTrue();
  }

  @Test
  void aTrialChangesNothing() throws IOException {
    CompactionFixture lake = busy();
    String before = metadata(lake.table());
    long files = files();
    TablePlan plan = maintenance(lake, Pacer.NONE).plan(ORDERS, LATER.instant());

    assertThat(plan.groups()).isPositive();
    assertThat(plan.filesIn()).isGreaterThan(COMMITS / 2);
    assertThat(plan.retention().snapshotsExpired()).isPositive();
    assertThat(metadata(lake.table())).isEqualTo(before);
    assertThat(files()).isEqualTo(files);
  }

  @Test
  void aPartThatFailsDoesNotKeepTheOthersFromBeingDone() throws IOException {
    CompactionFixture lake = busy();
    String lost;
    try (CloseableIterable<FileScanTask> tasks = lake.table().newScan().planFiles()) {
      lost = tasks.iterator().next().file().location();
    }
    lake.table().io().deleteFile(lost);
    TableMaintenance done = maintenance(lake, Pacer.NONE).run(ORDERS, ALL, LATER);

    assertThat(done.failures()).hasSize(1).first().asString().contains("missing");
    assertThat(done.retention().orElseThrow().snapshotsExpired()).isPositive();
    assertThat(done.cleaned()).isPresent();
  }

  @Test
  void onlyWhatIsAskedForIsDone() {
    CompactionFixture lake = busy();
    long snapshots = lake.table().history().size();
    TableMaintenance done =
        maintenance(lake, Pacer.NONE).run(ORDERS, EnumSet.of(Part.ORPHANS), LATER);

    assertThat(done.rewrite()).isEmpty();
    assertThat(done.retention()).isEmpty();
    assertThat(done.orphans()).isPresent();
    assertThat(lake.table().history()).hasSize((int) snapshots);
  }

  @Test
  void whoIsToldToStopDoesNothingMore() {
    CompactionFixture lake = busy();
    String before = metadata(lake.table());
    Maintenance maintenance =
        maintenance(
            lake,
            () -> {
              throw new CompactionStoppedException("the process ends");
            });

    assertThatThrownBy(() -> maintenance.run(ORDERS, ALL, LATER))
        .isInstanceOf(CompactionStoppedException.class);
    assertThat(metadata(lake.table())).isEqualTo(before);
  }

  private static String metadata(Table table) {
    return ((HasTableOperations) table).operations().current().metadataFileLocation();
  }

  private long files() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).filter(f -> !f.toString().contains(".db")).count();
    }
  }
}
