package dev.firn.writer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.iceberg.data.Record;

/** Folds by key: the last change of a key is what remains. Every row may exist already. */
final class KeyedFold implements RowFold {
  /** The row that remains of each key; empty: none. */
  private final Map<RowKey, Optional<Record>> rows = new LinkedHashMap<>();

  @Override
  public void insert(RowKey key, Record row) {
    rows.put(key, Optional.of(row));
  }

  @Override
  public void update(RowKey before, RowKey key, Record row) {
    if (!before.equals(key)) {
      delete(before);
    }
    Optional<Record> earlier = rows.get(key);
    if (earlier != null) {
      earlier.ifPresent(last -> {
        var unused = UnavailableValues.fill(row, last);
      });
    }
    rows.put(key, Optional.of(row));
  }

  @Override
  public void delete(RowKey key) {
    rows.put(key, Optional.empty());
  }

  @Override
  public void clear() {
    rows.clear();
  }

  @Override
  public void forEach(Consumer<NetChange> action) {
    rows.forEach((key, row) ->
        action.accept(
            row.<NetChange>map(value -> new NetChange.Put(key, key, value))
                .orElseGet(() -> new NetChange.Remove(key))));
  }
}
