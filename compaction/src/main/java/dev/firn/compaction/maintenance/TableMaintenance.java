package dev.firn.compaction.maintenance;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.TableResult;
import dev.firn.compaction.cleaning.CleaningResult;
import dev.firn.compaction.retention.RetentionResult;
import java.util.List;
import java.util.Optional;

/**
 * What was done to one table; what was not asked for, or failed, is empty.
 *
 * @param swept files that expired snapshots had reached
 * @param orphans files that nothing had reached
 * @param failures why parts were not done, or not wholly; the table is whole all the same
 */
public record TableMaintenance(
    String table,
    Optional<TableResult> rewrite,
    Optional<RetentionResult> retention,
    Optional<CleaningResult> swept,
    Optional<CleaningResult> orphans,
    List<String> failures) {
  public TableMaintenance {
    requireNonNull(table, "table is null");
    failures = List.copyOf(failures);
  }

  /** All files that were removed, if any were looked for. */
  public Optional<CleaningResult> cleaned() {
    return swept.isPresent() && orphans.isPresent()
        ? Optional.of(swept.orElseThrow().plus(orphans.orElseThrow()))
        : swept.or(() -> orphans);
  }

  /** Whether there was nothing to do, and nothing stood in the way either. */
  public boolean isNothing() {
    return failures.isEmpty()
        && rewrite.map(TableResult::isNothing).orElse(true)
        && retention.map(RetentionResult::isNothing).orElse(true)
        && cleaned().map(CleaningResult::isNothing).orElse(true);
  }
}
