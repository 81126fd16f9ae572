package dev.firn.ingest;

import io.debezium.relational.Column;
import io.debezium.relational.RelationalDatabaseSchema;
import io.debezium.relational.TableId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Makes queries for a table's rows that read values which a plain query would not read exactly.
 *
 * @param from what comes before a table's name
 * @param table a table's name as a query has it
 * @param column the same of a column
 * @param selected a column as a query names it that reads its values exactly
 */
record ExactQuery(
    String from,
    Function<TableId, String> table,
    Function<Column, String> column,
    Function<Column, String> selected) {
  /**
   * The query for the initial snapshot of a table.
   *
   * @param schema what is known of the tables
   * @param name the table's, as a query has it
   * @param columns those to read, as a query names them
   */
  Optional<String> of(RelationalDatabaseSchema schema, String name, List<String> columns) {
    if (columns.isEmpty()) {
      return Optional.empty();
    }
    Map<String, String> exact =
        schema.tableIds().stream()
            .filter(id -> table.apply(id).equals(name))
            .flatMap(id -> schema.tableFor(id).columns().stream())
            .collect(Collectors.toMap(column, selected));
    String all =
        columns.stream().map(one -> exact.getOrDefault(one, one)).collect(Collectors.joining(", "));
    return Optional.of("SELECT %s %s %s".formatted(all, from, name));
  }
}
