package dev.firn.sql;

import dev.firn.testing.CountedPosition;
import dev.firn.writer.LakeTables;
import dev.firn.writer.Pipeline;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowTarget;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import dev.firn.writer.TableLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;

/** A table of some shape that gets random rows, and what it holds at each place of the log. */
final class ShapedTable {
  private static final int CHANGES = 6;
  private static final int TRUNCATE_ONE_OF = 40;

  private final Shape shape;
  private final TableIdentifier name;
  private final Random random;
  private final RandomValues values;
  private final Map<Long, List<Row>> states = new ConcurrentHashMap<>();
  private final List<Row> rows = new ArrayList<>();
  private final Deque<Integer> free = new ArrayDeque<>();
  private RowTarget target;
  private int numbers;

  /** A row: its number, from which its key is made, and its values. */
  private record Row(int number, List<@Nullable Object> values) {
    String line(int width) {
      return IntStream.range(0, Math.max(width, values.size()))
          .mapToObj(i -> Values.text(i < values.size() ? values.get(i) : null))
          .collect(Collectors.joining("|"));
    }
  }

  /** Opens it in a pipeline; it is empty. */
  ShapedTable(Pipeline pipeline, String schema, Shape shape, Random random) {
    this.shape = shape;
    this.name = TableIdentifier.of(schema, shape.name());
    this.random = random;
    this.values = new RandomValues(random);
    this.target =
        pipeline.open(
            new TableDefinition(name, shape.schema(), shape.key()).laidOut(layout(shape)));
  }

  private static TableLayout layout(Shape shape) {
    return shape.partition().isEmpty()
        ? TableLayout.ANY
        : new TableLayout(
            Optional.of(TableLayout.partitions(String.join(", ", shape.partition()))),
            Optional.of(TableLayout.order("id desc")),
            Map.of());
  }

  TableIdentifier name() {
    return name;
  }

  Shape shape() {
    return shape;
  }

  TableIdentifier changelog() {
    return LakeTables.changelogOf(name);
  }

  /**
   * What it must hold where it has come to a place: lines of values, sorted.
   *
   * @param width how many columns it has there: new ones come before the next batch
   */
  List<String> expected(CountedPosition place, int width) {
    List<Row> state = states.get(place.at());
    if (state == null) {
      throw new IllegalArgumentException("%s was never at %s".formatted(name, place));
    }
    return state.stream().map(row -> row.line(width)).sorted().toList();
  }

  /** From here on it holds what the changes have made of it. */
  void reach(CountedPosition place) {
    states.put(place.at(), List.copyOf(rows));
  }

  /** So many rows for the initial snapshot. */
  List<Record> first(int count) {
    List<Record> records = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      records.add(record(add()));
    }
    return records;
  }

  /** Some changes, which make up a part of a transaction. */
  List<TableChange> changes() {
    List<TableChange> changes = new ArrayList<>();
    if (random.nextInt(TRUNCATE_ONE_OF) == 0) {
      rows.clear();
      changes.add(change(new RowChange.Truncate()));
    }
    for (int i = 0; i < CHANGES; i++) {
      changes.add(change(next()));
    }
    return changes;
  }

  private RowChange next() {
    int dice = random.nextInt(CHANGES);
    if (rows.isEmpty() || dice < CHANGES / 2) {
      Record row = record(add());
      return new RowChange.Insert(target.keys().keyOf(row), row);
    }
    return dice == CHANGES / 2 ? delete() : update();
  }

  private RowChange update() {
    int at = random.nextInt(rows.size());
    Row old = rows.get(at);
    rows.set(at, new Row(old.number(), values(old.number())));
    Record before = record(old);
    Record row = record(rows.get(at));
    return shape.key().isEmpty()
        ? new RowChange.Update(target.keys().keyOf(before), target.keys().keyOf(row), row, before)
        : new RowChange.Update(target.keys().keyOf(row), row);
  }

  private RowChange delete() {
    Row gone = rows.remove(random.nextInt(rows.size()));
    free.add(gone.number());
    Record row = record(gone);
    return new RowChange.Delete(target.keys().keyOf(row), row);
  }

  /** A row that is new, often under a key that was there before. */
  private Row add() {
    int number = free.isEmpty() || random.nextBoolean() ? numbers++ : free.removeFirst();
    Row row = new Row(number, values(number));
    rows.add(row);
    return row;
  }

  private List<@Nullable Object> values(int number) {
    List<@Nullable Object> row = new ArrayList<>();
    for (Types.NestedField column : target.columns().columns()) {
      row.add(
          shape.key().contains(column.name())
              ? RandomValues.key(column.type(), number)
              : values.any(column.type()));
    }
    return row;
  }

  private Record record(Row row) {
    Record record = GenericRecord.create(target.written());
    for (int i = 0; i < row.values().size(); i++) {
      record.set(i, row.values().get(i));
    }
    return record;
  }

  private TableChange change(RowChange change) {
    return new TableChange(name, change, 100);
  }

  /** Its column n gets wider, and it has one column more. */
  void grow(Pipeline pipeline) {
    target = pipeline.changeColumns(name, Shape.GROWTH);
    rows.replaceAll(row -> new Row(row.number(), grown(row.values())));
  }

  private static List<@Nullable Object> grown(List<@Nullable Object> values) {
    List<@Nullable Object> grown = new ArrayList<>(values);
    if (grown.get(1) instanceof Integer n) {
      grown.set(1, (long) n);
    }
    grown.add(null);
    return grown;
  }
}
