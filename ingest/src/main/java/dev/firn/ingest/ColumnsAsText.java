package dev.firn.ingest;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Which columns become text, whatever their type: the setting {@value #KEY}.
 *
 * @param columns patterns of the columns, each for a whole {@code schema.table.column}
 */
record ColumnsAsText(List<Pattern> columns) {
  static final String KEY = "columns.as-text";

  ColumnsAsText {
    columns = List.copyOf(columns);
  }

  static ColumnsAsText parse(Keys keys) {
    return new ColumnsAsText(keys.patterns(KEY));
  }

  /** Of a value of the setting alone. */
  static ColumnsAsText parse(String text) {
    return parse(new Keys(SinkSettings.PREFIX, Map.of(KEY, text)));
  }

  /**
   * @param table {@code schema.table}
   */
  boolean has(String table, String column) {
    String name = "%s.%s".formatted(table, column);
    return columns.stream().anyMatch(each -> each.matcher(name).matches());
  }

  /** What a user sets to have a column as text. */
  static String setting(SourceTable table, String column) {
    return "%s%s=%s.%s".formatted(SinkSettings.PREFIX, KEY, table, column);
  }
}
