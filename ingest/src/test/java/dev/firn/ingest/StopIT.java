package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.FaultyS3;
import dev.firn.testing.FaultyS3.Fault;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that is told to stop while a commit hangs in its storage. */
class StopIT {
  @TempDir private Path folder;
  private PostgresServer postgres;
  private S3Server s3;
  private FaultyS3 faulty;
  private Path config;

  @BeforeEach
  void start() throws Exception {
    postgres = PostgresServer.start(18);
    Files.createDirectories(folder.resolve("lake"));
    s3 = S3Server.start(folder.resolve("s3"));
    faulty = FaultyS3.before(s3);
    sql("CREATE TABLE orders (id int PRIMARY KEY, n int)");
    sql("INSERT INTO orders SELECT i, 0 FROM generate_series(1, 1000) i");
    config = folder.resolve("shop.properties");
    List<String> lines = new ArrayList<>();
    lines.add("debezium.source.database.hostname=127.0.0.1");
    lines.add("debezium.source.database.port=" + postgres.port());
    lines.add("debezium.source.database.user=postgres");
    lines.add("debezium.source.database.dbname=postgres");
    lines.add("debezium.sink.iceberg.pipeline=shop");
    // What fails should be the batch.
    lines.add("debezium.sink.iceberg.maintenance=false");
    // The client's own trials would take longer than a stop may.
    lines.add("debezium.sink.iceberg.s3.retry.num-retries=1");
    lines.add("debezium.sink.iceberg.s3.retry.min-wait-ms=10");
    lines.add("debezium.sink.iceberg.s3.retry.max-wait-ms=20");
    lines.add("quarkus.http.port=0");
    catalog().forEach((key, value) -> lines.add("debezium.sink.iceberg." + key + "=" + value));
    Files.write(config, lines);
  }

  @AfterEach
  void stop() {
    faulty.close();
    s3.close();
    postgres.close();
  }

  @Test
  void stopWhileTheStorageRefusesIsAsTold() throws Exception {
    stopped(new Fault.RefusedUploads(503, "SlowDown"), 0, "stopped before all was committed");
    goesOn();
  }

  @Test
  void stopWhileAnUploadHangsEndsInTimeWithTheReason() throws Exception {
    stopped(new Fault.StalledUploads(), 1, "have not ended a request for 15 s");
    goesOn();
  }

  private void stopped(Fault fault, int expected, String said) throws Exception {
    try (Application ingest = ingest()) {
      ingest.await("batch 1 committed");
      faulty.fail(fault);
      sql("UPDATE orders SET n = n + 1 WHERE id <= 500");
      ingest.await("an upload that fails", () -> faulty.failedUploads() > 0);
      int exit = ingest.terminate();
      List<String> lines = ingest.lines();
      assertThat(exit).as("%s", String.join("\n", lines)).isEqualTo(expected);
      assertThat(lines)
          .as("%s", String.join("\n", lines))
          .filteredOn(line -> line.contains(said))
          .singleElement()
          .asString()
          .contains("the next start");
      assertThat(lines).noneMatch(line -> line.contains("ERROR"));
    }
  }

  /** Nothing is lost, and nothing doubled. */
  private void goesOn() throws Exception {
    faulty.mend();
    sql("INSERT INTO orders SELECT i, 0 FROM generate_series(1001, 1100) i");
    try (Application ingest = ingest()) {
      ingest.await("+100");
      assertThat(ingest.terminate()).isZero();
    }
    requireEqual();
  }

  private Application ingest() throws Exception {
    return Application.start(Map.of(), "ingest", "--config", config.toString());
  }

  private Map<String, String> catalog() {
    Map<String, String> catalog = new HashMap<>(Lake.embedded(folder.resolve("lake")));
    catalog.putAll(faulty.fileIo(s3));
    catalog.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    return catalog;
  }

  private void requireEqual() throws SQLException {
    Table table =
        Lake.open(Lake.DEFAULT_NAME, catalog()).loadTable(TableIdentifier.of("public", "orders"));
    try (Connection reading = postgres.connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "public", "orders");
      RowComparison.Result result =
          RowComparison.compare(source, LakeRows.of(table, source.columns()), List.of("id"));
      assertThat(result.differences()).isEmpty();
      assertThat(result.lakeRows()).isEqualTo(result.sourceRows()).isEqualTo(1100);
    }
  }

  private void sql(String statement) throws SQLException {
    try (Connection connection = postgres.connect("postgres");
        Statement sql = connection.createStatement()) {
      sql.execute(statement);
    }
  }
}
