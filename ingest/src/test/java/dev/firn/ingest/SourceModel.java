package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.ConnectorEvents.Change;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.kafka.connect.data.Struct;

/**
 * What a recorded source was.
 *
 * @param states its rows, by table and {@code id}: as they were read, and after each transaction
 * @param changes how many changes each table has had
 */
record SourceModel(List<Map<String, String>> states, Map<String, Integer> changes) {
  SourceModel {
    states = List.copyOf(states);
    changes = Map.copyOf(changes);
  }

  /**
   * @param read the rows of the initial snapshot
   * @param text what is looked at of a row
   */
  static SourceModel of(
      Map<String, String> read, List<List<Change>> transactions, Function<Struct, String> text) {
    Map<String, String> now = new TreeMap<>(read);
    List<Map<String, String>> states = new ArrayList<>(List.of(new TreeMap<>(now)));
    Map<String, Integer> changes = new HashMap<>();
    for (List<Change> transaction : transactions) {
      for (Change change : transaction) {
        apply(now, change, text);
        changes.merge(change.table(), isOtherKey(change) ? 2 : 1, Integer::sum);
      }
      states.add(new TreeMap<>(now));
    }
    return new SourceModel(states, changes);
  }

  private static void apply(Map<String, String> now, Change change, Function<Struct, String> text) {
    Struct before = change.before();
    Struct after = change.after();
    if (before != null) {
      now.remove(change.table() + " " + id(before));
    }
    if (after != null) {
      now.put(change.table() + " " + id(after), text.apply(after));
    }
  }

  private static boolean isOtherKey(Change change) {
    Struct before = change.before();
    Struct after = change.after();
    return before != null && after != null && !id(before).equals(id(after));
  }

  private static Object id(Struct row) {
    return requireNonNull(row.get("id"), "id is null");
  }
}
