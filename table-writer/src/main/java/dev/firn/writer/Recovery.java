package dev.firn.writer;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * What the lake already has when a writer starts: all tables up to one position, and some, where
 * the writer before was cut off between two tables of a batch, up to the end of that batch.
 *
 * @param complete the position that all tables have
 * @param ahead the tables that have more, and up to where
 * @param target the furthest of these: where the interrupted batch ended
 */
record Recovery(
    Optional<Position> complete, Map<TableIdentifier, Position> ahead, Optional<Position> target) {
  static final Recovery NONE = new Recovery(Optional.empty(), Map.of(), Optional.empty());

  Recovery {
    ahead = Map.copyOf(ahead);
  }

  static Recovery of(Optional<Position> complete, Map<TableIdentifier, Position> ahead) {
    Optional<Position> target = ahead.values().stream().reduce((a, b) -> a.contains(b) ? a : b);
    return new Recovery(complete, ahead, target);
  }

  /** The same with one more table, which may have more than all have. */
  Recovery with(TableIdentifier table, Position has) {
    if (complete.isEmpty() || complete.orElseThrow().contains(has)) {
      return this;
    }
    Map<TableIdentifier, Position> more = new HashMap<>(ahead);
    more.put(table, has);
    return of(complete, more);
  }

  boolean allHave(Position end) {
    return complete.isPresent() && complete.orElseThrow().contains(end);
  }

  boolean has(TableIdentifier table, Position end) {
    Position position = ahead.get(table);
    return allHave(end) || (position != null && position.contains(end));
  }

  /** Whether a batch that ends here leaves the interrupted batch incomplete. */
  boolean isPending(Position end) {
    return target.isPresent() && !end.contains(target.orElseThrow());
  }

  /** Whether the interrupted batch ends here. */
  boolean endsAt(Position end) {
    return target.isPresent() && target.orElseThrow().equals(end);
  }
}
