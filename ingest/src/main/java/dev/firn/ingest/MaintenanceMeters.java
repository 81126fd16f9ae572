package dev.firn.ingest;

import dev.firn.compaction.TableResult;
import dev.firn.compaction.cleaning.CleaningResult;
import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.compaction.retention.RetentionResult;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** Counts what the maintenance does, by table. */
final class MaintenanceMeters {
  private final MeterRegistry registry;

  MaintenanceMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  void done(TableMaintenance done) {
    count(
        "firn.maintenance.rewritten.rows",
        "Live rows that were written anew",
        done,
        done.rewrite().map(TableResult::rows).orElse(0L));
    count(
        "firn.maintenance.rewritten.files",
        "Data files that were replaced",
        done,
        done.rewrite().map(CompactReport::filesReplaced).orElse(0L));
    count(
        "firn.maintenance.expired.snapshots",
        "Snapshots that were expired",
        done,
        done.retention().map(RetentionResult::snapshotsExpired).orElse(0));
    count(
        "firn.maintenance.removed.files",
        "Unreachable files that were removed",
        done,
        done.cleaned().map(CleaningResult::total).map(CleaningResult.Amount::files).orElse(0L));
    count(
        "firn.maintenance.failures",
        "Parts of the maintenance that failed",
        done,
        done.failures().size());
  }

  private void count(String name, String description, TableMaintenance done, long by) {
    Counter.builder(name)
        .description(description)
        .tag("table", done.table())
        .register(registry)
        .increment((double) by);
  }
}
