package dev.firn.testing.simulation;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.RowChange;
import dev.firn.writer.RowKey;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceOffset;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TransactionEnd;
import dev.firn.writer.Unavailable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;

/** Says the model source's changes in the writer's words, as a decoder does. */
final class Translation {
  private final Map<SourceTable, RowTarget> targets;

  Translation(Map<SourceTable, RowTarget> targets) {
    this.targets = Map.copyOf(targets);
  }

  SourceTransaction transaction(ModelTransaction transaction) {
    List<TableChange> changes = new ArrayList<>();
    transaction.changes().forEach(change -> changes.add(change(change)));
    return new SourceTransaction(changes, end(transaction.end(), transaction.committedAt()));
  }

  TableChange change(ModelChange change) {
    return new TableChange(target(change.table()).table(), rowChange(change), 100);
  }

  Record row(SourceTable table, ModelRow row) {
    return row(table, row, Set.of());
  }

  static TransactionEnd end(ModelPosition position, Instant committedAt) {
    return new TransactionEnd("x" + position, position, committedAt, offset(position));
  }

  static SourceOffset offset(ModelPosition position) {
    return new SourceOffset("{\"server\":\"model\"}", "{\"at\":\"%s\"}".formatted(position));
  }

  static ModelPosition position(SourceOffset offset) {
    String text = offset.offset();
    return ModelPosition.parse(text.substring(text.indexOf(":\"") + 2, text.lastIndexOf('"')));
  }

  private RowChange rowChange(ModelChange change) {
    return switch (change) {
      case ModelChange.Insert(SourceTable table, ModelRow row) ->
          new RowChange.Insert(key(table, row), row(table, row));
      case ModelChange.Update(
              SourceTable table,
              ModelRow before,
              ModelRow after,
              Set<Integer> unavailable) ->
          new RowChange.Update(
              key(table, before),
              key(table, after),
              row(table, after, unavailable),
              table.isKeyed() ? null : row(table, before));
      case ModelChange.Delete(SourceTable table, ModelRow row) ->
          new RowChange.Delete(key(table, row), deleted(table, row));
      case ModelChange.Truncate(SourceTable unused) -> new RowChange.Truncate();
    };
  }

  private RowKey key(SourceTable table, ModelRow row) {
    return target(table).keys().keyOf(deleted(table, row));
  }

  /** Of a deleted row the source sends only the key. */
  private Record deleted(SourceTable table, ModelRow row) {
    Record record = GenericRecord.create(target(table).columns());
    for (int i = 0; i < row.values().size(); i++) {
      if (!table.isKeyed() || table.isKey(i)) {
        record.set(i, row.values().get(i));
      }
    }
    return record;
  }

  private Record row(SourceTable table, ModelRow row, Set<Integer> unavailable) {
    Record record = GenericRecord.create(target(table).written());
    for (int i = 0; i < row.values().size(); i++) {
      record.set(i, unavailable.contains(i) ? Unavailable.VALUE : row.values().get(i));
    }
    return record;
  }

  private RowTarget target(SourceTable table) {
    return requireNonNull(targets.get(table));
  }
}
