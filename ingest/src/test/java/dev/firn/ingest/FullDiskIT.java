package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A lake on a file system that has no byte left; made where this process may mount a small one. */
class FullDiskIT {
  private static final int MEGABYTE = 1 << 20;

  @TempDir Path folder;
  private PostgresServer server;
  private SmallDisk disk;
  private Path lake;
  private Path config;

  @BeforeEach
  void mount() throws Exception {
    disk = SmallDisk.mount(folder.resolve("lake"), 40);
    lake = disk.folder();
    server = PostgresServer.start(18);
    sql(
        "CREATE TABLE orders (id int PRIMARY KEY, note text)",
        "INSERT INTO orders SELECT i, md5(i::text) FROM generate_series(1, 1000) AS i");
    config = folder.resolve("shop.properties");
    Files.writeString(
        config,
        """
        debezium.source.database.hostname=127.0.0.1
        debezium.source.database.port=%d
        debezium.source.database.user=postgres
        debezium.source.database.dbname=postgres
        debezium.sink.iceberg.pipeline=shop
        debezium.sink.iceberg.dir=%s
        debezium.sink.iceberg.retry.max-duration=10s
        quarkus.http.port=0
        """
            .formatted(server.port(), lake));
  }

  @AfterEach
  void unmount() throws Exception {
    if (server != null) {
      server.close();
    }
    if (disk != null) {
      disk.close();
    }
  }

  @Test
  void fullDiskStopsThePipelineWithItsReasonAndLosesNothing() throws Exception {
    Path filler = lake.resolve("filler");
    try (Application ingest = ingest()) {
      ingest.await("batch 1 committed");
      fill(filler);
      sql("UPDATE orders SET note = note || '?'");
      ingest.await("No space left on device; trying again");
      Files.delete(filler);
      ingest.await("goes on after");
      fill(filler);
      sql("UPDATE orders SET note = note || '!'");
      assertThat(ingest.exitCode()).isEqualTo(1);
      assertThat(ingest.lines())
          .as("the reason, in one line")
          .filteredOn(line -> line.contains("stopping: "))
          .singleElement()
          .asString()
          .contains("the lake's storage or catalog failed for table public.orders")
          .contains("No space left on device", "tried", "nothing is lost");
      assertThat(ingest.lines()).noneMatch(line -> line.startsWith("\tat "));
      System.out.println(String.join("\n", ingest.lines()));
    }
    Application.Printed status = Application.run(Map.of(), "status", "--config", config.toString());
    System.out.println(status.text());
    assertThat(status.exit()).isEqualTo(1);
    assertThat(status.text()).contains("shop: ", "storage     0 bytes free");
    Files.delete(filler);
    try (Application ingest = ingest()) {
      ingest.await("~1000");
      assertThat(ingest.terminate()).isZero();
    }
  }

  private Application ingest() throws IOException {
    return Application.start(Map.of(), "ingest", "--config", config.toString());
  }

  private static void fill(Path file) throws IOException {
    byte[] block = new byte[MEGABYTE];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int size = block.length; size > 0; size /= 2) {
        try {
          while (true) {
            out.write(block, 0, size);
          }
        } catch (IOException e) {
          // No room for a block of this size: now for the half of it.
        }
      }
    }
  }

  private void sql(String... statements) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}
