package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import io.debezium.relational.Table;
import io.debezium.relational.TableSchema;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A table of the source that can be read by queries.
 *
 * @param table its columns, those that are left out are not among them
 * @param schema makes structs of its values, the same as those of the stream
 */
record ReadableTable(CapturedTable captured, Table table, TableSchema schema) {
  ReadableTable {
    requireNonNull(captured, "captured is null");
    requireNonNull(table, "table is null");
    requireNonNull(schema, "schema is null");
  }

  /** The same, as a shard or not. */
  ReadableTable as(Optional<Shard> shard) {
    return new ReadableTable(captured.as(shard), table, schema);
  }

  /** The query for all of its rows. */
  String query() {
    String columns =
        table.columns().stream()
            .filter(column -> captured.row().field(column.name()) != null)
            .filter(column -> !captured.leavesOut(column.name()))
            .map(PostgresSnapshotQuery::selected)
            .collect(Collectors.joining(", "));
    return "SELECT %s %s %s"
        .formatted(columns, PostgresSnapshotQuery.FROM, captured.source().quoted());
  }
}
