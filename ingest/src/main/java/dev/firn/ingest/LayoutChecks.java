package dev.firn.ingest;

import dev.firn.writer.TableDefinition;
import dev.firn.writer.TableLayout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * Looks at a start, before anything is taken over, whether the tables can be laid out as is set.
 */
final class LayoutChecks {
  private LayoutChecks() {}

  /**
   * @param definitions by the tables of the source
   * @throws SettingsException naming the key, its value and what is allowed
   */
  static void run(
      TableLayouts layouts, Map<SourceTable, TableDefinition> definitions, Catalog catalog) {
    layouts.requireTables(List.copyOf(definitions.keySet()));
    definitions.forEach((table, definition) -> {
      if (!definition.layout().equals(TableLayout.ANY)) {
        layouts.requireFits(table, definition.schema(), columns(catalog, definition.table()));
      }
    });
  }

  private static Optional<Schema> columns(Catalog catalog, TableIdentifier table) {
    return catalog.tableExists(table)
        ? Optional.of(catalog.loadTable(table).schema())
        : Optional.empty();
  }
}
