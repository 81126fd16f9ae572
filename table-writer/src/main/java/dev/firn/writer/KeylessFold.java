package dev.firn.writer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/** Folds rows that are known only by their values: equal rows are counted, not merged. */
final class KeylessFold implements RowFold {
  /** A row of the batch; {@code origin} is the row of the table that it was before the batch. */
  private record Pending(Record row, @Nullable RowKey origin) {}

  private final Map<RowKey, Deque<Pending>> pending = new LinkedHashMap<>();
  private final List<RowKey> removed = new ArrayList<>();

  @Override
  public void insert(RowKey key, Record row) {
    push(key, new Pending(row, null));
  }

  @Override
  public @Nullable RowKey update(RowKey before, RowKey key, Record row) {
    Pending earlier = pop(before);
    RowKey origin = earlier == null ? before : earlier.origin();
    push(key, new Pending(row, origin));
    return origin;
  }

  @Override
  public void delete(RowKey key) {
    Pending earlier = pop(key);
    RowKey origin = earlier == null ? key : earlier.origin();
    if (origin != null) {
      removed.add(origin);
    }
  }

  @Override
  public void clear() {
    pending.clear();
    removed.clear();
  }

  @Override
  public void forEach(Consumer<NetChange> action) {
    removed.forEach(origin -> action.accept(new NetChange.Remove(origin)));
    pending.forEach((key, rows) ->
        rows.forEach(p -> action.accept(new NetChange.Put(p.origin(), key, p.row(), p.origin()))));
  }

  private void push(RowKey key, Pending row) {
    pending.computeIfAbsent(key, k -> new ArrayDeque<>()).addLast(row);
  }

  private @Nullable Pending pop(RowKey key) {
    Deque<Pending> rows = pending.get(key);
    return rows == null ? null : rows.pollLast();
  }
}
