package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
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
  /** How many rows of a write at once may wait for values of their last version. */
  private static final int MAX_WAITING = 10_000;

  /**
   * A row that cannot be written yet: it needs an earlier row's id or values.
   *
   * @param old the row that it replaces; null: none
   * @param version the row that has the values which it lacks; null: it lacks none
   */
  private record Waiting(
      NetChange.Put put, @Nullable RowLocation old, @Nullable RowLocation version) {}

  /** What the key index learns when the batch is committed. */
  private sealed interface IndexChange {
    record Gone(RowKey key, RowLocation location) implements IndexChange {}

    record Come(RowKey key, RowLocation location) implements IndexChange {}
  }

  private final TableState table;
  private final boolean atOnce;
  private final @Nullable KeptRowIds kept;
  private volatile @Nullable TableWrite inFlight;
  private final RowFiles rows;
  private final Deletions deletions = new Deletions();
  private final KeyIndex added = new HashKeyIndex(KeyMemory.heap());
  private final List<IndexChange> indexChanges = new ArrayList<>();
  private final List<Waiting> waiting = new ArrayList<>();

  /** Changes to rows that still wait in the write before this one, and so have no place yet. */
  private final List<NetChange> deferred = new ArrayList<>();

  private final Set<RowKey> waitingKeys = new HashSet<>();

  /** Rows for the changelog that lack values, by the key of their last version in the table. */
  private Map<RowKey, List<Record>> incompleteRows = Map.of();

  private boolean truncated;
  private boolean incomplete;
  private long inserted;
  private long updated;
  private long deleted;

  private TableWrite(
      TableState table, boolean atOnce, @Nullable KeptRowIds kept, @Nullable TableWrite inFlight) {
    this.table = table;
    this.atOnce = atOnce;
    this.kept = kept;
    this.inFlight = inFlight;
    this.rows = table.newRowFiles();
  }

  /**
   * Looks a batch's keys up and writes its rows, but for those that must wait.
   *
   * @param inFlight the write before this one while that is not committed
   */
  static TableWrite planned(TableState table, TableBatch batch, @Nullable TableWrite inFlight) {
    TableWrite write = new TableWrite(table, false, null, inFlight);
    try {
      write.truncated = batch.isTruncated();
      write.incompleteRows = batch.incomplete();
      write.incomplete = batch.lacksRow();
      write
          .rows
          .order()
          .ifPresentOrElse(
              order -> order.sorted(batch.fold()).forEach(write::apply),
              () -> batch.fold().forEach(write::apply));
      return write;
    } catch (RuntimeException | Error e) {
      write.abandonAfter(e);
      throw e;
    }
  }

  static TableWrite atOnce(TableState table) {
    return new TableWrite(table, true, null, null);
  }

  /**
   * A write at once of all rows anew.
   *
   * @param table without rows so far
   * @param kept the ids of the rows before
   */
  static TableWrite anew(TableState table, KeptRowIds kept) {
    return new TableWrite(table, true, kept, null);
  }

  /** Applies a change of a write at once. */
  void applyNow(RowChange change) {
    switch (change) {
      case RowChange.Insert insert ->
          apply(
              new NetChange.Put(
                  table.isKeyed() ? insert.key() : null, insert.key(), insert.row(), null));
      case RowChange.Update update when table.isKeyed() && !update.before().equals(update.key()) ->
          applyOtherKey(update);
      case RowChange.Update update ->
          apply(new NetChange.Put(update.before(), update.key(), update.row(), update.before()));
      case RowChange.Delete delete -> apply(new NetChange.Remove(delete.key()));
      case RowChange.Truncate truncate -> {
        // The changelog tells of them, with all of their values.
        writeWaiting();
        truncate();
      }
      case RowChange.Aside unused -> {}
    }
  }

  /** The row under its new key is another one; only its values may be those of the one before. */
  private void applyOtherKey(RowChange.Update update) {
    RowLocation before = supersede(update.before());
    if (before != null) {
      deleted++;
    }
    put(
        new NetChange.Put(update.key(), update.key(), update.row(), update.before()),
        supersede(update.key()),
        before);
  }

  /** All rows so far are gone; only in a write at once. */
  void truncate() {
    truncated = true;
    incomplete = false;
    table.allGone();
    if (kept != null) {
      kept.giveBackAll();
    }
    deletions.clear();
    waiting.clear();
    waitingKeys.clear();
    rows.abandon();
    inserted = 0;
    updated = 0;
    deleted = 0;
  }

  /** Appends a row that is known to be new. */
  void append(RowKey key, Record row) {
    write(key, row, RowLocation.INHERITED);
    inserted++;
  }

  /**
   * Appends a row unless one of its key was appended before.
   *
   * @return whether it was appended
   */
  boolean appendOnce(RowKey key, Record row) {
    if (find(key) != null) {
      return false;
    }
    append(key, row);
    return true;
  }

  /** How many data files are complete and not yet handed over. */
  int closedFiles() {
    return rows.closedFiles();
  }

  /** Hands over the data files that are complete, or all; only in a write that only appends. */
  List<LiveFile> takeFiles(boolean open) {
    if (open) {
      var unused = rows.close();
    }
    return rows.takeClosed();
  }

  private void apply(NetChange change) {
    TableWrite before = inFlight;
    if (before != null && !truncated && before.holdsBack(change)) {
      defer(change);
      return;
    }
    switch (change) {
      case NetChange.Remove remove -> {
        if (supersede(remove.origin()) != null) {
          deleted++;
        }
      }
      case NetChange.Put put -> {
        RowLocation old = put.origin() == null ? null : supersede(put.origin());
        put(put, old, version(put, old));
      }
    }
  }

  /** Where values are that the row lacks; null: it lacks none, or they are nowhere. */
  private @Nullable RowLocation version(NetChange.Put put, @Nullable RowLocation old) {
    RowKey version = put.version();
    if (version == null || !UnavailableValues.isIn(put.row())) {
      return null;
    }
    return version.equals(put.origin()) ? old : findBeforeBatch(version);
  }

  /** Whether a change of the next write has to do with a row that waits in this one. */
  private boolean holdsBack(NetChange change) {
    return isWaiting(change.origin())
        || (change instanceof NetChange.Put put && isWaiting(put.version()));
  }

  private void defer(NetChange change) {
    deferred.add(change);
    awaits(change.origin());
    if (change instanceof NetChange.Put put) {
      awaits(put.key());
    }
  }

  private synchronized void awaits(@Nullable RowKey key) {
    if (key != null) {
      waitingKeys.add(key);
    }
  }

  private synchronized boolean isWaiting(@Nullable RowKey key) {
    return key != null && waitingKeys.contains(key);
  }

  private void put(NetChange.Put put, @Nullable RowLocation old, @Nullable RowLocation version) {
    boolean isIncomplete = UnavailableValues.isIn(put.row());
    if (isIncomplete && version == null) {
      // A write at once may turn out to be one that the table has already: its end tells.
      incomplete = true;
      return;
    }
    if (old == null) {
      inserted++;
    } else {
      updated++;
    }
    if (isIncomplete || awaitsRowId(old)) {
      addWaiting(new Waiting(put, old, version));
    } else {
      write(put.key(), put.row(), rowId(old));
    }
  }

  private void addWaiting(Waiting row) {
    waiting.add(row);
    awaits(row.put().key());
    if (atOnce && waiting.size() >= MAX_WAITING) {
      writeWaiting();
    }
  }

  /** Takes the key's row away, if there is one; returns where it was. */
  private @Nullable RowLocation supersede(RowKey origin) {
    if (atOnce && waitingKeys.contains(origin)) {
      writeWaiting();
    }
    RowLocation old = find(origin);
    if (old != null) {
      delete(old);
      if (kept != null) {
        kept.giveBack(old);
      }
      if (atOnce) {
        table.gone(origin, old);
      } else {
        indexChanges.add(new IndexChange.Gone(origin, old));
      }
    }
    return old;
  }

  private synchronized void delete(RowLocation location) {
    deletions.add(location.fileId(), location.position());
  }

  private synchronized boolean deletes(int fileId, int position) {
    return deletions.contains(fileId, position);
  }

  private synchronized @Nullable RowLocation findAdded(RowKey key, KeyIndex.Liveness liveness) {
    return added.find(key, liveness);
  }

  private @Nullable RowLocation find(RowKey key) {
    if (atOnce) {
      // Of equal rows one with an id of its own stays rather than one without.
      RowLocation anew = kept == null || table.isKeyed() ? null : table.findWithoutId(key);
      return anew == null ? table.find(key, (file, position) -> true) : anew;
    }
    return find(key, this::isLive);
  }

  /** A row of a table with a key as it was before the batch, which may have deleted it. */
  private @Nullable RowLocation findBeforeBatch(RowKey key) {
    return find(key, this::wasLive);
  }

  private @Nullable RowLocation find(RowKey key, KeyIndex.Liveness liveness) {
    if (truncated) {
      return null;
    }
    TableWrite before = inFlight;
    if (before == null) {
      return table.find(key, liveness);
    }
    RowLocation location = before.findAdded(key, liveness);
    return location != null || before.truncated ? location : table.find(key, liveness);
  }

  private boolean isLive(int fileId, int position) {
    return !deletions.contains(fileId, position) && wasLive(fileId, position);
  }

  private boolean wasLive(int fileId, int position) {
    TableWrite before = inFlight;
    return before == null || !before.deletes(fileId, position);
  }

  private boolean awaitsRowId(@Nullable RowLocation old) {
    return old != null && table.hasRowLineage() && !atOnce && rowId(old) == RowLocation.INHERITED;
  }

  /** The id of the row that is replaced; one that is not committed yet has none. */
  private long rowId(@Nullable RowLocation old) {
    return old == null ? RowLocation.INHERITED : table.files().get(old.fileId()).rowId(old);
  }

  private void requireComplete() {
    if (incomplete) {
      throw new IncompleteChangeException(table.identifier());
    }
  }

  private void write(RowKey key, Record row, long rowId) {
    RowLocation now = rows.write(row, kept == null ? rowId : kept.take(key));
    if (atOnce) {
      table.come(key, now);
    } else {
      synchronized (this) {
        added.add(key, now);
      }
      indexChanges.add(new IndexChange.Come(key, now));
    }
  }

  /** Writes the rows that wait for values of their last versions, which are filled in. */
  void writeWaiting() {
    if (waiting.isEmpty()) {
      return;
    }
    if (atOnce) {
      rows.close();
    }
    Map<RowLocation, Consumer<Record>> lacking = new HashMap<>();
    for (Waiting row : waiting) {
      if (UnavailableValues.isIn(row.put().row())) {
        lacking.put(
            requireNonNull(row.version(), "version is null"),
            last -> {
              table.filledBytes().filled(UnavailableValues.fill(row.put().row(), last));
              write(row);
            });
      } else {
        write(row);
      }
    }
    LastVersions.read(table, lacking);
    waiting.clear();
    if (atOnce) {
      waitingKeys.clear();
    }
  }

  private void write(Waiting row) {
    write(row.put().key(), row.put().row(), rowId(row.old()));
  }

  /** Whether a row waits for values of its last version. */
  boolean isWaiting() {
    return !waiting.isEmpty();
  }

  /** Writes the rows that wait, while the table still has their columns; in a write at once. */
  void beforeColumnsChange() {
    writeWaiting();
    var unused = rows.close();
  }

  /**
   * Goes on with the table's new columns.
   *
   * @param otherKeys whether rows are told apart by other columns than before
   */
  void columnsChanged(boolean otherKeys) {
    rows.columnsChanged(table.target().written());
    if (otherKeys) {
      table.indexAgain(
          file -> !truncated || !file.isCommitted(),
          (file, position) -> !deletions.contains(file, position));
    }
  }

  /** Completes the data files; the batch before this one must be committed. */
  List<LiveFile> finish() {
    // The key index has taken it over; kept any longer, each write would hold all before it.
    inFlight = null;
    deferred.forEach(this::apply);
    deferred.clear();
    requireComplete();
    completeForChangelog();
    writeWaiting();
    return rows.close();
  }

  /** Takes what the source did not send from the rows as they were before the batch. */
  private void completeForChangelog() {
    Map<RowLocation, Consumer<Record>> lacking = new HashMap<>();
    incompleteRows.forEach((key, rows) -> {
      RowLocation location = table.find(key, (file, position) -> true);
      if (location == null) {
        incomplete = true;
      } else {
        lacking.put(
            location,
            last ->
                rows.forEach(row -> table.filledBytes().filled(UnavailableValues.fill(row, last))));
      }
    });
    requireComplete();
    LastVersions.read(table, lacking);
  }

  /** Lets the key index take the write over, once it is committed. */
  void takeOver() {
    if (truncated && !atOnce) {
      table.index().clear();
    }
    for (IndexChange change : indexChanges) {
      switch (change) {
        case IndexChange.Gone gone -> table.index().remove(gone.key(), gone.location());
        case IndexChange.Come come -> table.index().add(come.key(), come.location());
      }
    }
  }

  /** Removes its data files but for those that it has handed over; nothing refers to them. */
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
    rows.drop(file);
    deletions.remove(file.id());
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
