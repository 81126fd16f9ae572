package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The shop's sink in a process of its own, and whether what it made is equal. */
final class Sinks {
  private Sinks() {}

  /**
   * Starts a sink of the server's shop, whose lake lies in the folder.
   *
   * @param more lines of its configuration
   */
  static SinkProcess start(PostgresServer server, Path folder, String... more) {
    Path config = folder.resolve("ingest.properties");
    IngestConfig.write(config, server, Shop.DATABASE, Shop.SCHEMA, folder.resolve("lake"));
    try {
      Files.write(config, Arrays.asList(more), UTF_8, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return SinkProcess.start(
        new SinkProcess.Settings(
            BuiltApplication.program().with("-Xmx512m").shortRun(),
            config,
            folder.resolve("ingest.log"),
            folder.resolve("ingest.pid")),
        notice -> System.out.println(notice));
  }

  static void awaitRestart(SinkProcess sink, int restarts) throws InterruptedException {
    while (sink.restarts() < restarts) {
      assertThat(sink.failure()).isEmpty();
      pause(20);
    }
  }

  static void pause(long millis) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  static void assertEqual(Shop shop, LakeView lake) throws SQLException {
    assertEqual(shop, lake, Shop.TABLES);
  }

  /** The tables are equal to the source's, and so is what their changelogs make of baselines. */
  static void assertEqual(Shop shop, LakeView lake, List<String> tables) throws SQLException {
    try (Connection source = shop.connect()) {
      source.setAutoCommit(false);
      for (String table : tables) {
        RowComparison.Result result = lake.compare(source, table);
        System.out.printf(
            "%s: %d rows, %d in the lake%n", table, result.sourceRows(), result.lakeRows());
        assertThat(result.differences()).as(table).isEmpty();
        assertThat(lake.replay(source, table).differences()).as("changelog of " + table).isEmpty();
      }
    }
  }
}
