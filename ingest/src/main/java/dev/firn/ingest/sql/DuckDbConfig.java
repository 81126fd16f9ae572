package dev.firn.ingest.sql;

import dev.firn.ingest.SettingsException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A lake in DuckDB's statements. */
final class DuckDbConfig {
  private DuckDbConfig() {}

  static List<String> lines(QueriedLake lake) {
    Translation words = new Translation(lake);
    List<String> lines = new ArrayList<>();
    lines.add("-- Statements of DuckDB; replace what stands in ${...}.");
    lines.add("INSTALL iceberg;");
    lines.add("LOAD iceberg;");
    if (lake.isOnS3()) {
      lines.add(s3(words));
    }
    switch (lake.kind()) {
      case REST -> rest(words, lines);
      case JDBC -> jdbc(lake, words, lines);
      case GLUE, HIVE, NESSIE ->
          throw new SettingsException(
              "DuckDB is told of REST catalogs, and of the tables of a JDBC catalog one by one; not of a %s catalog"
                  .formatted(lake.kind().name().toLowerCase(Locale.ROOT)));
    }
    words.finish("DuckDB");
    return lines;
  }

  private static String s3(Translation words) {
    List<String> parts = new ArrayList<>(List.of("TYPE s3"));
    words.take("client.region").ifPresent(region -> parts.add("REGION " + quoted(region)));
    Optional<String> key = words.take("s3.access-key-id");
    key.ifPresent(id -> parts.add("KEY_ID " + quoted(id)));
    words.take("s3.secret-access-key").ifPresent(secret -> parts.add("SECRET " + quoted(secret)));
    words.take("s3.session-token").ifPresent(token -> parts.add("SESSION_TOKEN " + quoted(token)));
    if (key.isEmpty()) {
      parts.add("PROVIDER credential_chain");
    }
    words
        .take("s3.endpoint")
        .ifPresent(endpoint -> {
          parts.add(
              "ENDPOINT " + quoted(endpoint.replaceFirst("^https?://", "").replaceFirst("/$", "")));
          parts.add("USE_SSL " + endpoint.startsWith("https"));
        });
    words
        .take("s3.path-style-access")
        .filter("true"::equals)
        .ifPresent(yes -> parts.add("URL_STYLE 'path'"));
    return "CREATE SECRET lake_files (%s);".formatted(String.join(", ", parts));
  }

  private static void rest(Translation words, List<String> lines) {
    List<String> parts = new ArrayList<>(List.of("TYPE iceberg"));
    parts.add("ENDPOINT " + quoted(words.require("uri")));
    Optional<String> token = words.take("token");
    Optional<String> credential = words.take("credential");
    if (token.isPresent()) {
      parts.add("TOKEN " + quoted(token.orElseThrow()));
    } else if (credential.isPresent()) {
      lines.add("-- The credential is ID:SECRET.");
      parts.add("CLIENT_ID '${CREDENTIAL_ID}', CLIENT_SECRET '${CREDENTIAL_SECRET}'");
      words.take("scope").ifPresent(scope -> parts.add("OAUTH2_SCOPE " + quoted(scope)));
      words
          .take("oauth2-server-uri")
          .ifPresent(uri -> parts.add("OAUTH2_SERVER_URI " + quoted(uri)));
    } else {
      parts.add("AUTHORIZATION_TYPE 'none'");
    }
    words.take("token-refresh-enabled");
    words.take("token-exchange-enabled");
    lines.add(
        "ATTACH %s AS lake (%s);"
            .formatted(quoted(words.take("warehouse").orElse("")), String.join(", ", parts)));
  }

  /** DuckDB knows no such catalog, but can read the table in which it keeps its tables. */
  private static void jdbc(QueriedLake lake, Translation words, List<String> lines) {
    JdbcAddress database = new JdbcAddress(words.require("uri"));
    words.take("warehouse");
    Optional<String> user = words.take("jdbc.user");
    Optional<String> password = words.take("jdbc.password");
    words.takeBelow("jdbc.");
    if (database.isSqlite()) {
      lines.add(
          "ATTACH %s AS catalog (TYPE sqlite, READ_ONLY);".formatted(quoted(database.place())));
    } else {
      String login =
          user.map(name -> name + password.map(secret -> ":" + secret).orElse("") + "@").orElse("");
      lines.add(
          "ATTACH %s AS catalog (TYPE postgres, READ_ONLY);"
              .formatted(quoted("postgresql://" + login + database.place())));
    }
    lines.add("-- A table as it is now; set it again to see what was committed since.");
    lines.add(
        "SET VARIABLE orders = (SELECT metadata_location FROM catalog.iceberg_tables WHERE catalog_name = %s AND table_namespace = 'shop' AND table_name = 'orders');"
            .formatted(quoted(lake.name())));
    lines.add("SELECT count(*) FROM iceberg_scan(getvariable('orders'));");
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }
}
