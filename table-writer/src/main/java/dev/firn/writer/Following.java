package dev.firn.writer;

import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.deletes.PositionDeleteIndex;

/** Brings what is known of a table to its newest snapshot by reading only what has changed. */
final class Following {
  private final TableState state;
  private final FileDifference difference;
  private final KeyColumns keys;

  /** The files that are gone, by number. */
  private final Map<Integer, LiveFile> gone;

  /** Rows that died in files that are still there. */
  private final Deletions died = new Deletions();

  /** How many rows of the files that are gone were live. */
  private long left;

  Following(TableState state, FileDifference difference) {
    this.state = state;
    this.difference = difference;
    this.keys = new KeyColumns(state);
    this.gone =
        difference.gone().stream().collect(Collectors.toMap(LiveFile::id, Function.identity()));
    this.left = difference.gone().stream().mapToLong(LiveFile::liveRows).sum();
  }

  /** Makes the key index what reading the whole table would make it. */
  void index() {
    difference.redeleted().forEach(this::deleteAgain);
    difference.added().forEach(task -> keys.read(state.add(task), this::come));
    if (left > 0 || !died.isEmpty()) {
      state
          .index()
          .retain((file, position) -> !gone.containsKey(file) && !died.contains(file, position));
    }
    state.files().removeAll(gone.values());
  }

  private void deleteAgain(LiveFile file, FileScanTask task) {
    PositionDeleteIndex before = file.deleted();
    state.readDeletes(file, task);
    Deletions.without(file.deleted(), before)
        .forEach(position -> died.add(file.id(), Math.toIntExact(position)));
    if (!Deletions.without(before, file.deleted()).isEmpty()) {
      keys.read(
          file,
          (key, location, lastUpdated) -> {
            if (before.isDeleted(location.position())) {
              state.index().add(key, location);
            }
          });
    }
  }

  /** A row of a new file takes the place of one of its key in a file that is gone. */
  private void come(RowKey key, RowLocation location, long lastUpdated) {
    if (left > 0 && state.index().replace(key, old -> gone.containsKey(old.fileId()), location)) {
      left--;
    } else {
      state.index().add(key, location);
    }
  }

  /**
   * Carries a write at once, which has changed the key index already, over to the newest snapshot,
   * if others have only moved rows meanwhile.
   *
   * @return false when rows came, went or changed, or when that cannot be told
   */
  boolean carry(TableWrite write) {
    boolean carried = write.isTruncated() ? takeFiles() : moveRows(write.deletions());
    gone.keySet().forEach(write.deletions()::remove);
    state.files().removeAll(gone.values());
    return carried;
  }

  /** All that the table holds will go, whatever it is. */
  private boolean takeFiles() {
    difference.redeleted().forEach(state::readDeletes);
    difference.added().forEach(state::add);
    return true;
  }

  private boolean moveRows(Deletions deletions) {
    boolean none = gone.isEmpty() && difference.added().isEmpty();
    boolean sameDeletes =
        difference.redeleted().entrySet().stream()
            .allMatch(file -> deletesTheSame(file.getKey(), file.getValue()));
    if (none || !sameDeletes || !state.hasRowLineage()) {
      return none && sameDeletes;
    }
    Moves moves = new Moves(deletions);
    difference.added().forEach(task -> keys.read(state.add(task), moves::row));
    return moves.areAll();
  }

  private boolean deletesTheSame(LiveFile file, FileScanTask task) {
    PositionDeleteIndex before = file.deleted();
    state.readDeletes(file, task);
    return Deletions.without(before, file.deleted()).isEmpty()
        && Deletions.without(file.deleted(), before).isEmpty();
  }

  /**
   * The rows of the new files, each known by its id. Those that the key index still knows in a file
   * that is gone are followed; the others are the ones that the write has deleted there.
   */
  private final class Moves {
    private final Deletions deletions;
    private long toFollow;
    private long toDelete;
    private boolean changed;

    Moves(Deletions deletions) {
      this.deletions = deletions;
      this.toDelete = gone.keySet().stream().mapToLong(deletions::count).sum();
      this.toFollow = left - toDelete;
    }

    void row(RowKey key, RowLocation location, long lastUpdated) {
      changed |= lastUpdated > state.sequenceNumber();
      long id = state.files().get(location.fileId()).rowId(location);
      if (state.index().replace(key, old -> isGone(old, id), location)) {
        toFollow--;
      } else {
        deletions.add(location.fileId(), location.position());
        toDelete--;
      }
    }

    private boolean isGone(RowLocation old, long id) {
      LiveFile file = gone.get(old.fileId());
      return file != null && file.rowId(old) == id;
    }

    /** Whether each row that was live is in a new file, unchanged, and nothing else is. */
    boolean areAll() {
      return !changed && toFollow == 0 && toDelete == 0;
    }
  }
}
