package dev.firn.writer;

import static java.util.Objects.requireNonNullElse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.data.Record;

/** One table's part of a batch. */
final class TableBatch {
  private final RowFold fold;
  private final Map<RowKey, List<Record>> incomplete = new HashMap<>();
  private List<ChangelogRow> changelog = new ArrayList<>();
  private int replayed;
  private boolean truncated;
  private boolean partlySent;
  private boolean lacksRow;

  TableBatch(boolean keyed) {
    this.fold = newFold(keyed);
  }

  /** Applies a change to the table, and keeps it for the changelog. */
  void applyAndLog(RowChange change, TransactionEnd end, int order) {
    if (change instanceof RowChange.Update update && UnavailableValues.isIn(update.row())) {
      partlySent = true;
      RowKey version = fold.update(update.before(), update.key(), update.row());
      if (UnavailableValues.isIn(update.row())) {
        incomplete
            .computeIfAbsent(requireNonNullElse(version, update.before()), key -> new ArrayList<>())
            .add(update.row());
      }
    } else {
      apply(change);
    }
    changelog.addAll(ChangelogRow.of(change, end, order));
  }

  /** Keeps a change for the changelog that the table has already: of a batch before a crash. */
  void log(RowChange change, TransactionEnd end, int order) {
    changelog.addAll(ChangelogRow.of(change, end, order));
    replayed = changelog.size();
  }

  /** The changes that the table has already, which come first. */
  List<ChangelogRow> replayed() {
    return changelog.subList(0, replayed);
  }

  /**
   * Whether the source left values of a row out that had not changed, also where an earlier change
   * of the batch had them.
   */
  boolean isPartlySent() {
    return partlySent;
  }

  /** Whether values were left out of a row that nothing before it can be a version of. */
  boolean lacksRow() {
    return lacksRow;
  }

  /** The changes for the changelog, in order; gives each once. */
  List<ChangelogRow> takeChangelog() {
    List<ChangelogRow> taken = changelog;
    changelog = List.of();
    return taken;
  }

  /**
   * Versions of rows that lack values which had not changed since before the batch, by the keys
   * that the rows had then.
   */
  Map<RowKey, List<Record>> incomplete() {
    return incomplete;
  }

  private static RowFold newFold(boolean keyed) {
    return keyed ? new KeyedFold() : new KeylessFold();
  }

  /** Applies a change to the table. */
  void apply(RowChange change) {
    switch (change) {
      case RowChange.Insert insert -> {
        lacksRow |= UnavailableValues.isIn(insert.row());
        fold.insert(insert.key(), insert.row());
      }
      case RowChange.Update update -> {
        var unused = fold.update(update.before(), update.key(), update.row());
      }
      case RowChange.Delete delete -> fold.delete(delete.key());
      case RowChange.Truncate unused -> {
        fold.clear();
        truncated = true;
      }
      case RowChange.Aside unused -> {}
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
