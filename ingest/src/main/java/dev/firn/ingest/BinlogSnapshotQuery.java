package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import io.debezium.bean.StandardBeanNames;
import io.debezium.bean.spi.BeanRegistry;
import io.debezium.bean.spi.BeanRegistryAware;
import io.debezium.relational.Column;
import io.debezium.relational.RelationalDatabaseSchema;
import io.debezium.snapshot.spi.SnapshotQuery;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The query for a table's rows in the initial snapshot. {@code FLOAT} is read as {@code DOUBLE}:
 * the server writes six digits of it, which are not all.
 */
public abstract class BinlogSnapshotQuery implements SnapshotQuery, BeanRegistryAware {
  /** The name under which Debezium finds it. */
  static final String NAME = "firn_binlog";

  private static final ExactQuery QUERY =
      new ExactQuery(
          "FROM",
          id -> id.toQuotedString('`'),
          column -> BinlogTables.quoted(column.name()),
          BinlogSnapshotQuery::selected);

  private @Nullable RelationalDatabaseSchema schema;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public void configure(Map<String, ?> properties) {}

  @Override
  public void injectBeanRegistry(BeanRegistry beans) {
    schema = beans.lookupByName(StandardBeanNames.DATABASE_SCHEMA, RelationalDatabaseSchema.class);
  }

  @Override
  public Optional<String> snapshotQuery(String table, List<String> columns) {
    return QUERY.of(requireNonNull(schema, "schema is null"), table, columns);
  }

  /** A column as a query names it that reads its values exactly. */
  static String selected(Column column) {
    String name = BinlogTables.quoted(column.name());
    return column.typeName().toUpperCase(Locale.ROOT).startsWith("FLOAT")
        ? "CAST(%1$s AS DOUBLE) AS %1$s".formatted(name)
        : name;
  }
}
