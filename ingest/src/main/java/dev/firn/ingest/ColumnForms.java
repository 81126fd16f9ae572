package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which columns become something else than their type does by itself: the settings {@value #TEXT},
 * {@value #VARIANT} and {@value #GEOMETRY}, of which the first counts for a column that several
 * name.
 *
 * @param text patterns of columns, each for a whole {@code schema.table.column}
 * @param variant the same
 * @param geometry the same
 * @param system the reference system of the geometries
 */
record ColumnForms(
    List<Pattern> text, List<Pattern> variant, List<Pattern> geometry, ReferenceSystem system) {
  static final String TEXT = "columns.as-text";
  static final String VARIANT = "columns.as-variant";
  static final String GEOMETRY = "columns.as-geometry";
  static final String SYSTEM = "columns.geometry-crs";

  /** Every column becomes what its type does. */
  static final ColumnForms NONE =
      new ColumnForms(List.of(), List.of(), List.of(), ReferenceSystem.CRS84);

  /** A pattern of a setting that names no column. */
  record Unmatched(String setting, String pattern) {}

  ColumnForms {
    text = List.copyOf(text);
    variant = List.copyOf(variant);
    geometry = List.copyOf(geometry);
    requireNonNull(system, "system is null");
  }

  static ColumnForms parse(Keys keys) {
    return new ColumnForms(
        keys.patterns(TEXT), keys.patterns(VARIANT), keys.patterns(GEOMETRY), system(keys));
  }

  private static ReferenceSystem system(Keys keys) {
    return keys.text(SYSTEM)
        .map(crs ->
            ReferenceSystem.parse(crs)
                .orElseThrow(
                    () -> keys.illValued(SYSTEM, "OGC:CRS84, EPSG:<number> or srid:<number>")))
        .orElse(ReferenceSystem.CRS84);
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
            keys().stream()
                .collect(
                    Collectors.toMap(
                        Function.identity(), key -> properties.getProperty(key, "")))));
  }

  /** Their keys. */
  static Set<String> keys() {
    return Set.of(TEXT, VARIANT, GEOMETRY, SYSTEM);
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

  /** As above. */
  boolean isGeometry(String table, String column) {
    return isNamed(geometry, "%s.%s".formatted(table, column)) && !isText(table, column);
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
    geometry.forEach(pattern -> addUnmatched(unmatched, GEOMETRY, pattern, columns));
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
