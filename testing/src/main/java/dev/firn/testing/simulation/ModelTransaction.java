package dev.firn.testing.simulation;

import java.time.Instant;
import java.util.List;

/**
 * A transaction of the model source, in the order of its log.
 *
 * @param columns for each change, the columns that its table had then
 */
record ModelTransaction(
    ModelPosition end, Instant committedAt, List<ModelChange> changes, List<TableColumns> columns) {
  ModelTransaction {
    changes = List.copyOf(changes);
    columns = List.copyOf(columns);
  }
}
