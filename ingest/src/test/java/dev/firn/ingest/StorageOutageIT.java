package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.FaultyS3;
import dev.firn.testing.FaultyS3.Fault;
import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.S3Server;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import dev.firn.writer.PipelineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An S3 server that is throttled, down, slow, cut off or forbidden for a while, or for good. */
class StorageOutageIT {
  private static PostgresServer postgres;
  private static int tests;

  @TempDir private Path folder;
  private S3Server s3;
  private FaultyS3 faulty;
  private Connection connection;
  private Statement sql;

  @BeforeAll
  static void startPostgres() {
    postgres = PostgresServer.start(18);
  }

  @AfterAll
  static void stopPostgres() {
    postgres.close();
  }

  @BeforeEach
  void start() throws Exception {
    Files.createDirectories(folder.resolve("lake"));
    s3 = S3Server.start(folder.resolve("s3"));
    faulty = FaultyS3.before(s3);
    connection = postgres.connect("postgres");
    sql = connection.createStatement();
    tests++;
    sql.execute("CREATE SCHEMA o" + tests);
    sql.execute("SET search_path = o" + tests);
    sql.execute("CREATE TABLE t (id int PRIMARY KEY, n int, note text)");
    sql.execute("INSERT INTO t SELECT i, 0, 'note ' || i FROM generate_series(1, 500) i");
  }

  @AfterEach
  void stop() throws SQLException {
    connection.close();
    faulty.close();
    s3.close();
  }

  @Test
  void everyOutageThatEndsIsWaitedFor() throws Exception {
    try (Engine engine = Engine.start(settings("1m"))) {
      engine.awaitCaughtUp(connection);
      waitedFor(engine, new Fault.Refused(503, "SlowDown"), "503");
      waitedFor(engine, new Fault.Refused(403, "ExpiredToken"), "403");
      waitedFor(engine, new Fault.Refused(404, "NoSuchBucket"), "404");
      waitedFor(engine, new Fault.Down(), "");
      waitedFor(engine, new Fault.StalledUploads(), "");
      waitedFor(engine, new Fault.CutUploads(), "");
    }
  }

  private void waitedFor(Engine engine, Fault fault, String why) throws Exception {
    faulty.fail(fault);
    sql.execute("UPDATE t SET n = n + 1 WHERE id % 3 = 0");
    sql.execute("INSERT INTO t SELECT max(id) + 1, 0, 'beside the outage' FROM t");
    Instant since = Instant.now();
    engine.awaitTrue(() -> trouble(engine).contains("table o"));
    String trouble = trouble(engine);
    System.out.printf(
        "%s after %d ms: %s%n", fault, Duration.between(since, Instant.now()).toMillis(), trouble);
    assertThat(trouble).contains(why).contains("since 20");
    faulty.mend();
    sql.execute("DELETE FROM t WHERE id % 50 = 7");
    engine.awaitCaughtUp(connection);
    assertThat(trouble(engine)).isEmpty();
    requireEqual();
  }

  private static String trouble(Engine engine) {
    return engine.run().status(Instant.now()).progress().trouble().orElse("");
  }

  @Test
  void outageThatLastsEndsTheRunAndTheNextOneGoesOn() throws Exception {
    try (Engine engine = Engine.start(settings("3s"))) {
      engine.awaitCaughtUp(connection);
      faulty.fail(new Fault.Refused(403, "ExpiredToken"));
      sql.execute("UPDATE t SET n = n + 1");
      engine.awaitTrue(() -> engine.failure().isPresent());
      assertThat(engine.failure().orElseThrow())
          .isInstanceOf(PipelineException.class)
          .hasMessageMatching(
              "the lake's storage or catalog failed for table o.*403.*tried \\d+ times.*nothing is lost: mend it and start again");
    }
    faulty.mend();
    try (Engine engine = Engine.start(settings("3s"))) {
      engine.awaitCaughtUp(connection);
      requireEqual();
    }
  }

  @Test
  void refusalAtTheStartIsNotWaitedFor() throws Exception {
    faulty.fail(new Fault.Refused(403, "AccessDenied"));
    Instant begun = Instant.now();
    assertThatThrownBy(() -> Engine.start(settings("5m"))).hasMessageContaining("403");
    assertThat(begun.plusSeconds(20)).isAfter(Instant.now());
  }

  private Map<String, String> catalog() {
    Map<String, String> catalog = new HashMap<>(Lake.embedded(folder.resolve("lake")));
    catalog.putAll(faulty.fileIo(s3));
    catalog.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    return catalog;
  }

  private Map<String, String> settings(String patience) {
    Map<String, String> settings = Engine.settings(postgres, "postgres", folder);
    settings.remove(SinkSettings.PREFIX + "dir");
    catalog().forEach((key, value) -> settings.put(SinkSettings.PREFIX + key, value));
    // The client's own trials come first; of them a few are enough here.
    settings.put(SinkSettings.PREFIX + "s3.retry.num-retries", "1");
    settings.put(SinkSettings.PREFIX + "s3.retry.min-wait-ms", "10");
    settings.put(SinkSettings.PREFIX + "s3.retry.max-wait-ms", "20");
    settings.put(SinkSettings.PREFIX + "retry.request-timeout", "2s");
    settings.put(SinkSettings.PREFIX + "retry.max-duration", patience);
    settings.put(SinkSettings.PREFIX + "commit.interval-min", "50ms");
    settings.put("debezium.source.schema.include.list", "o" + tests);
    settings.put("debezium.source.slot.name", "outage_" + tests);
    settings.put("debezium.source.publication.name", "outage_" + tests);
    return settings;
  }

  private Table table() {
    return Lake.open(Lake.DEFAULT_NAME, catalog()).loadTable(TableIdentifier.of("o" + tests, "t"));
  }

  private void requireEqual() throws SQLException {
    try (Connection reading = postgres.connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "o" + tests, "t");
      RowComparison.Result result =
          RowComparison.compare(source, LakeRows.of(table(), source.columns()), List.of("id"));
      assertThat(result.differences()).isEmpty();
      assertThat(result.lakeRows()).isEqualTo(result.sourceRows()).isPositive();
    }
  }
}
