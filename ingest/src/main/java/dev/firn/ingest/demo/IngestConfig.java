package dev.firn.ingest.demo;

import dev.firn.testing.MariaDbServer;
import dev.firn.testing.PostgresServer;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/** The configuration that the demo gives to {@code firn ingest}: also a first one of one's own. */
final class IngestConfig {
  private IngestConfig() {}

  static void write(DemoFolder folder, PostgresServer server, DemoLake lake) {
    write(folder.config(), server, Shop.DATABASE, Shop.SCHEMA, lake);
  }

  static void write(DemoFolder folder, MariaDbServer server, DemoLake lake) {
    Map<String, String> source =
        Map.of(
            "{intro}",
            MARIADB_INTRO,
            "{class}",
            "io.debezium.connector.mariadb.MariaDbConnector",
            "{tables}",
            "debezium.source.database.include.list=" + Shop.DATABASE,
            "{port}",
            Integer.toString(server.port()),
            "{host}",
            server.host(),
            "{user}",
            MariaDbServer.READER,
            "{password}",
            "");
    write(folder.config(), source, Shop.DATABASE, lake);
  }

  /** Writes a configuration that brings all tables of a schema into an embedded lake. */
  static void write(Path file, PostgresServer server, String database, String schema, Path lake) {
    write(file, server, database, schema, new DemoLake.LocalFiles(lake));
  }

  private static void write(
      Path file, PostgresServer server, String database, String schema, DemoLake lake) {
    String tables =
        """
        debezium.source.database.dbname=%s
        debezium.source.schema.include.list=%s\
        """
            .formatted(database, schema);
    Map<String, String> source =
        Map.of(
            "{intro}",
            POSTGRES_INTRO,
            "{class}",
            "io.debezium.connector.postgresql.PostgresConnector",
            "{tables}",
            tables,
            "{port}",
            Integer.toString(server.port()),
            "{host}",
            server.host(),
            "{user}",
            PostgresServer.USER,
            "{password}",
            "none");
    write(file, source, database, lake);
  }

  private static void write(Path file, Map<String, String> source, String pipeline, DemoLake lake) {
    String text = TEMPLATE;
    for (Map.Entry<String, String> part : source.entrySet()) {
      text = text.replace(part.getKey(), part.getValue());
    }
    text =
        text.replace("{pipeline}", pipeline)
            .replace("{catalog}", Lake.DEFAULT_NAME)
            .replace("{lake}", lake.settings());
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds settings of the sink, without their prefix. */
  static void add(Path config, List<String> settings) {
    StringBuilder lines = new StringBuilder();
    settings.forEach(
        line -> lines.append("debezium.sink.iceberg.").append(line).append(System.lineSeparator()));
    try {
      Files.writeString(config, lines, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final String POSTGRES_INTRO =
      """
      # The source: a PostgreSQL with wal_level=logical, and a user who may replicate. Firn makes the
      # publication and the replication slot firn_{pipeline} in it.\
      """;

  private static final String MARIADB_INTRO =
      """
      # The source: a MariaDB with log_bin, binlog_format=ROW and binlog_row_image=FULL, and a user
      # who may read its log: GRANT SELECT, RELOAD, REPLICATION SLAVE, BINLOG MONITOR.\
      """;

  private static final String TEMPLATE =
      """
      # Written by `firn demo` at each start. Run it with: ./firn ingest --config <this file>
      # For a database of your own: copy it, and change the source and the lake.

      {intro}
      debezium.source.connector.class={class}
      debezium.source.database.hostname={host}
      debezium.source.database.port={port}
      debezium.source.database.user={user}
      debezium.source.database.password={password}
      {tables}

      {lake}
      debezium.sink.type=iceberg
      debezium.sink.iceberg.pipeline={pipeline}
      debezium.sink.iceberg.catalog-name={catalog}

      # Health and metrics; 0 is any free port.
      quarkus.http.port=0
      """;
}
