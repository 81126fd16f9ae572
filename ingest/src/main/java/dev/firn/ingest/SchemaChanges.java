package dev.firn.ingest;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

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
    return keys.text(KEY)
        .map(text ->
            Arrays.stream(values())
                .filter(value -> value.text().equals(text.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> keys.illValued(KEY, allowed())))
        .orElse(EVOLVE);
  }

  private static String allowed() {
    return Arrays.stream(values()).map(SchemaChanges::text).collect(Collectors.joining(", "));
  }

  /** As it is written in a configuration. */
  String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
