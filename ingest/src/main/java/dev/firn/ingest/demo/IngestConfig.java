package dev.firn.ingest.demo;

import dev.firn.testing.PostgresServer;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** The configuration that the demo gives to {@code firn ingest}: also a first one of one's own. */
final class IngestConfig {
  private IngestConfig() {}

  static void write(DemoFolder folder, PostgresServer server, DemoLake lake) {
    write(folder.config(), server, Shop.DATABASE, Shop.SCHEMA, lake);
  }

  /** Writes a configuration that brings all tables of a schema into an embedded lake. */
  static void write(Path file, PostgresServer server, String database, String schema, Path lake) {
    write(file, server, database, schema, new DemoLake.LocalFiles(lake));
  }

  private static void write(
      Path file, PostgresServer server, String database, String schema, DemoLake lake) {
    String text =
        TEMPLATE
            .replace("{port}", Integer.toString(server.port()))
            .replace("{host}", server.host())
            .replace("{user}", PostgresServer.USER)
            .replace("{database}", database)
            .replace("{schema}", schema)
            .replace("{pipeline}", database)
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

  private static final String TEMPLATE =
      """
      # Written by `firn demo` at each start. Run it with: ./firn ingest --config <this file>
      # For a database of your own: copy it, and change the source and the lake.

      # The source: a PostgreSQL with wal_level=logical, and a user who may replicate. Firn makes the
      # publication and the replication slot firn_{pipeline} in it.
      debezium.source.connector.class=io.debezium.connector.postgresql.PostgresConnector
      debezium.source.database.hostname={host}
      debezium.source.database.port={port}
      debezium.source.database.user={user}
      debezium.source.database.password=none
      debezium.source.database.dbname={database}
      debezium.source.schema.include.list={schema}

      {lake}
      debezium.sink.type=iceberg
      debezium.sink.iceberg.pipeline={pipeline}
      debezium.sink.iceberg.catalog-name={catalog}

      # Health and metrics; 0 is any free port.
      quarkus.http.port=0
      """;
}
