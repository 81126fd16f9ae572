package dev.firn.ingest;

import io.debezium.connector.mariadb.MariaDbConnector;
import io.debezium.connector.postgresql.PostgresConnector;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The kinds of databases that can be followed. */
enum SourceKind {
  POSTGRES(PostgresConnector.class, PatientPostgresConnector.class, 5432, "PGPASSWORD"),
  MARIADB(MariaDbConnector.class, PatientMariaDbConnector.class, 3306, "MYSQL_PWD");

  private final String debezium;
  private final String own;
  private final int port;
  private final String passwordVariable;

  SourceKind(Class<?> debezium, Class<?> own, int port, String passwordVariable) {
    this.debezium = debezium.getName();
    this.own = own.getName();
    this.port = port;
    this.passwordVariable = passwordVariable;
  }

  /** That of a configuration; PostgreSQL where it names none. */
  static SourceKind of(Map<String, String> file) {
    String connector = file.getOrDefault(ServerConfig.SOURCE_PREFIX + "connector.class", "");
    return Arrays.stream(values())
        .filter(kind -> Set.of(kind.debezium, kind.own).contains(connector.strip()))
        .findFirst()
        .orElse(POSTGRES);
  }

  /** That of a JDBC address, by what follows {@code jdbc:}. */
  static Optional<SourceKind> ofScheme(String scheme) {
    return switch (scheme) {
      case "postgresql", "postgres" -> Optional.of(POSTGRES);
      case "mariadb" -> Optional.of(MARIADB);
      default -> Optional.empty();
    };
  }

  /** The connectors that a configuration may name. */
  static List<String> connectors() {
    return Arrays.stream(values()).flatMap(kind -> Stream.of(kind.debezium, kind.own)).toList();
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
}
