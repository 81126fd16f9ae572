package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import io.debezium.annotation.ConnectorSpecific;
import io.debezium.bean.StandardBeanNames;
import io.debezium.bean.spi.BeanRegistry;
import io.debezium.bean.spi.BeanRegistryAware;
import io.debezium.connector.postgresql.PgOid;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.relational.Column;
import io.debezium.snapshot.spi.SnapshotQuery;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The query for a table's rows in the initial snapshot. Dates and timestamps are read as text: the
 * driver makes them by a calendar without the days from 5 to 14 October 1582. Amounts of money are
 * read as numbers: it makes doubles of them. An infinite interval, of which it would make one of 0,
 * is read as the longest one.
 */
@ConnectorSpecific(connector = PatientPostgresConnector.class)
public final class PostgresSnapshotQuery implements SnapshotQuery, BeanRegistryAware {
  /** The name under which Debezium finds it. */
  static final String NAME = "firn";

  /** Rows of tables that inherit from this one, such as its partitions, are theirs. */
  static final String FROM = "FROM ONLY";

  /** What a text begins with that is read so: a column's default does not. */
  static final String READ = "@";

  /** An interval of PostgreSQL is no longer. */
  static final int INFINITE_YEARS = 178_000_000;

  private static final ExactQuery QUERY =
      new ExactQuery(
          FROM,
          id -> new SourceTable(id.schema(), id.table()).quoted(),
          column -> SourceTable.quoted(column.name()),
          PostgresSnapshotQuery::selected);

  private @Nullable PostgresSchema schema;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public void configure(Map<String, ?> properties) {}

  @Override
  public void injectBeanRegistry(BeanRegistry beans) {
    schema = beans.lookupByName(StandardBeanNames.DATABASE_SCHEMA, PostgresSchema.class);
  }

  @Override
  public Optional<String> snapshotQuery(String table, List<String> columns) {
    return QUERY.of(requireNonNull(schema, "schema is null"), table, columns);
  }

  /** A column as a query names it that reads its values exactly. */
  static String selected(Column column) {
    String name = SourceTable.quoted(column.name());
    return switch (column.nativeType()) {
      case PgOid.DATE, PgOid.TIMESTAMP, PgOid.TIMESTAMPTZ ->
          "'%s' || %s::text AS %2$s".formatted(READ, name);
      case PgOid.MONEY -> "%s::numeric AS %1$s".formatted(name);
      case PgOid.INTERVAL ->
          "CASE WHEN NOT isfinite(%1$s) THEN interval '%2$d years' ELSE %1$s END AS %1$s"
              .formatted(name, INFINITE_YEARS);
      default -> name;
    };
  }
}
