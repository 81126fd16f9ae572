package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;

/** A database with the schema {@code books}, and the lake that follows it. */
final class FollowedDatabase implements AutoCloseable {
  private static final String DATABASE = "ledger";
  private static final String SCHEMA = "books";

  private final Path folder;
  private final PostgresServer server;
  private final Catalog catalog;

  private FollowedDatabase(Path folder, PostgresServer server) throws IOException {
    this.folder = folder;
    this.server = server;
    Files.createDirectories(folder.resolve("lake"));
    this.catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder.resolve("lake")));
  }

  static FollowedDatabase start(Path folder) throws IOException, SQLException {
    FollowedDatabase database = new FollowedDatabase(folder, PostgresServer.start(18));
    execute(database.server, "postgres", "CREATE DATABASE " + DATABASE);
    database.execute("CREATE SCHEMA " + SCHEMA);
    return database;
  }

  void execute(String sql) throws SQLException {
    execute(server, DATABASE, sql);
  }

  private static void execute(PostgresServer server, String database, String sql)
      throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void append(Path config, String line) {
    try {
      Files.writeString(config, line + System.lineSeparator(), StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The pipeline as a process of its own, which alone commits to the tables. */
  SinkProcess startSink(String... options) {
    Path config = folder.resolve("ingest.properties");
    IngestConfig.write(config, server, DATABASE, SCHEMA, folder.resolve("lake"));
    append(config, "debezium.sink.iceberg.maintenance=false");
    return SinkProcess.start(
        new SinkProcess.Settings(
            BuiltApplication.program().with(options),
            config,
            folder.resolve("ingest.log"),
            folder.resolve("ingest.pid")),
        notice -> System.out.println(notice));
  }

  static void await(SinkProcess sink, Duration within, BooleanSupplier condition) {
    long deadline = System.nanoTime() + within.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(sink.failure()).isEmpty();
      assertThat(System.nanoTime()).as(() -> sink.tail()).isLessThan(deadline);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  Table table(String name) {
    return catalog.loadTable(identifier(name));
  }

  /** How many rows a table of the lake has; 0 when there is none yet. */
  long rows(String name) {
    try {
      Snapshot snapshot = table(name).currentSnapshot();
      Map<String, String> summary = snapshot == null ? Map.of() : snapshot.summary();
      return Long.parseLong(summary.getOrDefault("total-records", "0"));
    } catch (NoSuchTableException e) {
      return 0;
    }
  }

  /** Compares a table with its source, value by value. */
  RowComparison.Result compare(String name) throws SQLException {
    try (Connection source = server.connect(DATABASE)) {
      source.setAutoCommit(false);
      SourceRows rows = SourceRows.of(source, SCHEMA, name);
      return RowComparison.compare(rows, LakeRows.of(table(name), rows.columns()), rows.key());
    }
  }

  private static TableIdentifier identifier(String name) {
    return TableIdentifier.of(SCHEMA, name);
  }

  @Override
  public void close() {
    server.close();
  }
}
