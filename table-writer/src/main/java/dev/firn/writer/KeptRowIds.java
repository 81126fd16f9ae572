package dev.firn.writer;

import java.util.HashSet;
import java.util.Set;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.jspecify.annotations.Nullable;

/**
 * The ids of a table's present rows, for those that are written anew to keep: a row takes the id
 * that its key has now, and none is given twice.
 */
final class KeptRowIds {
  private final TableState present;

  /** The ids that were ever given; those that were given back as well are in {@link #free}. */
  private PositionDeleteIndex given = Deletions.none();

  private final Set<Long> free = new HashSet<>();

  KeptRowIds(TableState present) {
    this.present = present;
  }

  /** The id for a row of this key, or {@link RowLocation#INHERITED}: a new one. */
  long take(RowKey key) {
    if (!present.hasRowLineage()) {
      return RowLocation.INHERITED;
    }
    long id = present.rowId(key, this::isFree);
    if (id != RowLocation.INHERITED && !free.remove(id)) {
      given.delete(id);
    }
    return id;
  }

  private boolean isFree(long id) {
    return id >= 0 && (!given.isDeleted(id) || free.contains(id));
  }

  /** The row that was given the id is gone again. */
  void giveBack(@Nullable RowLocation of) {
    if (of != null && of.rowId() != RowLocation.INHERITED) {
      free.add(of.rowId());
    }
  }

  /** All rows are gone again. */
  void giveBackAll() {
    given = Deletions.none();
    free.clear();
  }
}
