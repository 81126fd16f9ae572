package dev.firn.ingest;

import dev.firn.writer.ColumnChanges.NewColumn;
import dev.firn.writer.Widening;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.Schema;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types.NestedField;

/**
 * Finds the columns of a lake's table that belong to a column of its source: the one of its name,
 * and those that took it over when its type became another. The lake alone decides, so that it is
 * the same after a restart and for events that come again.
 */
record LakeColumns(Schema schema) {
  private static final Pattern VERSION = Pattern.compile("version (\\d{1,6}) of column (.+)");

  private record Version(int number, NestedField column) {}

  /** The newest of them that holds all values of a type. */
  Optional<NestedField> holding(String source, Type type) {
    return newest(source, column -> Widening.isAllowed(type, column.type()));
  }

  /** The newest of them that may be widened to a type. */
  Optional<NestedField> widenable(String source, Type type) {
    return newest(source, column -> Widening.isAllowed(column.type(), type));
  }

  /** The newest of them. */
  Optional<NestedField> newest(String source) {
    return newest(source, column -> true);
  }

  /** Whether there are several. */
  boolean isVersioned(String source) {
    return versions(source).size() > 1;
  }

  private Optional<NestedField> newest(String source, Predicate<NestedField> which) {
    return versions(source).stream()
        .filter(version -> which.test(version.column()))
        .max(Comparator.comparingInt(Version::number))
        .map(Version::column);
  }

  /**
   * A column for values that none of them holds; the source's own name while that is free.
   *
   * @param taken names that the source has itself
   */
  NewColumn next(String source, Type type, Predicate<String> taken) {
    if (schema.findField(source) == null) {
      return new NewColumn(source, type, null);
    }
    int number = versions(source).stream().mapToInt(Version::number).max().orElse(1) + 1;
    while (schema.findField(name(source, number)) != null || taken.test(name(source, number))) {
      number++;
    }
    return new NewColumn(
        name(source, number), type, "version %d of column %s".formatted(number, source));
  }

  private static String name(String source, int number) {
    return "%s_v%d".formatted(source, number);
  }

  private List<Version> versions(String source) {
    return schema.columns().stream().flatMap(column -> version(column, source).stream()).toList();
  }

  private static Optional<Version> version(NestedField column, String source) {
    Matcher made = VERSION.matcher(column.doc() == null ? "" : column.doc());
    if (made.matches()) {
      return made.group(2).equals(source)
          ? Optional.of(new Version(Integer.parseInt(made.group(1)), column))
          : Optional.empty();
    }
    return column.name().equals(source) ? Optional.of(new Version(1, column)) : Optional.empty();
  }
}
