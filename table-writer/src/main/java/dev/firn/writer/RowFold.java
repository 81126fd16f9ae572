package dev.firn.writer;

import java.util.function.Consumer;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/** The changes of a batch to one table, folded: what comes later replaces what came before. */
interface RowFold {
  void insert(RowKey key, Record row);

  /**
   * Takes a row's new version, and fills in what it lacks and an earlier one of the batch has.
   *
   * @return the key that the row had before the batch; null: it was not there
   */
  @Nullable RowKey update(RowKey before, RowKey key, Record row);

  void delete(RowKey key);

  void clear();

  /** Gives every net change once; those of one key in the order in which they must be applied. */
  void forEach(Consumer<NetChange> action);
}
