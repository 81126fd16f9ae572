package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.BinlogServer;
import dev.firn.writer.Lake;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real process with a server that has a binary log: init, check, ingest that is killed under
 * load, status.
 */
abstract class BinlogProcessCases {
  private static final int KILLS = Integer.getInteger("firn.kills", 2);

  abstract BinlogServer start();

  /** What addresses of the server begin with. */
  abstract String scheme();

  /** Jars that Firn does not bring along. */
  abstract List<Path> libraries();

  private Program program() {
    return BuiltApplication.program().shortRun().withLibraries(libraries());
  }

  @Test
  void killedUnderLoadItLosesAndDoublesNothing(@TempDir Path folder) throws Exception {
    try (BinlogServer server = start();
        Connection connection = server.connect("");
        Statement sql = connection.createStatement();
        ExecutorService thread = Executors.newSingleThreadExecutor()) {
      sql.execute("CREATE DATABASE shop");
      sql.execute("CREATE TABLE shop.t (id INT PRIMARY KEY, v INT NOT NULL)");
      sql.execute("CREATE TABLE shop.pair (id INT PRIMARY KEY, v INT NOT NULL)");
      Path config = configured(server, folder);
      AtomicBoolean stop = new AtomicBoolean();
      Future<?> load = thread.submit(() -> load(server, stop));
      try {
        for (int kill = 0; kill < KILLS; kill++) {
          kill(config, sql, kill);
        }
      } finally {
        stop.set(true);
      }
      load.get();
      try (Application process = ingest(config)) {
        Map<Integer, Integer> source = rows(sql);
        process.await("all rows", () -> rows(folder, "t").equals(source));
        assertThat(rows(folder, "pair")).isEqualTo(source);
        Application.Printed status =
            Application.run(program(), "status", "--config", config.toString());
        assertThat(status.text()).contains(server.host() + ":" + server.port() + " answers");
        assertThat(process.terminate()).isZero();
      }
    }
  }

  /** Lets it commit, changes a table beneath it, lets it commit again, and kills it. */
  private void kill(Path config, Statement sql, int number) throws Exception {
    try (Application process = ingest(config)) {
      process.await("a commit", () -> commits(process) > 0);
      int before = commits(process);
      sql.execute("ALTER TABLE shop.t ADD COLUMN c%d INT".formatted(number));
      process.await("more commits", () -> commits(process) > before + 1);
    }
  }

  private Path configured(BinlogServer server, Path folder) throws Exception {
    Path config = folder.resolve("shop.properties");
    Application.Printed init =
        Application.run(
            program(),
            "init",
            "--from",
            "jdbc:%s://%s@%s:%d/shop"
                .formatted(scheme(), BinlogServer.USER, server.host(), server.port()),
            "--dir",
            folder.resolve("lake").toString(),
            "--config",
            config.toString());
    assertThat(init.exit()).as(init.text()).isZero();
    Files.writeString(config, Files.readString(config).replace("http.port=8080", "http.port=0"));
    Application.Printed check = Application.run(program(), "check", "--config", config.toString());
    assertThat(check.exit()).as(check.text()).isZero();
    assertThat(check.text()).contains("2 captured, all column types known");
    return config;
  }

  private Application ingest(Path config) throws Exception {
    return Application.start(program(), "ingest", "--config", config.toString());
  }

  private static int commits(Application process) {
    return (int) process.lines().stream().filter(line -> line.contains(") batch ")).count();
  }

  /** Each transaction writes the same to both tables. */
  private static void load(BinlogServer server, AtomicBoolean stop) {
    try (Connection connection = server.connect("shop");
        Statement sql = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (int i = 0; !stop.get(); i++) {
        for (String table : List.of("t", "pair")) {
          sql.execute(
              "INSERT INTO %s (id, v) VALUES (%d, %d) ON DUPLICATE KEY UPDATE v = v + 1"
                  .formatted(table, i % 500, i));
        }
        connection.commit();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<Integer, Integer> rows(Statement sql) throws SQLException {
    Map<Integer, Integer> rows = new TreeMap<>();
    try (ResultSet found = sql.executeQuery("SELECT id, v FROM shop.t")) {
      while (found.next()) {
        rows.put(found.getInt(1), found.getInt(2));
      }
    }
    return rows;
  }

  private static Map<Integer, Integer> rows(Path folder, String name) {
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Engine.lake(folder.resolve("lake")));
    Table table = catalog.loadTable(TableIdentifier.of("shop", name));
    Map<Integer, Integer> rows = new TreeMap<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table).build()) {
      for (Record row : read) {
        Integer before = rows.put((Integer) row.getField("id"), (Integer) row.getField("v"));
        assertThat(before).as("row %s", row.getField("id")).isNull();
      }
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return rows;
  }
}
