package dev.firn.compaction.maintenance;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.cleaning.CleaningResult;
import dev.firn.compaction.retention.RetentionResult;
import java.util.List;

/**
 * What would be done to one table; nothing is changed.
 *
 * @param files data files that it has
 * @param groups commits in which some of them would be replaced
 * @param filesIn data files that would be replaced
 * @param bytesIn their size
 * @param notes on the files
 * @param removable files that could be removed now
 */
public record TablePlan(
    String table,
    long files,
    int groups,
    long filesIn,
    long bytesIn,
    List<String> notes,
    RetentionResult retention,
    CleaningResult removable) {
  public TablePlan {
    requireNonNull(table, "table is null");
    notes = List.copyOf(notes);
    requireNonNull(retention, "retention is null");
    requireNonNull(removable, "removable is null");
  }
}
