package dev.firn.ingest;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What becomes of tables whose log does not tell which row was updated or deleted: those without a
 * primary key and without {@code REPLICA IDENTITY FULL}.
 */
public enum KeylessTables {
  /** The pipeline does not start: published, they could only grow, and PostgreSQL refuses else. */
  REFUSE,
  /** They are published and followed; PostgreSQL refuses their updates and deletes. */
  APPEND_ONLY;

  static final String KEY = "keyless.tables";

  static KeylessTables parse(Keys keys) {
    return keys.choice(KEY, KeylessTables.class).orElse(REFUSE);
  }

  /**
   * Looks whether all of these can be taken.
   *
   * @throws SettingsException some cannot
   */
  void require(List<TableWatch.Seen> captured) {
    List<SourceTable> refused =
        captured.stream().filter(table -> !takes(table)).map(TableWatch.Seen::table).toList();
    if (!refused.isEmpty()) {
      throw new SettingsException(
          "%s has neither a primary key nor REPLICA IDENTITY FULL: once it is published PostgreSQL refuses every UPDATE and DELETE of it. %s; or leave it out with debezium.source.table.exclude.list; or, if rows are only ever added, set %s%s=%s%s"
              .formatted(
                  "table " + refused.getFirst(),
                  wayOut(refused.getFirst()),
                  SinkSettings.PREFIX,
                  KEY,
                  Keys.written(APPEND_ONLY),
                  others(refused)));
    }
  }

  private static String others(List<SourceTable> refused) {
    return refused.size() == 1
        ? ""
        : ". So have %s"
            .formatted(
                refused.stream()
                    .skip(1)
                    .map(SourceTable::toString)
                    .collect(Collectors.joining(", ")));
  }

  /** What can be done about a table at the source. */
  static String wayOut(SourceTable table) {
    return "Give it a key, or run ALTER TABLE %s REPLICA IDENTITY FULL".formatted(table.quoted());
  }

  /** Whether a table is followed. */
  boolean takes(TableWatch.Seen table) {
    return this == APPEND_ONLY || table.isIdentified();
  }
}
