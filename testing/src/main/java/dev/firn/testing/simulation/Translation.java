package dev.firn.testing.simulation;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.ColumnChanges;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowKey;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SetAside;
import dev.firn.writer.SourceOffset;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TransactionEnd;
import dev.firn.writer.Unavailable;
import dev.firn.writer.Widening;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;
import org.jspecify.annotations.Nullable;

/**
 * Says the model source's changes in the writer's words, as a decoder does, and asks for the
 * columns that they need.
 */
final class Translation {
  /** Gives a table other columns. */
  @FunctionalInterface
  interface Columns {
    RowTarget change(TableIdentifier table, ColumnChanges changes);
  }

  private final Map<SourceTable, RowTarget> targets;

  Translation(Map<SourceTable, RowTarget> targets) {
    this.targets = new EnumMap<>(targets);
  }

  /** Whether a transaction needs columns that the lake does not have. */
  boolean asks(ModelTransaction transaction) {
    return transaction.columns().stream().anyMatch(had -> asks(had).isPresent());
  }

  private Optional<ColumnChanges> asks(TableColumns had) {
    RowTarget target = target(had.table());
    List<ColumnChanges.NewColumn> added = new ArrayList<>();
    Map<String, Type.PrimitiveType> widened = new HashMap<>();
    Set<String> sent = new HashSet<>();
    for (NestedField column : had.schema().columns()) {
      sent.add(column.name());
      NestedField existing = target.columns().findField(column.name());
      if (existing == null) {
        added.add(new ColumnChanges.NewColumn(column.name(), column.type(), null));
      } else if (!Widening.isAllowed(column.type(), existing.type())) {
        widened.put(column.name(), column.type().asPrimitiveType());
      }
    }
    boolean same = had.table().isKeyed() || sent.equals(target.keys().columns());
    return added.isEmpty() && widened.isEmpty() && same
        ? Optional.empty()
        : Optional.of(new ColumnChanges(added, widened, sent));
  }

  /** Makes a table ready for rows of these columns; says whether it was not. */
  boolean follow(TableColumns had, Columns columns) {
    Optional<ColumnChanges> changes = asks(had);
    changes.ifPresent(
        asked -> targets.put(had.table(), columns.change(target(had.table()).table(), asked)));
    return changes.isPresent();
  }

  /** A whole transaction; what came before a change of columns in it gets the new ones. */
  SourceTransaction transaction(ModelTransaction transaction, Columns columns) {
    List<TableChange> changes = new ArrayList<>();
    for (int i = 0; i < transaction.changes().size(); i++) {
      TableColumns had = transaction.columns().get(i);
      if (follow(had, columns)) {
        RowTarget now = target(had.table());
        changes.replaceAll(
            change -> change.table().equals(now.table()) ? now.adapt(change) : change);
      }
      changes.add(change(transaction, i));
    }
    changes.addAll(asides(transaction));
    return new SourceTransaction(changes, end(transaction.end(), transaction.committedAt()));
  }

  /** What of a transaction is set aside, after its changes. */
  List<TableChange> asides(ModelTransaction transaction) {
    return QuarantineCheck.asides(transaction).stream()
        .map(number -> {
          SourceTable table = transaction.changes().get(number).table();
          SetAside aside =
              new SetAside(
                  "u",
                  table.name(),
                  Optional.empty(),
                  "chosen by its number",
                  QuarantineCheck.event(transaction, number));
          return new TableChange(target(table).table(), new RowChange.Aside(aside), 100);
        })
        .toList();
  }

  /** One change of a transaction, whose table is ready for it. */
  TableChange change(ModelTransaction transaction, int number) {
    ModelChange change = transaction.changes().get(number);
    return new TableChange(
        target(change.table()).table(), rowChange(change, transaction.columns().get(number)), 100);
  }

  Record row(TableColumns had, ModelRow row) {
    return row(had, row, Set.of());
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

  private RowChange rowChange(ModelChange change, TableColumns had) {
    return switch (change) {
      case ModelChange.Insert(SourceTable unused, ModelRow row) ->
          new RowChange.Insert(key(had, row), row(had, row));
      case ModelChange.Update update ->
          new RowChange.Update(
              key(had, update.before()),
              key(had, update.after()),
              row(had, update.after(), update.unavailable()),
              update.isOfTwoRows() ? deleted(had, update.before()) : null);
      case ModelChange.Delete(SourceTable unused, ModelRow row) ->
          new RowChange.Delete(key(had, row), deleted(had, row));
      case ModelChange.Truncate unused -> new RowChange.Truncate();
    };
  }

  private RowKey key(TableColumns had, ModelRow row) {
    return target(had.table()).keys().keyOf(deleted(had, row));
  }

  /** Of a deleted row the source sends only the key. */
  private Record deleted(TableColumns had, ModelRow row) {
    SourceTable table = had.table();
    return record(had, i -> !table.isKeyed() || table.isKey(i) ? row.values().get(i) : null);
  }

  private Record row(TableColumns had, ModelRow row, Set<Integer> unavailable) {
    return record(had, i -> unavailable.contains(i) ? Unavailable.VALUE : row.values().get(i));
  }

  private Record record(TableColumns had, IntFunction<@Nullable Object> values) {
    RowTarget target = target(had.table());
    Record record = GenericRecord.create(target.written());
    for (int i = 0; i < had.table().columns().size(); i++) {
      Object value = had.has(i) ? values.apply(i) : null;
      if (value != null) {
        String name = had.table().columns().get(i).name();
        record.setField(name, as(value, target.columns().findType(name)));
      }
    }
    return record;
  }

  /** The model's values are those of the widest type that a column ever has. */
  private static Object as(Object value, Type type) {
    return switch (type.typeId()) {
      case INTEGER -> value instanceof Long number ? (Object) Math.toIntExact(number) : value;
      case FLOAT -> value instanceof Double number ? (Object) number.floatValue() : value;
      default -> value;
    };
  }

  Set<SourceTable> tables() {
    return targets.keySet();
  }

  RowTarget target(SourceTable table) {
    return requireNonNull(targets.get(table));
  }
}
