package dev.firn.sql;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** An embedded lake in a Trino of its own, and one session there; ends when it is closed. */
final class TrinoLake implements Engine, AutoCloseable {
  private final Trino trino;
  private final Connection connection;

  private TrinoLake(Trino trino, Connection connection) {
    this.trino = trino;
    this.connection = connection;
  }

  /**
   * Starts a Trino on a lake.
   *
   * @param java of a JDK that Trino runs on
   * @param folder where its copy of the catalog's file is kept
   */
  static TrinoLake open(Path java, CatalogFile catalog, Path folder) {
    try {
      Path file = folder.resolve("lake.properties");
      catalog.write(Path.of("trino", "catalog", catalog.name() + ".properties"), file);
      Trino trino = Trino.start(java, file, Path.of("target", "trino.log"));
      return new TrinoLake(trino, trino.connect());
    } catch (SQLException e) {
      throw new IllegalStateException("no connection to Trino", e);
    }
  }

  @Override
  public Answer ask(String sql) {
    try (Statement statement = connection.createStatement()) {
      if (!statement.execute(sql)) {
        return new Answer(List.of(), List.of());
      }
      try (ResultSet result = statement.getResultSet()) {
        return Answer.of(result);
      }
    } catch (SQLException e) {
      throw new Refused(sql, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() throws SQLException {
    try (trino) {
      connection.close();
    }
  }
}
