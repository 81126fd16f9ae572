package dev.firn.ingest.sql;

import dev.firn.ingest.SettingsException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A lake in the words of {@code .pyiceberg.yaml}. */
final class PyIcebergConfig {
  private static final List<String> SAME =
      List.of(
          "warehouse",
          "prefix",
          "credential",
          "token",
          "scope",
          "oauth2-server-uri",
          "rest.sigv4-enabled",
          "rest.signing-region",
          "rest.signing-name",
          "glue.endpoint",
          "glue.id",
          "s3.endpoint",
          "s3.access-key-id",
          "s3.secret-access-key",
          "s3.session-token");

  private PyIcebergConfig() {}

  static List<String> lines(QueriedLake lake) {
    Translation words = new Translation(lake);
    switch (lake.kind()) {
      case JDBC -> sql(words);
      case REST -> other(words, "rest");
      case GLUE -> other(words, "glue");
      case HIVE -> other(words, "hive");
      case NESSIE ->
          throw new SettingsException("PyIceberg reads a Nessie by its REST catalog alone");
    }
    SAME.forEach(key -> words.map(key, key));
    words.map("client.region", "s3.region");
    words
        .take("s3.path-style-access")
        .filter("false"::equals)
        .ifPresent(no -> words.say("s3.force-virtual-addressing", "true"));
    words.map("client.assume-role.arn", "s3.role-arn");
    words.map("client.assume-role.session-name", "s3.role-session-name");
    words.takeBelow("header.").forEach((name, value) -> words.say("header." + name, value));
    // What the writer encrypts, a reader gets from the server in the clear.
    words.take("s3.sse.type").filter("custom"::equals).ifPresent(PyIcebergConfig::refuse);
    words.take("s3.sse.key");
    List<String> lines = new ArrayList<>();
    lines.add("# ~/.pyiceberg.yaml; replace what stands in ${...}.");
    lines.add("catalog:");
    // In a SQL catalog the name is part of the key of each table.
    lines.add(
        "  " + (lake.kind() == QueriedLake.Kind.JDBC ? lake.name() : PrintedConfig.CATALOG) + ":");
    words
        .finish("PyIceberg")
        .forEach((key, value) -> lines.add("    %s: \"%s\"".formatted(key, escaped(value))));
    return lines;
  }

  private static void refuse(String type) {
    throw new SettingsException("PyIceberg has no word for s3.sse.type=%s".formatted(type));
  }

  private static void other(Translation words, String type) {
    words.say("type", type);
    words.map("uri", "uri");
  }

  private static void sql(Translation words) {
    words.say("type", "sql");
    JdbcAddress database = new JdbcAddress(words.require("uri"));
    Optional<String> user = words.take("jdbc.user");
    Optional<String> password = words.take("jdbc.password");
    words.takeBelow("jdbc.");
    String login = user.map(u -> u + password.map(p -> ":" + p).orElse("") + "@").orElse("");
    words.say(
        "uri",
        database.isSqlite()
            ? "sqlite:///" + database.place()
            : "postgresql+psycopg2://" + login + database.place());
    words.say("init_catalog_tables", "false");
  }

  private static String escaped(String value) {
    return value.replace("\\", "\\\\").replace("\"", "\\\"");
  }
}
