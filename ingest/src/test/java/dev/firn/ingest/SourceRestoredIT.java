package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a pipeline whose source is promoted from a replica, or comes from a backup. */
class SourceRestoredIT {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {16, 18})
  void replicaWithAllThatTheLakeHasIsFollowedAndOthersAreRefused(int version) throws Exception {
    Path before = folder.resolve("backup");
    Path backup = folder.resolve("older");
    Path replica = folder.resolve("replica");
    Path lagging = folder.resolve("lagging");
    Map<String, String> settings;
    int port;
    try (PostgresServer primary = server(version, folder.resolve("primary"), 0)) {
      port = primary.port();
      settings = Engine.settings(primary, "postgres", folder.resolve("lake"));
      sql(primary, "CREATE TABLE t (id int PRIMARY KEY, n int)", "INSERT INTO t VALUES (1, 1)");
      follow(primary, settings);
      copy(primary, before);
      copy(primary, lagging);
      copy(primary, backup);
      sql(primary, "INSERT INTO t VALUES (2, 1)");
      follow(primary, settings);
      copy(primary, replica);
    }
    try (PostgresServer restored = server(version, before, port)) {
      refuses(settings, "the source's log ends at", "restored from an older backup");
      restored.stop();
    }
    try (PostgresServer behind = promoted(version, lagging, port)) {
      sql(behind, "INSERT INTO t SELECT i, 1 FROM generate_series(10, 5000) AS i");
      refuses(settings, "left its history behind the lake", "timeline 2");
    }
    try (PostgresServer next = promoted(version, replica, port)) {
      sql(next, "INSERT INTO t VALUES (3, 1)");
      follow(next, settings);
      assertThat(isEqual(next)).isTrue();
      // The lake is on the new timeline now, and knows it.
      follow(next, settings);
    }
    try (PostgresServer earlier = server(version, backup, port)) {
      sql(earlier, "INSERT INTO t SELECT i, 1 FROM generate_series(10, 50000) AS i");
      refuses(settings, "the source has another history: timeline 1");
    }
  }

  private static PostgresServer server(int version, Path data, int port) {
    return PostgresServer.start(
        PostgresServer.Settings.temporary(version).inFolder(data).onPort(port));
  }

  private static PostgresServer promoted(int version, Path data, int port) throws Exception {
    Files.createFile(data.resolve("standby.signal"));
    PostgresServer server = server(version, data, port);
    sql(server, "SELECT pg_promote()");
    return server;
  }

  /** A copy of a server's files while it is stopped: its slots are in it, as synchronised ones. */
  private static void copy(PostgresServer server, Path to) throws IOException {
    server.stop();
    try (Stream<Path> files = Files.walk(server.dataFolder())) {
      for (Path file : files.toList()) {
        Path target = to.resolve(server.dataFolder().relativize(file).toString());
        Files.copy(file, target, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        Files.setAttribute(target, "unix:uid", Files.getAttribute(file, "unix:uid"));
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    server.restart();
  }

  private static void follow(PostgresServer server, Map<String, String> settings) throws Exception {
    try (Engine engine = Engine.start(settings);
        Connection connection = server.connect("postgres")) {
      engine.awaitCaughtUp(connection);
    }
  }

  private static void refuses(Map<String, String> settings, String... told) {
    assertThatThrownBy(() -> Engine.start(settings).close())
        .isInstanceOf(SettingsException.class)
        .hasMessageContainingAll(told)
        .hasMessageContainingAll("Nothing was skipped", "--new-slot");
  }

  private boolean isEqual(PostgresServer server) throws SQLException {
    try (Connection reading = server.connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "public", "t");
      LakeRows lake =
          LakeRows.of(
              Lake.open(Lake.DEFAULT_NAME, Engine.lake(folder.resolve("lake")))
                  .loadTable(TableIdentifier.of("public", "t")),
              source.columns());
      return RowComparison.compare(source, lake, List.of("id")).equal();
    }
  }

  private static void sql(PostgresServer server, String... statements) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}
