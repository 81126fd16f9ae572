package dev.firn.writer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/**
 * What one batch does to one table: new data files, and the rows that are gone.
 *
 * <p>A planned write leaves the key index as it is until the commit; look-ups of the next batch go
 * through it (its <em>overlay</em>). A write at once changes the index as it goes, which needs no
 * memory per row, but nothing else may be under way.
 */
final class TableWrite {
  /** How many rows may wait for values of their last version before they are fetched. */
  private static final int MAX_WAITING = 10_000;

  /** A row that cannot be written yet: it needs its last version's id or values. */
  private record Waiting(NetChange change, RowLocation old) {}

  /** What the key index learns when the batch is committed. */
  private record IndexChange(
      @Nullable RowKey origin,
      @Nullable RowLocation old,
      @Nullable RowKey key,
      @Nullable RowLocation now) {}

  private final TableState table;
  private final boolean atOnce;
  private final @Nullable TableWrite inFlight;
  private final RowFiles rows;
  private final Deletions deletions = new Deletions();
  private final KeyIndex added = new HeapKeyIndex();
  private final List<IndexChange> indexChanges = new ArrayList<>();
  private final List<Waiting> waiting = new ArrayList<>();
  private final Map<RowKey, Integer> waitingKeys = new HashMap<>();
  private boolean truncated;
  private long inserted;
  private long updated;
  private long deleted;

  private TableWrite(TableState table, boolean atOnce, @Nullable TableWrite inFlight) {
    this.table = table;
    this.atOnce = atOnce;
    this.inFlight = inFlight;
    this.rows = table.newRowFiles();
  }

  /**
   * @param inFlight the write before this one while that is not committed
   */
  static TableWrite planned(TableState table, TableBatch batch, @Nullable TableWrite inFlight) {
    TableWrite write = new TableWrite(table, false, inFlight);
    try {
      write.truncated = batch.isTruncated();
      batch.fold().forEach(write::apply);
      return write;
    } catch (RuntimeException | Error e) {
      write.abandonAfter(e);
      throw e;
    }
  }

  static TableWrite atOnce(TableState table) {
    return new TableWrite(table, true, null);
  }

  /** All rows so far are gone; only in a write at once. */
  void truncate() {
    truncated = true;
    table.index().clear();
    deletions.clear();
    waiting.clear();
    waitingKeys.clear();
    rows.abandon();
    inserted = 0;
    updated = 0;
    deleted = 0;
  }

  /** Applies a change of a write at once. */
  void applyNow(RowChange change) {
    switch (change) {
      case RowChange.Insert insert ->
          apply(new NetChange(table.isKeyed() ? insert.key() : null, insert.key(), insert.row()));
      case RowChange.Update update ->
          apply(new NetChange(update.before(), update.key(), update.row()));
      case RowChange.Delete delete -> apply(new NetChange(delete.key(), null, null));
      case RowChange.Truncate truncate -> truncate();
    }
  }

  /** Appends a row that is known to be new. */
  void append(RowKey key, Record row) {
    put(new NetChange(null, key, row), null, RowLocation.INHERITED);
  }

  private void apply(NetChange change) {
    if (!waitingKeys.isEmpty()
        && change.origin() != null
        && waitingKeys.containsKey(change.origin())
        && atOnce) {
      writeWaiting();
    }
    RowLocation old = change.origin() == null ? null : find(change.origin());
    if (old != null) {
      deletions.add(old.fileId(), old.position());
      if (atOnce) {
        table.index().remove(change.origin(), old);
      }
    }
    if (change.row() == null) {
      remove(change, old);
    } else if (old == null) {
      requireComplete(change.row());
      put(change, null, RowLocation.INHERITED);
    } else if (mustWait(change.row(), old)) {
      hold(new Waiting(change, old));
    } else {
      put(change, old, table.files().get(old.fileId()).rowId(old));
    }
  }

  private @Nullable RowLocation find(RowKey key) {
    if (atOnce) {
      return table.index().find(key, (file, position) -> true);
    }
    if (truncated) {
      return null;
    }
    if (inFlight == null) {
      return table.find(key, this::isLive);
    }
    RowLocation location = inFlight.added.find(key, this::isLive);
    return location != null || inFlight.truncated ? location : table.find(key, this::isLive);
  }

  private boolean isLive(int fileId, int position) {
    return !deletions.contains(fileId, position)
        && (inFlight == null || !inFlight.deletions.contains(fileId, position));
  }

  private boolean mustWait(Record row, RowLocation old) {
    if (UnavailableValues.isIn(row)) {
      return true;
    }
    return table.hasRowLineage() && !atOnce && table.files().get(old.fileId()).rowId(old) < 0;
  }

  private void hold(Waiting row) {
    waiting.add(row);
    if (atOnce) {
      waitingKeys.merge(row.change().key(), 1, Integer::sum);
      if (waiting.size() >= MAX_WAITING) {
        writeWaiting();
      }
    }
  }

  private void requireComplete(Record row) {
    if (UnavailableValues.isIn(row)) {
      throw new PipelineException(
          "table %s: the source sent a change without an unchanged large value, and the row's last version is not in the lake; set REPLICA IDENTITY FULL on the source table and take a new initial snapshot"
              .formatted(table.name()));
    }
  }

  private void put(NetChange change, @Nullable RowLocation old, long rowId) {
    RowLocation now = rows.write(change.row(), rowId < 0 ? RowLocation.INHERITED : rowId);
    if (atOnce) {
      table.index().add(change.key(), now);
    } else {
      added.add(change.key(), now);
      indexChanges.add(new IndexChange(change.origin(), old, change.key(), now));
    }
    if (old == null) {
      inserted++;
    } else {
      updated++;
    }
  }

  private void remove(NetChange change, @Nullable RowLocation old) {
    if (old != null) {
      deleted++;
      if (!atOnce) {
        indexChanges.add(new IndexChange(change.origin(), old, null, null));
      }
    }
  }

  private void writeWaiting() {
    if (waiting.isEmpty()) {
      return;
    }
    if (atOnce) {
      rows.close();
    }
    LastVersions last =
        LastVersions.read(
            table,
            waiting.stream()
                .filter(row -> UnavailableValues.isIn(row.change().row()))
                .map(Waiting::old)
                .toList());
    for (Waiting row : waiting) {
      last.of(row.old()).ifPresent(old -> UnavailableValues.fill(row.change().row(), old));
      put(row.change(), row.old(), table.files().get(row.old().fileId()).rowId(row.old()));
    }
    waiting.clear();
    waitingKeys.clear();
  }

  /** Completes the data files; the batch before this one must be committed. */
  List<LiveFile> finish() {
    writeWaiting();
    return rows.close();
  }

  /** Lets the key index take the write over, once it is committed. */
  void takeOver() {
    synchronized (table.index()) {
      if (truncated) {
        table.index().clear();
      }
      for (IndexChange change : indexChanges) {
        if (change.old() != null) {
          table.index().remove(change.origin(), change.old());
        }
        if (change.now() != null) {
          table.index().add(change.key(), change.now());
        }
      }
    }
  }

  /** Removes its data files; nothing refers to them. */
  void abandon() {
    rows.abandon();
  }

  private void abandonAfter(Throwable cause) {
    try {
      rows.abandon();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  /** Removes a data file of its own whose rows are all gone again. */
  void drop(LiveFile file) {
    rows.delete(file);
  }

  Deletions deletions() {
    return deletions;
  }

  boolean isTruncated() {
    return truncated;
  }

  long inserted() {
    return inserted;
  }

  long updated() {
    return updated;
  }

  long deleted() {
    return deleted;
  }
}
