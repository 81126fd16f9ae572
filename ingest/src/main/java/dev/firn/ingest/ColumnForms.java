package dev.firn.ingest;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which columns become something else than their type does by itself: the settings {@value #TEXT}
 * and {@value #VARIANT}, of which the first counts for a column that both name.
 *
 * @param text patterns of columns, each for a whole {@code schema.table.column}
 * @param variant the same
 */
record ColumnForms(List<Pattern> text, List<Pattern> variant) {
  static final String TEXT = "columns.as-text";
  static final String VARIANT = "columns.as-variant";

  /** Every column becomes what its type does. */
  static final ColumnForms NONE = new ColumnForms(List.of(), List.of());

  /** A pattern of a setting that names no column. */
  record Unmatched(String setting, String pattern) {}

  ColumnForms {
    text = List.copyOf(text);
    variant = List.copyOf(variant);
  }

  static ColumnForms parse(Keys keys) {
    return new ColumnForms(keys.patterns(TEXT), keys.patterns(VARIANT));
  }

  /** Of a value of {@value #TEXT} alone. */
  static ColumnForms ofText(String columns) {
    return parse(new Keys(SinkSettings.PREFIX, Map.of(TEXT, columns)));
  }

  /** As Debezium's converters get them. */
  static ColumnForms parse(Properties properties) {
    return parse(
        new Keys(
            SinkSettings.PREFIX,
            Map.of(
                TEXT, properties.getProperty(TEXT, ""),
                VARIANT, properties.getProperty(VARIANT, ""))));
  }

  /** Their keys. */
  static Set<String> keys() {
    return Set.of(TEXT, VARIANT);
  }

  /**
   * @param table {@code schema.table}
   */
  boolean isText(String table, String column) {
    return isNamed(text, "%s.%s".formatted(table, column));
  }

  /** As above. */
  boolean isVariant(String table, String column) {
    return isNamed(variant, "%s.%s".formatted(table, column)) && !isText(table, column);
  }

  private static boolean isNamed(List<Pattern> patterns, String column) {
    return patterns.stream().anyMatch(each -> each.matcher(column).matches());
  }

  /**
   * The patterns that name none of these columns.
   *
   * @param columns each a whole {@code schema.table.column}
   */
  List<Unmatched> unmatched(Collection<String> columns) {
    List<Unmatched> unmatched = new ArrayList<>();
    text.forEach(pattern -> addUnmatched(unmatched, TEXT, pattern, columns));
    variant.forEach(pattern -> addUnmatched(unmatched, VARIANT, pattern, columns));
    return unmatched;
  }

  private static void addUnmatched(
      List<Unmatched> unmatched, String setting, Pattern pattern, Collection<String> columns) {
    if (columns.stream().noneMatch(column -> pattern.matcher(column).matches())) {
      unmatched.add(new Unmatched(setting, pattern.pattern()));
    }
  }

  /** What a user sets to have a column as text. */
  static String asText(SourceTable table, String column) {
    return "%s%s=%s.%s".formatted(SinkSettings.PREFIX, TEXT, table, column);
  }
}
