package dev.firn.testing;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.LakeTables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/** The rows to which a table's baseline and its changelog lead; all of them are held in memory. */
public final class ReplayedRows implements CanonicalRows {
  private final Table table;
  private final Table changelog;
  private final List<String> columns;
  private final int[] key;

  private ReplayedRows(Table table, Table changelog, List<String> columns, int[] key) {
    this.table = table;
    this.changelog = changelog;
    this.columns = columns;
    this.key = key;
  }

  /**
   * The rows that a table should have by its changelog, these columns in this order.
   *
   * @param keyColumns the table's key; empty: equal rows are told apart by nothing
   */
  public static ReplayedRows of(
      Table table, Table changelog, List<String> columns, List<String> keyColumns) {
    List<String> named = keyColumns.isEmpty() ? columns : keyColumns;
    int[] key = named.stream().mapToInt(columns::indexOf).toArray();
    return new ReplayedRows(table, changelog, List.copyOf(columns), key);
  }

  @Override
  public List<String> columns() {
    return columns;
  }

  @Override
  public void forEach(Visitor visitor) {
    SnapshotRef tag =
        requireNonNull(
            table.refs().get(LakeTables.BASELINE),
            () -> table + " has no tag " + LakeTables.BASELINE);
    Map<List<@Nullable String>, List<@Nullable String[]>> rows = new HashMap<>();
    LakeRows.at(table, tag.snapshotId(), columns).forEach(row -> add(row.clone(), rows));
    ChangelogRows.since(table.snapshot(tag.snapshotId()), changelog)
        .forEach(change -> apply(change, rows));
    rows.values().forEach(equal -> equal.forEach(visitor::row));
  }

  private void apply(Record change, Map<List<@Nullable String>, List<@Nullable String[]>> rows) {
    @Nullable String[] row = new @Nullable String[columns.size()];
    Arrays.setAll(row, i -> LakeRows.text(change.getField(columns.get(i))));
    switch ((String) change.getField("_op")) {
      case "t" -> rows.clear();
      case "d" -> remove(row, rows);
      case "c" -> add(row, rows);
      default -> {
        remove(row, rows);
        add(row, rows);
      }
    }
  }

  private void add(
      @Nullable String[] row, Map<List<@Nullable String>, List<@Nullable String[]>> rows) {
    rows.computeIfAbsent(keyOf(row), any -> new ArrayList<>(1)).add(row);
  }

  private void remove(
      @Nullable String[] row, Map<List<@Nullable String>, List<@Nullable String[]>> rows) {
    List<@Nullable String[]> equal = rows.get(keyOf(row));
    if (equal != null && !equal.isEmpty()) {
      equal.removeLast();
    }
  }

  private List<@Nullable String> keyOf(@Nullable String[] row) {
    List<@Nullable String> values = new ArrayList<>(key.length);
    for (int column : key) {
      values.add(row[column]);
    }
    return values;
  }
}
