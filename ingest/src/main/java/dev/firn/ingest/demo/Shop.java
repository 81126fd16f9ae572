package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.firn.testing.MariaDbServer;
import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDateTime;
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

  /** Connects to the shop's database. */
  private interface Connections {
    Connection connect() throws SQLException;
  }

  private final ShopSql sql;
  private final Connections connections;

  private Shop(ShopSql sql, Connections connections) {
    this.sql = sql;
    this.connections = connections;
  }

  /** The shop of this server, made and filled when it is not there. */
  static Shop open(PostgresServer server) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      if (!exists(statement, "SELECT 1 FROM pg_database WHERE datname = '" + DATABASE + "'")) {
        statement.execute("CREATE DATABASE " + DATABASE);
      }
    }
    Shop shop = new Shop(ShopSql.POSTGRES, () -> connect(server));
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      if (!exists(statement, "SELECT 1 FROM pg_namespace WHERE nspname = '" + SCHEMA + "'")) {
        statement.execute(shop.script());
      }
      connection.commit();
    }
    return shop;
  }

  /** The same on a MariaDB. */
  static Shop open(MariaDbServer server) throws SQLException {
    Shop shop = new Shop(ShopSql.MARIADB, () -> server.connect(""));
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      if (!exists(statement, "SHOW DATABASES LIKE '" + DATABASE + "'")) {
        for (String each : shop.script().split(";\\n", -1)) {
          if (!each.isBlank()) {
            statement.execute(each);
          }
        }
      }
    }
    return shop;
  }

  private static boolean exists(Statement statement, String query) throws SQLException {
    try (ResultSet found = statement.executeQuery(query)) {
      return found.next();
    }
  }

  private String script() {
    try (InputStream in = Shop.class.getResourceAsStream(sql.script())) {
      if (in == null) {
        throw new IllegalStateException(sql.script() + " is missing from the build");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ShopSql sql() {
    return sql;
  }

  Connection connect() throws SQLException {
    return connections.connect();
  }

  private static Connection connect(PostgresServer server) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("reWriteBatchedInserts", "true");
    properties.setProperty("prepareThreshold", "1");
    return java.sql.DriverManager.getConnection(server.jdbcUrl(DATABASE), properties);
  }

  /** What the server says it is. */
  String version() throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(sql.version())) {
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
      try (ResultSet now = statement.executeQuery("SELECT " + sql.now())) {
        now.next();
        mark = time(now);
      }
      for (String table : FILLED) {
        String newest = sql.newest("%s.%s".formatted(SCHEMA, table));
        try (PreparedStatement update = connection.prepareStatement(newest)) {
          set(update, mark);
          update.executeUpdate();
        }
      }
      connection.commit();
      return mark;
    }
  }

  private OffsetDateTime time(ResultSet row) throws SQLException {
    return switch (sql) {
      case POSTGRES -> row.getObject(1, OffsetDateTime.class).withOffsetSameInstant(ZoneOffset.UTC);
      case MARIADB -> row.getObject(1, LocalDateTime.class).atOffset(ZoneOffset.UTC);
    };
  }

  private void set(PreparedStatement update, OffsetDateTime mark) throws SQLException {
    switch (sql) {
      case POSTGRES -> update.setObject(1, mark);
      case MARIADB -> update.setObject(1, mark.toLocalDateTime());
    }
  }
}
