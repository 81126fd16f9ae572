package dev.firn.testing.simulation;

import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import dev.firn.compaction.cleaning.CleaningSettings;
import dev.firn.compaction.maintenance.Maintenance;
import dev.firn.compaction.maintenance.MaintenanceSettings;
import dev.firn.compaction.maintenance.Part;
import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.compaction.retention.RetentionSettings;
import dev.firn.testing.Faults;
import dev.firn.testing.FaultyCatalog;
import dev.firn.testing.MemoryStorage;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * A process of its own that maintains tables. It keeps few snapshots, and sees no reader: what is
 * expired goes at once.
 */
final class Maintainer {
  private static final long TARGET_BYTES = 128L << 20;
  private static final int MOST_SNAPSHOTS = 6;

  private final FaultyCatalog catalog;
  private final Maintenance maintenance;

  Maintainer(MemoryStorage storage, Faults faults, RandomGenerator random) {
    this.catalog = new FaultyCatalog(storage, faults, LakeReader.CONTROL);
    CompactionMode mode = random.nextBoolean() ? CompactionMode.ALL : CompactionMode.TIERED;
    MaintenanceSettings settings =
        new MaintenanceSettings(
            new CompactionSettings(TARGET_BYTES, mode),
            retention(random),
            new CleaningSettings(Duration.ZERO, Duration.ofHours(1)));
    this.maintenance = new Maintenance(catalog, settings, Progress.NONE, Pacer.NONE);
  }

  private static RetentionSettings retention(RandomGenerator random) {
    int snapshots = 1 + random.nextInt(MOST_SNAPSHOTS);
    int periods = random.nextInt(3);
    Duration changes = random.nextBoolean() ? Duration.ZERO : Duration.ofDays(1000);
    return new RetentionSettings(
        Duration.ZERO, snapshots, periods, periods, periods, periods, Optional.of(changes));
  }

  boolean hasTable(TableIdentifier table) {
    return catalog.tableExists(table);
  }

  /** At any later time: all snapshots are old, and their minute, hour and day are over. */
  TableMaintenance run(TableIdentifier table, Set<Part> parts, Instant now) {
    return maintenance.run(table, parts, () -> now);
  }
}
