package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

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

  FoundTable {
    requireNonNull(name, "name is null");
    requireNonNull(key, "key is null");
  }

  static List<FoundTable> all(Connection connection) throws SQLException {
    List<FoundTable> tables = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(QUERY)) {
      while (rows.next()) {
        tables.add(
            new FoundTable(
                new SourceTable(rows.getString(1), rows.getString(2)), rows.getString(3)));
      }
    }
    return tables;
  }
}
