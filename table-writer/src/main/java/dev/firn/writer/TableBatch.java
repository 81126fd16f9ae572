package dev.firn.writer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.data.Record;

/** One table's part of a batch. */
final class TableBatch {
  private final RowFold fold;

  /** Changes that the table has already, and only its changelog lacks. */
  private final RowFold logged;

  private final Map<RowKey, List<Record>> incomplete = new HashMap<>();
  private List<ChangelogRow> changelog = new ArrayList<>();
  private boolean truncated;

  TableBatch(boolean keyed) {
    this.fold = newFold(keyed);
    this.logged = newFold(keyed);
  }

  /** Keeps a change, which has been applied, for the changelog. */
  void log(RowChange change, TransactionEnd end, int order) {
    changelog.addAll(ChangelogRow.of(change, end, order));
    if (change instanceof RowChange.Update update && UnavailableValues.isIn(update.row())) {
      incomplete.computeIfAbsent(update.before(), key -> new ArrayList<>()).add(update.row());
    }
  }

  /**
   * Keeps a change for the changelog that the table has already; folding it fills what it lacks.
   */
  void logOnly(RowChange change, TransactionEnd end, int order) {
    apply(change, logged);
    changelog.addAll(ChangelogRow.of(change, end, order));
  }

  /** The changes for the changelog, in order; gives each once. */
  List<ChangelogRow> takeChangelog() {
    List<ChangelogRow> taken = changelog;
    changelog = List.of();
    return taken;
  }

  /** Versions of rows, by key, that lack values which had not changed since before the batch. */
  Map<RowKey, List<Record>> incomplete() {
    return incomplete;
  }

  private static RowFold newFold(boolean keyed) {
    return keyed ? new KeyedFold() : new KeylessFold();
  }

  /** Applies a change to the table. */
  void apply(RowChange change) {
    apply(change, fold);
    truncated |= change instanceof RowChange.Truncate;
  }

  private static void apply(RowChange change, RowFold to) {
    switch (change) {
      case RowChange.Insert insert -> to.insert(insert.key(), insert.row());
      case RowChange.Update update -> to.update(update.before(), update.key(), update.row());
      case RowChange.Delete delete -> to.delete(delete.key());
      case RowChange.Truncate truncate -> to.clear();
    }
  }

  /** Whether all rows from before the batch are gone. */
  boolean isTruncated() {
    return truncated;
  }

  RowFold fold() {
    return fold;
  }
}
