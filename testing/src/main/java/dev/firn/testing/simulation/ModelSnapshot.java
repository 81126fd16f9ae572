package dev.firn.testing.simulation;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What somebody who reads a table of the model source sees: all transactions up to a position, but
 * sometimes for one that was committed in the log before others and visible after them.
 *
 * @param without the end of the one that it does not see
 */
record ModelSnapshot(
    ModelSource source, SourceTable table, ModelPosition at, Optional<ModelTransaction> without) {
  private static final int RECENT = 6;

  /** One taken now. */
  static ModelSnapshot take(ModelSource source, SourceTable table, RandomGenerator random) {
    ModelPosition end = source.end();
    List<ModelTransaction> all = source.after(ModelPosition.START);
    List<ModelTransaction> recent = all.subList(Math.max(0, all.size() - RECENT), all.size());
    if (recent.isEmpty() || random.nextInt(3) == 0) {
      return ofAll(source, table);
    }
    int chosen = random.nextInt(recent.size());
    List<ModelTransaction> later = recent.subList(chosen + 1, recent.size());
    Optional<ModelTransaction> missing =
        Optional.of(recent.get(chosen)).filter(one -> mayBeInvisible(table, one, later));
    return new ModelSnapshot(source, table, end, missing);
  }

  /** One taken now that sees everything. */
  static ModelSnapshot ofAll(ModelSource source, SourceTable table) {
    return new ModelSnapshot(source, table, source.end(), Optional.empty());
  }

  /** Whether none of the later ones can have waited for its locks. */
  private static boolean mayBeInvisible(
      SourceTable table, ModelTransaction one, List<ModelTransaction> later) {
    Set<Object> touched = new HashSet<>();
    for (ModelChange change : one.changes()) {
      if (change.table() == table && !touch(change, touched)) {
        return false;
      }
    }
    Set<Object> touchedLater = new HashSet<>();
    for (ModelTransaction other : later) {
      for (ModelChange change : other.changes()) {
        if (change.table() == table && !touch(change, touchedLater)) {
          return false;
        }
      }
    }
    touchedLater.retainAll(touched);
    return touchedLater.isEmpty();
  }

  /** Adds the rows and keys of a change; false: it touches all. */
  private static boolean touch(ModelChange change, Set<Object> into) {
    return switch (change) {
      case ModelChange.Insert(SourceTable table, ModelRow row) -> touch(table, row, into);
      case ModelChange.Update(
              SourceTable table,
              ModelRow before,
              ModelRow after,
              Set<Integer> unused) ->
          touch(table, before, into) && touch(table, after, into);
      case ModelChange.Delete(SourceTable table, ModelRow row) -> touch(table, row, into);
      case ModelChange.Truncate unused -> false;
    };
  }

  private static boolean touch(SourceTable table, ModelRow row, Set<Object> into) {
    into.add(row.instance());
    List<@Nullable Object> key = table.keyOf(row);
    if (table.isKeyed()) {
      into.add(key);
    }
    return true;
  }

  /** Whether it sees a transaction, by the id that the writer knows it by. */
  boolean sees(String transaction) {
    ModelPosition end = ModelPosition.parse(transaction.substring(1));
    return at.contains(end) && without.map(one -> !one.end().equals(end)).orElse(true);
  }

  /** The table's rows. */
  Collection<ModelRow> rows() {
    Map<Long, ModelRow> rows = new LinkedHashMap<>();
    source.rows(table, at).forEach(row -> rows.put(row.instance(), row));
    without.ifPresent(one -> {
      Set<Object> touched = new HashSet<>();
      one.changes().stream()
          .filter(change -> change.table() == table)
          .forEach(change -> touch(change, touched));
      rows.keySet().removeAll(touched);
      source.rows(table, new ModelPosition(one.end().at() - 1)).stream()
          .filter(row -> touched.contains(row.instance()))
          .forEach(row -> rows.put(row.instance(), row));
    });
    return rows.values();
  }
}
