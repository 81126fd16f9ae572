package dev.firn.compaction.retention;

import java.time.Instant;
import java.util.Set;
import org.apache.iceberg.Table;

/** Is told of snapshots while they can still be read. */
@FunctionalInterface
public interface ExpiryListener {
  /** Takes no notice. */
  ExpiryListener NONE = (table, snapshotIds, now) -> {};

  /**
   * Called before the commit that is to remove these snapshots, once for each of them and run.
   *
   * <p>The commit may fail, and what was about to go may stay after all, as when somebody tags it
   * meanwhile: who deletes files later must look at the table again. What this throws ends the run,
   * and the table is as it was.
   *
   * @param table as loaded, with the snapshots
   */
  void beforeExpiry(Table table, Set<Long> snapshotIds, Instant now);
}
