package dev.firn.ingest;

import io.debezium.connector.mariadb.MariaDbConnector;
import io.debezium.connector.mysql.MySqlConnector;
import io.debezium.connector.postgresql.PostgresConnector;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The kinds of databases that can be followed. */
enum SourceKind {
  POSTGRES(
      PostgresConnector.class.getName(),
      PatientPostgresConnector.class.getName(),
      5432,
      "PGPASSWORD",
      ""),
  MARIADB(
      MariaDbConnector.class.getName(),
      PatientMariaDbConnector.class.getName(),
      3306,
      "MYSQL_PWD",
      ""),
  MYSQL(
      MySqlConnector.class.getName(), PatientMySqlConnector.class.getName(), 3306, "MYSQL_PWD", ""),
  SQLSERVER("io.debezium.connector.sqlserver.SqlServerConnector", 1433, "sqlserver"),
  MONGODB("io.debezium.connector.mongodb.MongoDbConnector", 27017, "mongodb"),
  ORACLE("io.debezium.connector.oracle.OracleConnector", 1521, "oracle");

  private static final String MYSQL_DRIVER = "com.mysql.cj.jdbc.Driver";

  private final String debezium;
  private final String own;
  private final int port;
  private final String passwordVariable;
  private final String profile;

  SourceKind(String debezium, String own, int port, String passwordVariable, String profile) {
    this.debezium = debezium;
    this.own = own;
    this.port = port;
    this.passwordVariable = passwordVariable;
    this.profile = profile;
  }

  /** One of which Firn knows only what Debezium's connector tells. */
  SourceKind(String debezium, int port, String profile) {
    this(debezium, debezium, port, "", profile);
  }

  /** That of a configuration; PostgreSQL where it names none. */
  static SourceKind of(Map<String, String> file) {
    String connector = file.getOrDefault(ServerConfig.SOURCE_PREFIX + "connector.class", "");
    return Arrays.stream(values())
        .filter(
            kind -> connector.strip().equals(kind.debezium) || connector.strip().equals(kind.own))
        .findFirst()
        .orElse(POSTGRES);
  }

  /** That of a JDBC address, by what follows {@code jdbc:}. */
  static Optional<SourceKind> ofScheme(String scheme) {
    return switch (scheme) {
      case "postgresql", "postgres" -> Optional.of(POSTGRES);
      case "mariadb" -> Optional.of(MARIADB);
      case "mysql" -> Optional.of(MYSQL);
      default -> Optional.empty();
    };
  }

  /** The connectors that a configuration may name. */
  static List<String> connectors() {
    return Arrays.stream(values())
        .flatMap(kind -> Stream.of(kind.debezium, kind.own))
        .distinct()
        .toList();
  }

  /** Debezium's connector, which a configuration names. */
  String connector() {
    return debezium;
  }

  /** The one that runs. */
  String ownConnector() {
    return own;
  }

  /** What its servers listen on. */
  int port() {
    return port;
  }

  /** Where its own programs look for a password in the environment. */
  String passwordVariable() {
    return passwordVariable;
  }

  /** Whether Firn knows of it only what Debezium's connector tells. */
  boolean isOther() {
    return !profile.isEmpty();
  }

  /**
   * Looks whether its connector is part of this build.
   *
   * @throws SettingsException it is not
   */
  void requireBuilt() {
    if (this == MYSQL && !isThere(MYSQL_DRIVER)) {
      throw new SettingsException(
          "%sconnector.class=%s: MySQL's driver, whose licence is the GPL, is not part of Firn; put mysql-connector-j-9.1.0.jar (Maven Central: com.mysql:mysql-connector-j) into the folder lib, or build a Firn that has it with FIRN_CONNECTORS=mysql ./firn version"
              .formatted(ServerConfig.SOURCE_PREFIX, debezium));
    }
    if (!isThere(debezium)) {
      throw new SettingsException(
          "%sconnector.class=%s: this Firn was built without it; build one that has it with FIRN_CONNECTORS=%s ./firn version, or mvn -P%s: see docs/SOURCES.md"
              .formatted(ServerConfig.SOURCE_PREFIX, debezium, profile, profile));
    }
  }

  private static boolean isThere(String name) {
    try {
      var unused = Class.forName(name, false, SourceKind.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }
}
