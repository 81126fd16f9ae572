package dev.firn.ingest;

import io.debezium.connector.binlog.jdbc.BinlogConnectorConnection;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** Looks at a server with a binary log. */
final class BinlogLook implements SourceLook {
  /** Other types are views, sequences, and tables whose rows have versions at the source. */
  static final String TABLES =
      "SELECT table_schema, table_name, engine FROM information_schema.tables"
          + " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN"
          + " ('mysql', 'sys', 'information_schema', 'performance_schema')"
          + " ORDER BY table_schema, table_name";

  private final BinlogSource source;
  private final BinlogConnectorConnection connection;

  /**
   * @param connection closed by {@link #close}
   */
  BinlogLook(BinlogSource source, BinlogConnectorConnection connection) {
    this.source = source;
    this.connection = connection;
  }

  @Override
  public SourceView view() throws SQLException {
    Connection asked = connection.connection();
    try {
      return source.dialect().view(source, asked, List.of());
    } finally {
      try (Statement end = asked.createStatement()) {
        end.execute("ROLLBACK");
      }
    }
  }

  /** A table that is made anew is told of by the log: all have the same identity here. */
  @Override
  public List<TableWatch.Seen> tables() throws SQLException {
    List<TableWatch.Seen> tables = new ArrayList<>();
    try (Statement statement = connection.connection().createStatement();
        ResultSet rows = statement.executeQuery(TABLES)) {
      while (rows.next()) {
        SourceTable table = new SourceTable(rows.getString(1), rows.getString(2));
        if (source.captures(table)) {
          tables.add(new TableWatch.Seen(table, 0, true));
        }
      }
    }
    return tables;
  }

  @Override
  public void close() {
    BinlogTables.close(connection);
  }
}
