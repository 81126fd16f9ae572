package dev.firn.ingest;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The tables that a command may be asked about.
 *
 * @param what they are, for the message to somebody who names another one
 * @param shortName a table's name without its schema; its text is the whole name
 */
record NamedTables<T>(List<T> tables, String what, Function<T, String> shortName) {
  NamedTables {
    tables = List.copyOf(tables);
  }

  /**
   * Those of the given names, each once.
   *
   * @throws SettingsException a name is none of theirs, or that of several
   */
  List<T> of(List<String> names) {
    return names.stream().map(this::of).distinct().toList();
  }

  private T of(String name) {
    List<T> found =
        tables.stream()
            .filter(table -> table.toString().equals(name) || shortName.apply(table).equals(name))
            .toList();
    if (found.size() != 1) {
      throw new SettingsException(
          "%s %s; %s: %s"
              .formatted(
                  found.isEmpty() ? "unknown table" : "ambiguous table",
                  name,
                  what,
                  tables.isEmpty()
                      ? "none"
                      : tables.stream().map(Object::toString).collect(Collectors.joining(", "))));
    }
    return found.getFirst();
  }
}
