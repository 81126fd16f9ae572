package dev.firn.ingest;

import dev.firn.writer.LakeTables;
import java.util.ArrayList;
import java.util.List;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;

/** The tables of a lake that a command is about. */
final class AskedTables {
  private AskedTables() {}

  /**
   * Those of the given names, each once; without a name all that Firn keeps. A name in full may be
   * that of a table that somebody else keeps.
   *
   * @throws SettingsException a name is none of a table, or that of several
   */
  static List<TableIdentifier> of(Catalog catalog, List<String> names) {
    List<TableIdentifier> known = new ArrayList<>(LakeTables.in(catalog));
    if (names.isEmpty()) {
      return known;
    }
    names.stream()
        .flatMap(name -> LakeTables.named(catalog, name).stream())
        .filter(name -> !known.contains(name))
        .forEach(known::add);
    return new NamedTables<>(
            known,
            "the tables that Firn keeps here (another one needs its whole name, namespace.table)",
            TableIdentifier::name)
        .of(names);
  }
}
