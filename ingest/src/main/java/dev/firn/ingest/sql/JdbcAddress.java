package dev.firn.ingest.sql;

import dev.firn.ingest.SettingsException;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The address of a catalog's database.
 *
 * @param url as a driver takes it
 */
record JdbcAddress(String url) {
  private static final String SQLITE = "jdbc:sqlite:";
  private static final String POSTGRES = "jdbc:postgresql:";

  String driver() {
    if (isSqlite()) {
      return "org.sqlite.JDBC";
    }
    if (isPostgres()) {
      return "org.postgresql.Driver";
    }
    throw new SettingsException(
        "the catalog's database %s is neither SQLite nor PostgreSQL"
            .formatted(url.replaceAll("(?s)^(jdbc:\\w*).*", "$1")));
  }

  boolean isSqlite() {
    return url.startsWith(SQLITE);
  }

  boolean isPostgres() {
    return url.startsWith(POSTGRES);
  }

  /** The file of a SQLite, or what of a PostgreSQL follows the protocol; without parameters. */
  String place() {
    driver();
    String rest = url.substring(isSqlite() ? SQLITE.length() : POSTGRES.length());
    return rest.replaceAll("\\?.*", "").replaceFirst("^//", "").replaceFirst("^file:", "");
  }

  /** With further parameters of the driver. */
  JdbcAddress with(Map<String, String> parameters) {
    if (parameters.isEmpty()) {
      return this;
    }
    String more =
        parameters.entrySet().stream()
            .map(entry -> entry.getKey() + "=" + entry.getValue())
            .collect(Collectors.joining("&"));
    return new JdbcAddress(url + (url.contains("?") ? "&" : "?") + more);
  }
}
