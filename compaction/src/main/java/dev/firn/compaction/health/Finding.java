package dev.firn.compaction.health;

import static java.util.Objects.requireNonNull;

/**
 * Something about a table that somebody should know.
 *
 * @param what is so, with its figures
 * @param remedy the command or setting that mends it
 */
public record Finding(Kind kind, String what, String remedy) {

  /** What kind of thing it is. */
  public enum Kind {
    EQUALITY_DELETES,
    SMALL_FILES,
    DELETED_ROWS,
    POSITION_DELETES,
    SNAPSHOTS,
    METADATA,
    QUIET;

    /** Whether it makes a table unhealthy; a source may as well have nothing to say. */
    public boolean isProblem() {
      return switch (this) {
        case EQUALITY_DELETES, SMALL_FILES, DELETED_ROWS, POSITION_DELETES, SNAPSHOTS, METADATA ->
            true;
        case QUIET -> false;
      };
    }
  }

  public Finding {
    requireNonNull(kind, "kind is null");
    requireNonNull(what, "what is null");
    requireNonNull(remedy, "remedy is null");
  }
}
