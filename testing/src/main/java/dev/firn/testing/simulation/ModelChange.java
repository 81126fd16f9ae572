package dev.firn.testing.simulation;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A change to a row of the model source. */
sealed interface ModelChange {
  SourceTable table();

  /** Whether it has to do with the row of a key. */
  default boolean touches(List<@Nullable Object> key) {
    return switch (this) {
      case Insert(SourceTable table, ModelRow row) -> table.keyOf(row).equals(key);
      case Update(SourceTable table, ModelRow before, ModelRow after, Set<Integer> unused) ->
          table.keyOf(before).equals(key) || table.keyOf(after).equals(key);
      case Delete(SourceTable table, ModelRow row) -> table.keyOf(row).equals(key);
      case Truncate unused -> true;
    };
  }

  record Insert(SourceTable table, ModelRow row) implements ModelChange {}

  /**
   * A new version of a row; one with another key is another row.
   *
   * @param unavailable the columns whose unchanged values the source does not send
   */
  record Update(SourceTable table, ModelRow before, ModelRow after, Set<Integer> unavailable)
      implements ModelChange {
    public Update {
      unavailable = Set.copyOf(unavailable);
    }

    /** Whether it is told as the row that went and the one that came. */
    boolean isOfTwoRows() {
      return !table.isKeyed() || !table.keyOf(before).equals(table.keyOf(after));
    }
  }

  record Delete(SourceTable table, ModelRow row) implements ModelChange {}

  record Truncate(SourceTable table) implements ModelChange {}
}
