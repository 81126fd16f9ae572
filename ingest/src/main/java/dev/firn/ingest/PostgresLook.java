package dev.firn.ingest;

import io.debezium.connector.postgresql.connection.PostgresConnection;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** Looks at a PostgreSQL. */
final class PostgresLook implements SourceLook {
  private static final String TABLES =
      """
      SELECT n.nspname, c.relname, c.oid::bigint,
             c.relreplident IN ('f', 'i')
             OR c.relreplident = 'd' AND EXISTS
                (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r' AND c.relpersistence = 'p'
         AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      """;

  private final PostgresSource source;
  private final PostgresConnection connection;

  /**
   * @param connection closed by {@link #close}
   */
  PostgresLook(PostgresSource source, PostgresConnection connection) {
    this.source = source;
    this.connection = connection;
  }

  Connection asked() throws SQLException {
    return connection.connection();
  }

  @Override
  public SourceView view() throws SQLException {
    return SourceSnapshot.take(asked());
  }

  @Override
  public List<TableWatch.Seen> tables() throws SQLException {
    List<TableWatch.Seen> tables = new ArrayList<>();
    try (Statement statement = asked().createStatement();
        ResultSet rows = statement.executeQuery(TABLES)) {
      while (rows.next()) {
        SourceTable table = new SourceTable(rows.getString(1), rows.getString(2));
        if (source.captures(table)) {
          tables.add(new TableWatch.Seen(table, rows.getLong(3), rows.getBoolean(4)));
        }
      }
    }
    return tables;
  }

  @Override
  public void close() {
    connection.close();
  }
}
