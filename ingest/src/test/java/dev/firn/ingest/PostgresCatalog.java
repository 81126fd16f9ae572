package dev.firn.ingest;

import dev.firn.testing.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;

/** A JDBC catalog in a database of its own, which belongs to a user that is no superuser. */
final class PostgresCatalog {
  static final String DATABASE = "lake";
  static final String OWNER = "keeper";

  private PostgresCatalog() {}

  /** Makes the database and its owner. */
  static void create(PostgresServer server) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement()) {
      sql.execute("CREATE DATABASE " + DATABASE);
      sql.execute("CREATE ROLE %s LOGIN".formatted(OWNER));
      sql.execute("ALTER DATABASE %s OWNER TO %s".formatted(DATABASE, OWNER));
    }
  }

  /** The settings of the catalog; where the tables' files lie is not said. */
  static Map<String, String> settings(PostgresServer server, String password) {
    return Map.of(
        "type",
        "jdbc",
        "uri",
        "jdbc:postgresql://%s:%d/%s".formatted(server.host(), server.port(), DATABASE),
        "jdbc.user",
        OWNER,
        "jdbc.password",
        password,
        "jdbc.schema-version",
        "V1");
  }
}
