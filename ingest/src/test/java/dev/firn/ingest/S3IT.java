package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.S3Server;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
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

/** A lake whose files are on an S3 server, through Iceberg's S3FileIO. */
class S3IT {
  private static PostgresServer postgres;
  private static int tests;

  @TempDir private Path folder;
  private S3Server s3;
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
    connection = postgres.connect("postgres");
    sql = connection.createStatement();
    tests++;
    sql.execute("CREATE SCHEMA s" + tests);
    sql.execute("SET search_path = s" + tests);
    sql.execute("CREATE TABLE t (id int PRIMARY KEY, n int, note text)");
    sql.execute("INSERT INTO t SELECT i, 0, 'note ' || i FROM generate_series(1, 500) i");
  }

  @AfterEach
  void stop() throws SQLException {
    connection.close();
    s3.close();
  }

  @Test
  void goesOnAfterARestart() throws Exception {
    try (Engine engine = Engine.start(settings())) {
      sql.execute("UPDATE t SET n = n + 1 WHERE id % 3 = 0");
      engine.awaitCaughtUp(connection);
    }
    sql.execute("DELETE FROM t WHERE id % 5 = 0");
    restartS3();
    try (Engine engine = Engine.start(settings())) {
      sql.execute("INSERT INTO t SELECT i, 1, 'new' FROM generate_series(501, 700) i");
      engine.awaitCaughtUp(connection);
      requireEqual();
    }
    assertThat(table().location()).startsWith("s3://" + S3Server.BUCKET + "/");
  }

  @Test
  void outageOfTheStorageLosesAndDoublesNothing() throws Exception {
    try (Engine engine = Engine.start(settings())) {
      engine.awaitCaughtUp(connection);
      int port = s3.port();
      for (int i = 0; i < 20; i++) {
        sql.execute("UPDATE t SET n = n + 1 WHERE id % 20 = " + i);
        sql.execute("INSERT INTO t VALUES (%d, 0, 'beside the outage')".formatted(1000 + i));
        if (i == 5) {
          s3.close();
        }
      }
      s3 = S3Server.start(s3.folder(), port);
      sql.execute("DELETE FROM t WHERE id % 7 = 0");
      engine.awaitCaughtUp(connection);
      requireEqual();
    }
  }

  @Test
  void checkPassesWithTheRightKey() {
    assertThat(check(Map.of())).noneMatch(check -> check.state() == Check.State.FAILED);
  }

  @Test
  void storageThatIsNotThereIsSaidSoon() {
    Instant begun = Instant.now();
    assertThat(check(Map.of("s3.endpoint", "http://127.0.0.1:1")))
        .anySatisfy(failed -> assertThat(failed.state()).isEqualTo(Check.State.FAILED));
    assertThat(Duration.between(begun, Instant.now())).isLessThan(Duration.ofSeconds(20));
  }

  private List<Check> check(Map<String, String> changed) {
    Map<String, String> catalog = new HashMap<>(catalog());
    catalog.putAll(changed);
    return LakeChecks.run(SinkSettings.parse(catalog, 1L << 30));
  }

  private void restartS3() {
    int port = s3.port();
    s3.close();
    s3 = S3Server.start(s3.folder(), port);
  }

  private Map<String, String> catalog() {
    Map<String, String> catalog = new HashMap<>(Lake.embedded(folder.resolve("lake")));
    catalog.putAll(s3.fileIo());
    catalog.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    return catalog;
  }

  private Map<String, String> settings() {
    Map<String, String> settings = Engine.settings(postgres, "postgres", folder);
    settings.remove(SinkSettings.PREFIX + "dir");
    catalog().forEach((key, value) -> settings.put(SinkSettings.PREFIX + key, value));
    settings.put("debezium.source.schema.include.list", "s" + tests);
    settings.put("debezium.source.slot.name", "s3_" + tests);
    settings.put("debezium.source.publication.name", "s3_" + tests);
    return settings;
  }

  private Table table() {
    return Lake.open(Lake.DEFAULT_NAME, catalog()).loadTable(TableIdentifier.of("s" + tests, "t"));
  }

  private void requireEqual() throws SQLException {
    try (Connection reading = postgres.connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "s" + tests, "t");
      RowComparison.Result result =
          RowComparison.compare(source, LakeRows.of(table(), source.columns()), List.of("id"));
      assertThat(result.differences()).isEmpty();
      assertThat(result.lakeRows()).isEqualTo(result.sourceRows()).isPositive();
    }
  }
}
