package dev.firn.ingest;

import dev.firn.writer.Pipeline;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Which columns become text, whatever their type: the setting {@value #KEY}.
 *
 * @param text as it is written in a configuration
 * @param columns patterns of the columns, each for a whole {@code schema.table.column}
 */
record ColumnsAsText(String text, List<Pattern> columns) {
  static final String KEY = "columns.as-text";

  private static final String NOTE = "columns-as-text";

  ColumnsAsText {
    columns = List.copyOf(columns);
  }

  static ColumnsAsText parse(Keys keys) {
    return new ColumnsAsText(keys.text(KEY).orElse(""), keys.patterns(KEY));
  }

  /** Of a value of the setting alone. */
  static ColumnsAsText parse(String text) {
    return parse(new Keys(SinkSettings.PREFIX, Map.of(KEY, text)));
  }

  /** As the control table has it from the start before; at first none are. */
  static ColumnsAsText noted(Pipeline pipeline) {
    return parse(pipeline.note(NOTE).orElse(""));
  }

  /** Writes it down, if it has changed. Not while batches are being committed. */
  void note(Pipeline pipeline) {
    if (!pipeline.note(NOTE).orElse("").equals(text)) {
      pipeline.note(NOTE, text);
    }
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
