package dev.firn.testing;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.LakeTables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/**
 * The rows to which a table's baseline and its changelog lead. Both are read once for each {@value
 * #HELD} rows and changes that there are, so that no more of them are in memory at a time, about.
 */
public final class ReplayedRows implements CanonicalRows {
  private static final long HELD = 400_000;

  private static final String TRUNCATE = "t";

  private final Table table;
  private final Table changelog;
  private final List<String> columns;
  private final int[] key;
  private final long held;

  private ReplayedRows(Table table, Table changelog, List<String> columns, int[] key, long held) {
    this.table = table;
    this.changelog = changelog;
    this.columns = columns;
    this.key = key;
    this.held = held;
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
    return new ReplayedRows(table, changelog, List.copyOf(columns), key, HELD);
  }

  /** The same, but so many rows and changes are in memory at a time. */
  ReplayedRows holding(long rows) {
    return new ReplayedRows(table, changelog, columns, key, rows);
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
    Snapshot baseline = table.snapshot(tag.snapshotId());
    long all = rows(baseline) + rows(changelog.currentSnapshot());
    int slices = Math.toIntExact(Math.max(1, Math.ceilDiv(all, held)));
    for (int slice = 0; slice < slices; slice++) {
      replay(baseline, new Slice(slice, slices), visitor);
    }
  }

  private static long rows(@Nullable Snapshot snapshot) {
    return snapshot == null
        ? 0
        : Long.parseLong(snapshot.summary().getOrDefault(SnapshotSummary.TOTAL_RECORDS_PROP, "0"));
  }

  /** A part of the keys. */
  private record Slice(int number, int of) {
    boolean has(List<@Nullable String> key) {
      return Math.floorMod(key.hashCode(), of) == number;
    }
  }

  private void replay(Snapshot baseline, Slice slice, Visitor visitor) {
    Map<List<@Nullable String>, List<@Nullable String[]>> rows = new HashMap<>();
    LakeRows.at(table, baseline.snapshotId(), columns)
        .forEach(row -> {
          if (slice.has(keyOf(row))) {
            add(row.clone(), rows);
          }
        });
    ChangelogRows.since(baseline, changelog, change -> concerns(slice, change))
        .forEach(change -> apply(change, rows));
    rows.values().forEach(equal -> equal.forEach(visitor::row));
  }

  private boolean concerns(Slice slice, Record change) {
    return TRUNCATE.equals(change.getField("_op")) || slice.has(keyOf(texts(change)));
  }

  private @Nullable String[] texts(Record change) {
    @Nullable String[] row = new @Nullable String[columns.size()];
    Arrays.setAll(row, i -> LakeRows.text(change.getField(columns.get(i))));
    return row;
  }

  private void apply(Record change, Map<List<@Nullable String>, List<@Nullable String[]>> rows) {
    @Nullable String[] row = texts(change);
    switch ((String) change.getField("_op")) {
      case TRUNCATE -> rows.clear();
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
