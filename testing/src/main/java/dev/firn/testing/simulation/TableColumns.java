package dev.firn.testing.simulation;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;
import org.jspecify.annotations.Nullable;

/**
 * The columns that a table of the source has at one time.
 *
 * @param present the numbers of those that are there
 * @param wide the numbers of those whose type was widened
 */
record TableColumns(SourceTable table, Set<Integer> present, Set<Integer> wide) {
  TableColumns {
    present = Set.copyOf(present);
    wide = Set.copyOf(wide);
  }

  /** Those that the table is made with. */
  static TableColumns first(SourceTable table) {
    return new TableColumns(
        table,
        numbers(table)
            .filter(i -> !table.columns().get(i).isLater())
            .boxed()
            .collect(Collectors.toSet()),
        Set.of());
  }

  private static IntStream numbers(SourceTable table) {
    return IntStream.range(0, table.columns().size());
  }

  /** What an ALTER TABLE can make of them; a column that has gone does not come back. */
  List<TableColumns> alterations(Set<Integer> everPresent, boolean mayDrop) {
    List<TableColumns> next = new ArrayList<>();
    numbers(table)
        .forEach(i -> {
          SourceTable.Column column = table.columns().get(i);
          if (!present.contains(i) && !everPresent.contains(i)) {
            next.add(new TableColumns(table, with(present, i), wide));
          }
          if (present.contains(i) && column.narrow() != null && !wide.contains(i)) {
            next.add(new TableColumns(table, present, with(wide, i)));
          }
          if (mayDrop && present.contains(i) && column.isDropped() && table.isKeyed()) {
            Set<Integer> less = new HashSet<>(present);
            less.remove(i);
            next.add(new TableColumns(table, less, wide));
          }
        });
    return next;
  }

  private static Set<Integer> with(Set<Integer> numbers, int one) {
    Set<Integer> more = new HashSet<>(numbers);
    more.add(one);
    return more;
  }

  boolean has(int column) {
    return present.contains(column);
  }

  boolean isWide(int column) {
    return wide.contains(column);
  }

  Type type(int column) {
    SourceTable.Column it = table.columns().get(column);
    Type narrow = it.narrow();
    return narrow == null || wide.contains(column) ? it.type() : narrow;
  }

  Schema schema() {
    List<NestedField> fields = new ArrayList<>();
    numbers(table)
        .filter(this::has)
        .forEach(i -> {
          SourceTable.Column column = table.columns().get(i);
          fields.add(
              column.required()
                  ? NestedField.required(i + 1, column.name(), type(i))
                  : NestedField.optional(i + 1, column.name(), type(i)));
        });
    return new Schema(fields);
  }

  /** A row's values but for those of columns that are not there. */
  List<@Nullable Object> of(List<@Nullable Object> values) {
    List<@Nullable Object> there = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      there.add(has(i) ? values.get(i) : null);
    }
    return there;
  }
}
