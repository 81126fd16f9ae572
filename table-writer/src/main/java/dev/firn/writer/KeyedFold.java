package dev.firn.writer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/** Folds by key: the last change of a key is what remains. Every row may exist already. */
final class KeyedFold implements RowFold {
  /**
   * What remains of a key.
   *
   * @param row null: none
   * @param version the key that the row had before the batch; null: it was not there
   */
  private record Last(@Nullable Record row, @Nullable RowKey version) {}

  private static final Last GONE = new Last(null, null);

  private final Map<RowKey, Last> rows = new LinkedHashMap<>();

  @Override
  public void insert(RowKey key, Record row) {
    rows.put(key, new Last(row, null));
  }

  @Override
  public @Nullable RowKey update(RowKey before, RowKey key, Record row) {
    Last earlier = rows.getOrDefault(before, new Last(null, before));
    if (earlier.row() != null) {
      var unused = UnavailableValues.fill(row, earlier.row());
    }
    if (!before.equals(key)) {
      delete(before);
    }
    rows.put(key, new Last(row, earlier.version()));
    return earlier.version();
  }

  @Override
  public void delete(RowKey key) {
    rows.put(key, GONE);
  }

  @Override
  public void clear() {
    rows.clear();
  }

  @Override
  public void forEach(Consumer<NetChange> action) {
    rows.forEach((key, last) ->
        action.accept(
            last.row() == null
                ? new NetChange.Remove(key)
                : new NetChange.Put(key, key, last.row(), last.version())));
  }
}
