package dev.firn.testing.simulation;

import java.util.Set;

/** A change to a row of the model source. */
sealed interface ModelChange {
  SourceTable table();

  record Insert(SourceTable table, ModelRow row) implements ModelChange {}

  /**
   * A new version of a row.
   *
   * @param unavailable the columns whose unchanged values the source does not send
   */
  record Update(SourceTable table, ModelRow before, ModelRow after, Set<Integer> unavailable)
      implements ModelChange {
    public Update {
      unavailable = Set.copyOf(unavailable);
    }
  }

  record Delete(SourceTable table, ModelRow row) implements ModelChange {}

  record Truncate(SourceTable table) implements ModelChange {}
}
