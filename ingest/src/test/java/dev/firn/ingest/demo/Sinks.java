package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.BuiltApplication;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The shop's sink in a process of its own, and whether what it made is equal. */
final class Sinks {
  private Sinks() {}

  /** Starts a sink of the server's shop, whose lake lies in the folder. */
  static SinkProcess start(PostgresServer server, Path folder) {
    Path config = folder.resolve("ingest.properties");
    IngestConfig.write(config, server, Shop.DATABASE, Shop.SCHEMA, folder.resolve("lake"));
    return SinkProcess.start(
        new SinkProcess.Settings(
            BuiltApplication.jar(),
            List.of("-Xmx512m"),
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
    try (Connection source = shop.connect()) {
      source.setAutoCommit(false);
      for (String table : Shop.TABLES) {
        RowComparison.Result result = lake.compare(source, table);
        System.out.printf(
            "%s: %d rows, %d in the lake%n", table, result.sourceRows(), result.lakeRows());
        assertThat(result.differences()).as(table).isEmpty();
        assertThat(lake.replay(source, table).differences()).as("changelog of " + table).isEmpty();
      }
    }
  }
}
