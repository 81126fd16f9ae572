package dev.firn.compaction.maintenance;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.cleaning.CleaningSettings;
import dev.firn.compaction.retention.RetentionSettings;

/**
 * How tables are kept in shape.
 *
 * @param compaction sizes of files
 * @param retention which snapshots stay
 * @param cleaning when files that nothing reaches go
 */
public record MaintenanceSettings(
    CompactionSettings compaction, RetentionSettings retention, CleaningSettings cleaning) {
  public MaintenanceSettings {
    requireNonNull(compaction, "compaction is null");
    requireNonNull(retention, "retention is null");
    requireNonNull(cleaning, "cleaning is null");
  }
}
