package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The configuration that {@code firn init} writes.
 *
 * @param passwordVariable of the environment, which holds the password; the file never does
 */
record FirstConfig(
    SourceAddress source, String passwordVariable, Path lake, List<FoundTable> tables) {
  private static final int MAX_NAME = 50;

  private static final String TEMPLATE =
      """
      # Written by `firn init`. Every key: docs/CONFIGURATION.md
      # Try it with `firn check`, run it with `firn ingest`, look at it with `firn status`.

      # The source. The password is taken from the environment when a command starts.
      debezium.source.connector.class={connector}
      debezium.source.database.hostname={host}
      debezium.source.database.port={port}
      debezium.source.database.user={user}
      debezium.source.database.password=${{password}:}
      {named}={database}

      # The tables to capture, as regular expressions; remove what is not wanted.
      {comments}
      debezium.source.table.include.list={include}

      # The lake: a SQLite catalog and local files in one folder. Instead of `dir`, the properties of
      # any Iceberg catalog: type, uri, warehouse, io-impl and so on, under the same prefix.
      debezium.sink.iceberg.pipeline={pipeline}
      debezium.sink.iceberg.dir={lake}

      # Health on /q/health/ready, metrics on /q/metrics.
      quarkus.http.port=8080
      """;

  FirstConfig {
    requireNonNull(source, "source is null");
    requireNonNull(passwordVariable, "passwordVariable is null");
    requireNonNull(lake, "lake is null");
    tables = List.copyOf(tables);
  }

  /** The file's content. */
  String text() {
    return TEMPLATE
        .replace("{connector}", source.kind().connector())
        .replace("{named}", ServerConfig.SOURCE_PREFIX + named())
        .replace("{host}", value(source.host()))
        .replace("{port}", Integer.toString(source.port()))
        .replace("{user}", value(source.user()))
        .replace("{password}", passwordVariable)
        .replace("{database}", value(isPattern() ? regexp(source.database()) : source.database()))
        .replace("{comments}", comments())
        .replace("{include}", include())
        .replace("{pipeline}", pipeline())
        .replace("{lake}", value(lake.toString()));
  }

  /** The database's name, in the letters that a pipeline's name may have. */
  String pipeline() {
    String name = source.database().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]", "_");
    return name.length() > MAX_NAME ? name.substring(0, MAX_NAME) : name;
  }

  private String comments() {
    int width = tables.stream().mapToInt(t -> t.name().toString().length()).max().orElse(0);
    return tables.stream()
        .map(table ->
            "#   %s%s  %s"
                .formatted(
                    oneLine(table.name().toString()),
                    " ".repeat(width - table.name().toString().length()),
                    table.key().isEmpty() ? withoutKey() : "key " + oneLine(table.key())))
        .collect(Collectors.joining("\n"));
  }

  private boolean isPattern() {
    return source.kind() == SourceKind.MARIADB || source.kind() == SourceKind.MYSQL;
  }

  private String named() {
    return switch (source.kind()) {
      case POSTGRES -> "database.dbname";
      case MARIADB, MYSQL -> "database.include.list";
      case SQLSERVER, MONGODB, ORACLE -> throw unknown();
    };
  }

  private String withoutKey() {
    return switch (source.kind()) {
      case POSTGRES -> "no key: it needs REPLICA IDENTITY FULL, or keyless.tables=append-only";
      case MARIADB, MYSQL -> "no key: its rows are told apart by all of their values";
      case SQLSERVER, MONGODB, ORACLE -> throw unknown();
    };
  }

  /** No address leads there ({@link SourceKind#ofScheme}). */
  private IllegalStateException unknown() {
    return new IllegalStateException("no configuration is written for " + source.kind());
  }

  private String include() {
    return tables.stream()
        .map(table -> value(regexp(table.name().toString())))
        .collect(Collectors.joining(",\\\n  ", "\\\n  ", ""));
  }

  /** Names of letters, digits and dots stay readable; a dot in a regular expression fits a dot. */
  private static String regexp(String name) {
    return name.replaceAll("[^\\w.]", "\\\\$0");
  }

  /** A value as a properties file and the expressions in it want it. */
  private static String value(String text) {
    return oneLine(text).replace("\\", "\\\\").replace("${", "$${");
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\R", " ");
  }
}
