package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Properties;

/** The demo's source: a small shop in a database of its own. */
final class Shop {
  static final String DATABASE = "shop";
  static final String SCHEMA = "shop";
  static final List<String> TABLES =
      List.of("customers", "products", "orders", "order_items", "shipments", "returns");

  /** The tables that have rows, each with how to reach one of them. */
  static final List<String> FILLED =
      List.of("customers", "products", "orders", "order_items", "shipments");

  private final PostgresServer server;

  private Shop(PostgresServer server) {
    this.server = server;
  }

  /** The shop of this server, made and filled when it is not there. */
  static Shop open(PostgresServer server) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      if (!exists(statement, "SELECT 1 FROM pg_database WHERE datname = '" + DATABASE + "'")) {
        statement.execute("CREATE DATABASE " + DATABASE);
      }
    }
    Shop shop = new Shop(server);
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      if (!exists(statement, "SELECT 1 FROM pg_namespace WHERE nspname = '" + SCHEMA + "'")) {
        statement.execute(script());
      }
      connection.commit();
    }
    return shop;
  }

  private static boolean exists(Statement statement, String query) throws SQLException {
    try (ResultSet found = statement.executeQuery(query)) {
      return found.next();
    }
  }

  private static String script() {
    try (InputStream in = Shop.class.getResourceAsStream("shop.sql")) {
      if (in == null) {
        throw new IllegalStateException("shop.sql is missing from the build");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  PostgresServer server() {
    return server;
  }

  Connection connect() throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("reWriteBatchedInserts", "true");
    properties.setProperty("prepareThreshold", "1");
    return java.sql.DriverManager.getConnection(server.jdbcUrl(DATABASE), properties);
  }

  /** What the server says it is. */
  String version() throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery("SHOW server_version")) {
      found.next();
      return found.getString(1);
    }
  }

  /**
   * Touches one row of every table that has rows, in one transaction, and returns what stands in
   * their {@code updated_at} from then on.
   */
  OffsetDateTime mark() throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      OffsetDateTime mark;
      try (ResultSet now = statement.executeQuery("SELECT clock_timestamp()")) {
        now.next();
        mark = now.getObject(1, OffsetDateTime.class).withOffsetSameInstant(ZoneOffset.UTC);
      }
      for (String table : FILLED) {
        String newest =
            "UPDATE %1$s.%2$s SET updated_at = ? WHERE ctid = (SELECT ctid FROM %1$s.%2$s LIMIT 1)"
                .formatted(SCHEMA, table);
        try (PreparedStatement update = connection.prepareStatement(newest)) {
          update.setObject(1, mark);
          update.executeUpdate();
        }
      }
      connection.commit();
      return mark;
    }
  }
}
