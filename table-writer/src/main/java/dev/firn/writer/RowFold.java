package dev.firn.writer;

import java.util.function.Consumer;

/** The changes of a batch to one table, folded: what comes later replaces what came before. */
interface RowFold {
  void insert(RowKey key, org.apache.iceberg.data.Record row);

  void update(RowKey before, RowKey key, org.apache.iceberg.data.Record row);

  void delete(RowKey key);

  void clear();

  /** Gives every net change once; those of one key in the order in which they must be applied. */
  void forEach(Consumer<NetChange> action);
}
