package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Types.NestedField;

/**
 * What a source table asks of its table in the lake.
 *
 * @param table where its rows go
 * @param schema its columns; ids are assigned anew when the table is created
 * @param key the names of its key columns, none for a keyless table (whose key is the whole row)
 * @param changelog whether every change is kept in a changelog table beside it
 * @param layout how the table is laid out, but for its changelog
 */
public record TableDefinition(
    TableIdentifier table, Schema schema, List<String> key, boolean changelog, TableLayout layout) {
  /** A table with a changelog. */
  public TableDefinition(TableIdentifier table, Schema schema, List<String> key) {
    this(table, schema, key, true);
  }

  /** A table of no particular layout. */
  public TableDefinition(
      TableIdentifier table, Schema schema, List<String> key, boolean changelog) {
    this(table, schema, key, changelog, TableLayout.ANY);
  }

  /** The same in another layout. */
  public TableDefinition laidOut(TableLayout other) {
    return new TableDefinition(table, schema, key, changelog, other);
  }

  /** The names of its columns. */
  Set<String> names() {
    return schema.columns().stream().map(NestedField::name).collect(Collectors.toSet());
  }

  /** The same with other columns. */
  TableDefinition with(Schema columns) {
    return new TableDefinition(table, columns, key, changelog, layout);
  }

  /** Where its changelog goes, if it has one. */
  public Optional<TableIdentifier> changelogTable() {
    return changelog ? Optional.of(Changelog.nameFor(table)) : Optional.empty();
  }

  public TableDefinition {
    requireNonNull(table, "table is null");
    requireNonNull(schema, "schema is null");
    key = List.copyOf(key);
    requireNonNull(layout, "layout is null");
    for (String column : key) {
      if (schema.findField(column) == null) {
        throw new IllegalArgumentException("%s has no key column %s".formatted(table, column));
      }
    }
  }
}
