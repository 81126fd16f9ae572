package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import dev.firn.compaction.cleaning.CleaningSettings;
import dev.firn.compaction.maintenance.Maintenance;
import dev.firn.compaction.maintenance.MaintenanceSettings;
import dev.firn.compaction.maintenance.Part;
import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.compaction.retention.RetentionSettings;
import dev.firn.ingest.BuiltApplication;
import dev.firn.ingest.Program;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.writer.Lake;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.expressions.Expressions;

/** A database with the schema {@code books}, and the lake that follows it. */
final class FollowedDatabase implements AutoCloseable {
  private static final String DATABASE = "ledger";
  private static final String SCHEMA = "books";

  private static final MaintenanceSettings WITHOUT_GRACE =
      new MaintenanceSettings(
          new CompactionSettings(ShapeSeries.TARGET_BYTES, CompactionMode.ALL),
          RetentionSettings.of(Map.of()),
          CleaningSettings.of(Map.of(CleaningSettings.GRACE, "0")));

  private final Path folder;
  private final PostgresServer server;
  private final LakeView lake;

  private FollowedDatabase(Path folder, PostgresServer server) {
    this.folder = folder;
    this.server = server;
    this.lake = LakeView.open(folder.resolve("lake"), SCHEMA);
  }

  static FollowedDatabase start(Path folder) throws SQLException {
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

  /** The pipeline as a process of its own, which alone commits to the tables. */
  SinkProcess startSink(String... options) {
    return startSink(BuiltApplication.program().with(options), List.of("maintenance=false"));
  }

  /**
   * The pipeline as a process of its own.
   *
   * @param settings of the lake, such as {@code maintenance=false}
   */
  SinkProcess startSink(Program program, List<String> settings) {
    Path config = folder.resolve("ingest.properties");
    IngestConfig.write(config, server, DATABASE, SCHEMA, folder.resolve("lake"));
    append(config, settings);
    return SinkProcess.start(
        new SinkProcess.Settings(program, config, log(), folder.resolve("ingest.pid")),
        notice -> System.out.println(notice));
  }

  private static void append(Path config, List<String> settings) {
    try {
      Files.write(
          config,
          settings.stream().map(setting -> "debezium.sink.iceberg." + setting).toList(),
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the pipeline's processes say. */
  Path log() {
    return folder.resolve("ingest.log");
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
    return lake.table(name).orElseThrow();
  }

  /** How many rows a table of the lake has; 0 when there is none yet. */
  long rows(String name) {
    return lake.table(name)
        .map(Table::currentSnapshot)
        .map(Snapshot::summary)
        .map(summary -> Long.parseLong(summary.getOrDefault("total-records", "0")))
        .orElse(0L);
  }

  /** Whether a table of the lake has a row of this id. */
  boolean shows(String name, long id) {
    return lake.table(name)
        .map(table -> !LakeView.read(table, Expressions.equal("id", id), "id").isEmpty())
        .orElse(false);
  }

  /**
   * Does a part of the maintenance as {@code firn compact} does it, but without any grace.
   *
   * @param clock what time it takes it to be
   */
  void maintain(String name, Part part, InstantSource clock) throws IOException {
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder.resolve("lake")));
    try (Closeable closing = Lake.closing(catalog)) {
      TableMaintenance done =
          new Maintenance(catalog, WITHOUT_GRACE, Progress.NONE, Pacer.NONE)
              .run(TableIdentifier.of(SCHEMA, name), EnumSet.of(part), clock);
      assertThat(done.failures()).isEmpty();
    }
  }

  /** Compares a table with its source, value by value. */
  RowComparison.Result compare(String name) throws SQLException {
    try (Connection source = reading()) {
      return lake.compare(source, name);
    }
  }

  /** Compares a table with what its baseline and its changelog lead to, value by value. */
  RowComparison.Result replay(String name) throws SQLException {
    try (Connection source = reading()) {
      return lake.replay(source, name);
    }
  }

  private Connection reading() throws SQLException {
    Connection source = connect();
    source.setAutoCommit(false);
    return source;
  }

  Connection connect() throws SQLException {
    return server.connect(DATABASE);
  }

  @Override
  public void close() {
    server.close();
  }
}
