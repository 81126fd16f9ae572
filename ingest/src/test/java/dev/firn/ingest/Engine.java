package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.LsnPosition;
import dev.firn.testing.BinlogServer;
import dev.firn.testing.MariaDbServer;
import dev.firn.testing.MySqlServer;
import dev.firn.testing.PostgresServer;
import dev.firn.writer.Lake;
import dev.firn.writer.Position;
import io.debezium.embedded.Connect;
import io.debezium.embedded.EmbeddedEngineChangeEvent;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.KeyValueHeaderChangeEventFormat;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/** Debezium's engine with an {@link IngestRun} behind it, in this JVM and without Quarkus. */
final class Engine implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final IngestRun run;
  private final DebeziumEngine<?> engine;
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private final Future<?> running;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final BlockingQueue<Instant> handled = new LinkedBlockingQueue<>();

  private Engine(Config config) {
    ConfigFile file = ConfigFile.of(config);
    this.run = IngestRun.start(file.sink(), file.source(), failure::set);
    Properties properties = new Properties();
    properties.putAll(ServerConfig.below(config, ServerConfig.SOURCE_PREFIX));
    properties.setProperty("name", "iceberg");
    this.engine =
        DebeziumEngine.create(
                KeyValueHeaderChangeEventFormat.of(Connect.class, Connect.class, Connect.class))
            .using(properties)
            .using((success, message, error) -> failure.compareAndSet(null, error))
            .notifying(this::handle)
            .build();
    this.running = thread.submit(engine);
  }

  /** The settings of a pipeline from a server's database into a folder. */
  static Map<String, String> settings(PostgresServer server, String database, Path lake) {
    Map<String, String> settings = new HashMap<>();
    settings.put("debezium.source.database.hostname", server.host());
    settings.put("debezium.source.database.port", Integer.toString(server.port()));
    settings.put("debezium.source.database.user", PostgresServer.USER);
    settings.put("debezium.source.database.password", "none");
    settings.put("debezium.source.database.dbname", database);
    settings.put("debezium.sink.iceberg.dir", lake.toString());
    settings.put("debezium.sink.iceberg.commit.interval-min", "50ms");
    return settings;
  }

  /** The settings of a pipeline from all databases of a server into a folder. */
  static Map<String, String> settings(BinlogServer server, Path lake) {
    Map<String, String> settings = new HashMap<>();
    settings.put("debezium.source.connector.class", kind(server).connector());
    settings.put("debezium.source.database.hostname", server.host());
    settings.put("debezium.source.database.port", Integer.toString(server.port()));
    settings.put("debezium.source.database.user", BinlogServer.USER);
    settings.put("debezium.source.database.password", "");
    settings.put("debezium.sink.iceberg.dir", lake.toString());
    settings.put("debezium.sink.iceberg.commit.interval-min", "50ms");
    return settings;
  }

  private static SourceKind kind(BinlogServer server) {
    return switch (server) {
      case MariaDbServer unused -> SourceKind.MARIADB;
      case MySqlServer unused -> SourceKind.MYSQL;
    };
  }

  static Engine start(Map<String, String> settings) {
    return new Engine(config(settings));
  }

  /** The configuration as it would be with these keys in the file. */
  static Config config(Map<String, String> settings) {
    ServerConfig.use(settings);
    SmallRyeConfigBuilder builder = new SmallRyeConfigBuilder().addDefaultInterceptors();
    for (ConfigSource source : new ServerConfig().getConfigSources(Engine.class.getClassLoader())) {
      builder.withSources(source);
    }
    return builder.build();
  }

  private void handle(
      List<
              ChangeEvent<
                  org.apache.kafka.connect.source.SourceRecord,
                  org.apache.kafka.connect.source.SourceRecord>>
          events,
      DebeziumEngine.RecordCommitter<
              ChangeEvent<
                  org.apache.kafka.connect.source.SourceRecord,
                  org.apache.kafka.connect.source.SourceRecord>>
          committer)
      throws InterruptedException {
    try {
      run.handle(events, e -> ((EmbeddedEngineChangeEvent<?, ?, ?>) e).sourceRecord(), committer);
      handled.add(Instant.now());
    } catch (RuntimeException e) {
      failure.compareAndSet(null, e);
      throw new io.debezium.DebeziumException("the sink has failed", e);
    }
  }

  IngestRun run() {
    return run;
  }

  /** What has stopped it, if it has failed. */
  Optional<Throwable> failure() {
    return Optional.ofNullable(failure.get());
  }

  /** Waits until all that the database has committed by now is in the lake. */
  void awaitCaughtUp(Connection connection) throws SQLException, InterruptedException {
    LsnPosition target = mark(connection);
    awaitTrue(() -> run.position().map(p -> p.contains(target)).orElse(false));
  }

  /** Waits until all that the MariaDB or MySQL has committed by now is in the lake. */
  void awaitCaughtUpWith(Connection connection) throws SQLException, InterruptedException {
    boolean isMySql = connection.getMetaData().getDatabaseProductName().equals("MySQL");
    BinlogDialect<?, ?> dialect = isMySql ? new MySqlDialect() : new MariaDbDialect();
    Position target = dialect.log().parse(dialect.written(connection));
    awaitTrue(() -> run.position().map(p -> p.contains(target)).orElse(false));
  }

  /** Waits until the condition holds, looking again after each batch of records. */
  void awaitTrue(java.util.function.BooleanSupplier condition) throws InterruptedException {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!condition.getAsBoolean()) {
      if (failure.get() != null) {
        throw new AssertionError("the engine has failed", failure.get());
      }
      if (Instant.now().isAfter(deadline)) {
        throw new AssertionError("nothing more came within " + PATIENCE);
      }
      handled.poll(1, TimeUnit.SECONDS);
    }
  }

  /** Waits a moment, or less if records come. */
  void listen() throws InterruptedException {
    var unused = handled.poll(100, TimeUnit.MILLISECONDS);
  }

  /** Waits until it stops by itself, and gives what has stopped it. */
  Throwable awaitFailure() throws InterruptedException {
    try {
      running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError("the engine did not stop", e);
    }
    return requireNonNull(failure.get(), "it stopped without a failure");
  }

  /** Puts a transaction without changes in the log, and gives its place. */
  static LsnPosition mark(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT pg_logical_emit_message(true, 'firn-test', '')")) {
      row.next();
      return LsnPosition.parse(row.getString(1));
    }
  }

  static Map<String, String> lake(Path folder) {
    return Lake.embedded(folder);
  }

  @Override
  public void close() {
    try {
      engine.close();
      running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (IllegalStateException e) {
      // It has stopped by itself.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError("the engine did not stop", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      thread.shutdownNow();
      run.close();
    }
  }
}
