package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * A table that a source offers.
 *
 * @param key its primary key's columns, with commas; empty when it has none
 */
record FoundTable(SourceTable name, String key) {
  private static final String QUERY =
      """
      SELECT n.nspname, c.relname,
             coalesce((SELECT string_agg(a.attname, ', ' ORDER BY k.place)
                         FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
                         JOIN pg_attribute a ON a.attnum = k.attnum
                        WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid), '')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r' AND c.relpersistence = 'p'
         AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
       ORDER BY 1, 2\
      """;

  private static final String BINLOG =
      """
      SELECT t.table_schema, t.table_name,
             coalesce((SELECT group_concat(k.column_name ORDER BY k.ordinal_position SEPARATOR ', ')
                         FROM information_schema.key_column_usage k
                        WHERE k.table_schema = t.table_schema AND k.table_name = t.table_name
                          AND k.constraint_name = 'PRIMARY'), '')
        FROM information_schema.tables t
       WHERE t.table_type = 'BASE TABLE' AND t.table_schema NOT IN
             ('mysql', 'sys', 'information_schema', 'performance_schema')
       ORDER BY 1, 2\
      """;

  FoundTable {
    requireNonNull(name, "name is null");
    requireNonNull(key, "key is null");
  }

  /** Those of the databases of a MariaDB or MySQL that are captured. */
  static List<FoundTable> ofBinlog(Connection connection, Predicate<SourceTable> captured)
      throws SQLException {
    return read(connection, BINLOG).stream().filter(table -> captured.test(table.name())).toList();
  }

  /** Those of a PostgreSQL. */
  static List<FoundTable> ofPostgres(Connection connection) throws SQLException {
    return read(connection, QUERY);
  }

  private static List<FoundTable> read(Connection connection, String query) throws SQLException {
    List<FoundTable> tables = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      while (rows.next()) {
        tables.add(
            new FoundTable(
                new SourceTable(rows.getString(1), rows.getString(2)), rows.getString(3)));
      }
    }
    return tables;
  }
}
