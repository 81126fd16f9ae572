package dev.firn.compaction;

import static dev.firn.compaction.ForeignTable.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.cleaning.CleaningSettings;
import dev.firn.compaction.cleaning.Unreachable;
import dev.firn.compaction.health.HealthSettings;
import dev.firn.compaction.health.Prices;
import dev.firn.compaction.health.TableHealth;
import dev.firn.compaction.maintenance.Maintenance;
import dev.firn.compaction.maintenance.MaintenanceSettings;
import dev.firn.compaction.maintenance.Part;
import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.compaction.retention.RetentionSettings;
import dev.firn.writer.CallerRuns;
import dev.firn.writer.HadoopDefaults;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.stream.IntStream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.data.Record;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One run makes a table healthy that another tool has left to itself: many snapshots, each with
 * small files and equality deletes of what came before.
 */
class TestForeignScale {
  private static final int SNAPSHOTS = Integer.getInteger("firn.scale.snapshots", 20);
  private static final int FILES = Integer.getInteger("firn.scale.files", 40);
  private static final int DELETES = Integer.getInteger("firn.scale.deletes", 200);
  private static final int ROWS_PER_FILE = 20;

  /** One file of metadata for each of so many, or thousands of them take a day. */
  private static final int SNAPSHOTS_AT_ONCE = 200;

  private static final long SEED = Long.getLong("firn.seed", 20261122);

  private static final ExecutorService IN_PLACE = new CallerRuns();

  @TempDir private Path folder;

  private final TreeSet<Integer> model = new TreeSet<>();
  private int next;

  @Test
  void oneRunMakesItHealthy() {
    System.out.printf("TestForeignScale: seed %d (-Dfirn.seed=%d)%n", SEED, SEED);
    ForeignTable lake = ForeignTable.in(folder, 3, PartitionSpec.unpartitioned());
    long began = System.nanoTime();
    HadoopDefaults.hiddenFrom(() -> {
      write(lake.table());
      return lake;
    });
    say("written", began);
    Instant later = Instant.now().plus(Duration.ofDays(1));
    System.out.println(health(lake, later).findings());

    began = System.nanoTime();
    Maintenance maintenance = maintenance(lake);
    TableMaintenance done =
        maintenance.run(ForeignTable.NAME, EnumSet.allOf(Part.class), () -> later);
    say("maintained", began);

    assertThat(done.failures()).isEmpty();
    assertThat(health(lake, later).findings()).isEmpty();
    assertThat(lake.deleteFiles()).isZero();
    assertThat(lake.files()).hasSizeLessThan(3);
    assertThat(lake.table().snapshots()).hasSizeLessThan(200);
    SortedMap<Integer, String> rows = lake.rows();
    assertThat(rows.keySet()).isEqualTo(model);
    assertThat(rows.get(rows.lastKey())).contains("name " + rows.lastKey());

    began = System.nanoTime();
    maintenance.run(
        ForeignTable.NAME, EnumSet.of(Part.SWEEP), () -> later.plus(Duration.ofHours(2)));
    say("swept", began);
    assertThat(Unreachable.in(lake.table()).files()).isZero();
  }

  private static TableHealth health(ForeignTable lake, Instant now) {
    return TableHealth.of(
        lake.table(), new HealthSettings(CompactionFixture.TARGET, Prices.DEFAULT), now);
  }

  private static Maintenance maintenance(ForeignTable lake) {
    MaintenanceSettings settings =
        new MaintenanceSettings(
            CompactionFixture.all(CompactionFixture.TARGET),
            RetentionSettings.of(Map.of()),
            CleaningSettings.defaults());
    return new Maintenance(lake.catalog(), settings, System.out::println, Pacer.NONE);
  }

  private static void say(String what, long began) {
    System.out.printf("TestForeignScale: %s in %.1f s%n", what, (System.nanoTime() - began) / 1e9);
  }

  private void write(Table table) {
    SplittableRandom random = new SplittableRandom(SEED);
    Transaction commits = table.newTransaction();
    for (int snapshot = 0; snapshot < SNAPSHOTS; snapshot++) {
      RowDelta change = commits.newRowDelta();
      change.scanManifestsWith(IN_PLACE);
      if (snapshot > 0) {
        change.addDeletes(deletes(table, random, share(DELETES, snapshot)));
      }
      for (int file = share(FILES, snapshot); file > 0; file--) {
        change.addRows(data(table));
      }
      change.commit();
      if ((snapshot + 1) % SNAPSHOTS_AT_ONCE == 0) {
        commits.commitTransaction();
        commits = table.newTransaction();
      }
    }
    commits.commitTransaction();
  }

  private static int share(int all, int snapshot) {
    return Math.max(1, (snapshot + 1) * all / SNAPSHOTS - snapshot * all / SNAPSHOTS);
  }

  private DataFile data(Table table) {
    List<Record> rows = new ArrayList<>();
    IntStream.range(next, next + ROWS_PER_FILE)
        .forEach(id -> {
          rows.add(row(id, "name " + id, "eu"));
          model.add(id);
        });
    next += ROWS_PER_FILE;
    return ForeignTable.write(table, rows);
  }

  private DeleteFile deletes(Table table, SplittableRandom random, int keys) {
    List<Record> rows = new ArrayList<>();
    for (int i = 0; i < keys; i++) {
      int id = random.nextInt(next);
      rows.add(row(id, null, null));
      model.remove(id);
    }
    return ForeignTable.equality(table, List.of("id"), rows);
  }
}
