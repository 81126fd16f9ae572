package dev.firn.testing.simulation;

import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionPlan;
import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.GroupOutcome;
import dev.firn.compaction.GroupRewrite;
import dev.firn.testing.Faults;
import dev.firn.testing.FaultyCatalog;
import dev.firn.testing.MemoryStorage;
import java.time.Instant;
import java.util.Optional;
import org.apache.iceberg.Table;

/**
 * A process of its own that compacts one table: it has written the new files, and commits them when
 * it is told to, whatever happened in between.
 */
final class Compactor {
  private static final CompactionSettings SETTINGS =
      new CompactionSettings(128L << 20, CompactionMode.ALL);

  private final SourceTable table;
  private final Faults faults;
  private final GroupRewrite rewrite;

  private Compactor(SourceTable table, Faults faults, GroupRewrite rewrite) {
    this.table = table;
    this.faults = faults;
    this.rewrite = rewrite;
  }

  /** Plans and writes the new files; empty: nothing to do. */
  static Optional<Compactor> write(SourceTable table, MemoryStorage storage, Faults faults) {
    FaultyCatalog catalog = new FaultyCatalog(storage, faults, LakeReader.CONTROL);
    Table loaded = catalog.loadTable(LakeReader.identifier(table));
    return CompactionPlan.of(loaded, SETTINGS, Instant.EPOCH).groups().stream()
        .findFirst()
        .map(group -> new Compactor(table, faults, GroupRewrite.write(loaded, group, SETTINGS)));
  }

  GroupOutcome commit() {
    return rewrite.commit();
  }

  SourceTable table() {
    return table;
  }

  Faults faults() {
    return faults;
  }
}
