package dev.firn.ingest;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Which source tables have a changelog.
 *
 * @param on whether any has
 * @param excluded patterns of those that have none, each for a whole {@code schema.table}
 */
record ChangelogTables(boolean on, List<Pattern> excluded) {
  ChangelogTables {
    excluded = List.copyOf(excluded);
  }

  static ChangelogTables parse(Keys keys) {
    return new ChangelogTables(
        keys.truth("changelog").orElse(true), keys.patterns("changelog.exclude.list"));
  }

  boolean has(SourceTable table) {
    return on
        && excluded.stream().noneMatch(pattern -> pattern.matcher(table.toString()).matches());
  }
}
