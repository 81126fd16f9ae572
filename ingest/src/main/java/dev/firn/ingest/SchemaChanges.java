package dev.firn.ingest;

/** What becomes of a change of a source table's columns: the setting {@code schema.changes}. */
enum SchemaChanges {
  /** Followed where the lake's column can hold old and new values; otherwise the pipeline stops. */
  EVOLVE,
  /** Followed; where a column cannot hold the new values, a new one takes them. */
  NEW_COLUMN,
  /**
   * Followed; a table whose columns cannot hold the new values is set aside: its events go to the
   * quarantine until it fits again.
   */
  QUARANTINE,
  /** Every change stops the pipeline. */
  STOP;

  static final String KEY = "schema.changes";

  static SchemaChanges parse(Keys keys) {
    return keys.choice(KEY, SchemaChanges.class).orElse(EVOLVE);
  }
}
