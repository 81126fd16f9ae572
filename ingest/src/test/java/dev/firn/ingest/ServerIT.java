package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The built application in a process of its own, against a server that it did not start. */
class ServerIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @TempDir Path folder;
  private PostgresServer server;
  private Connection connection;
  private Statement sql;

  @BeforeEach
  void startServer() throws SQLException {
    server = PostgresServer.start(18);
    connection = server.connect("postgres");
    sql = connection.createStatement();
    sql.execute("CREATE TABLE t (id serial PRIMARY KEY, n int)");
    sql.execute("INSERT INTO t (n) SELECT generate_series(1, 1000)");
  }

  @AfterEach
  void stopServer() throws SQLException {
    connection.close();
    server.close();
  }

  @Test
  void terminationCommitsAndExitsWithZero() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Thread load = new Thread(() -> load(stop));
    try (Sink sink = new Sink(config())) {
      sink.await("batch 1 committed");
      load.start();
      sink.await("batch 5 committed");
      Instant asked = Instant.now();
      assertThat(sink.terminate()).as("%s", sink.lines).isZero();
      assertThat(Duration.between(asked, Instant.now())).isLessThan(Duration.ofSeconds(10));
      assertThat(sink.lines).noneMatch(line -> line.contains("WARN") || line.contains("ERROR"));
    } finally {
      stop.set(true);
      load.join();
    }
    try (Sink sink = new Sink(config())) {
      awaitEqual(sink);
      assertThat(sink.lines).noneMatch(line -> line.contains("initial snapshot"));
      assertThat(sink.terminate()).as("%s", sink.lines).isZero();
    }
  }

  @Test
  void lostConnectionIsSaidOnceAndComesBack() throws Exception {
    try (Sink sink = new Sink(config())) {
      sink.await("batch 1 committed");
      sql.execute("UPDATE t SET n = 0 WHERE id < 10");
      sink.await("batch 2 committed");
      connection.close();
      server.stop();
      sink.await("connection to the database lost");
      refuseConnections(4);
      server.restart();
      sink.await("connection to the database is back");
      connection = server.connect("postgres");
      sql = connection.createStatement();
      sql.execute("UPDATE t SET n = -1 WHERE id < 20");
      awaitEqual(sink);
      assertThat(sink.terminate()).as("%s", sink.lines).isZero();
      assertThat(sink.lines).filteredOn(line -> line.contains("WARN")).hasSize(1);
      assertThat(sink.lines).filteredOn(line -> line.contains("database is back")).hasSize(1);
      assertThat(sink.lines).noneMatch(line -> line.contains("ERROR"));
    }
  }

  @Test
  void secondProcessTakesOverAndTheFirstIsFenced() throws Exception {
    try (Sink first = new Sink(config())) {
      first.await("batch 1 committed");
      try (Sink second = new Sink(config())) {
        second.await("captures 1 tables");
        sql.execute("UPDATE t SET n = 0 WHERE id < 10");
        assertThat(first.exitCode()).isEqualTo(3);
        assertThat(first.lines).filteredOn(line -> line.contains("ERROR")).hasSize(1);
        awaitEqual(second);
        assertThat(second.terminate()).as("%s", second.lines).isZero();
        assertThat(second.lines).filteredOn(line -> line.contains("WARN")).hasSizeLessThan(2);
      }
    }
  }

  @Test
  void usageErrorsAreOneLineAndTwo() throws Exception {
    List<String> bad = new ArrayList<>(config());
    bad.add("debezium.sink.iceberg.tabel-prefix=x");
    try (Sink sink = new Sink(bad)) {
      assertThat(sink.exitCode()).isEqualTo(2);
      assertThat(sink.lines)
          .singleElement()
          .asString()
          .contains("debezium.sink.iceberg.tabel-prefix", "table-prefix");
    }
    List<String> unreachable = new ArrayList<>(config());
    unreachable.add("debezium.source.database.port=1");
    try (Sink sink = new Sink(unreachable)) {
      assertThat(sink.exitCode()).isEqualTo(2);
      assertThat(sink.lines).singleElement().asString().contains("cannot connect");
    }
  }

  /** Stands in for the database that is down, so as to see that connecting is tried again. */
  private void refuseConnections(int times) throws IOException {
    try (ServerSocket port = new ServerSocket()) {
      port.setReuseAddress(true);
      port.bind(new InetSocketAddress(server.host(), server.port()));
      for (int i = 0; i < times; i++) {
        port.accept().close();
      }
    }
  }

  private void load(AtomicBoolean stop) {
    try (Connection own = server.connect("postgres");
        Statement statement = own.createStatement()) {
      while (!stop.get()) {
        statement.execute("INSERT INTO t (n) SELECT generate_series(1, 20)");
        statement.execute("UPDATE t SET n = n + 1 WHERE id % 97 = (random() * 97)::int");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void awaitEqual(Sink sink) throws Exception {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!isEqual()) {
      assertThat(Instant.now()).isBefore(deadline);
      sink.nextLine(1);
    }
  }

  private boolean isEqual() throws SQLException {
    try (Connection reading = server.connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "public", "t");
      LakeRows lake =
          LakeRows.of(
              Lake.open(Lake.DEFAULT_NAME, Engine.lake(folder.resolve("lake")))
                  .loadTable(TableIdentifier.of("public", "t")),
              source.columns());
      RowComparison.Result result = RowComparison.compare(source, lake, List.of("id"));
      return result.equal();
    }
  }

  private List<String> config() {
    return List.of(
        "debezium.source.database.hostname=" + server.host(),
        "debezium.source.database.port=" + server.port(),
        "debezium.source.database.user=" + PostgresServer.USER,
        "debezium.source.database.password=none",
        "debezium.source.database.dbname=postgres",
        "debezium.sink.iceberg.dir=" + folder.resolve("lake"),
        "quarkus.http.port=0");
  }

  /** A running {@code firn ingest}. */
  private final class Sink implements AutoCloseable {
    private final Process process;
    private final List<String> lines = new ArrayList<>();
    private final BlockingQueue<String> coming = new LinkedBlockingQueue<>();

    Sink(List<String> config) throws IOException {
      Path file = Files.createTempFile(folder, "ingest", ".properties");
      Files.write(file, config);
      List<String> command =
          BuiltApplication.program().shortRun().command("ingest", "--config", file.toString());
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
      Thread.ofVirtual().start(this::read);
    }

    private void read() {
      try (BufferedReader reader = process.inputReader()) {
        reader.lines().forEach(coming::add);
      } catch (UncheckedIOException | IOException e) {
        // The process has ended.
      }
    }

    void nextLine(int seconds) throws InterruptedException {
      String line = coming.poll(seconds, TimeUnit.SECONDS);
      if (line != null) {
        lines.add(line);
      }
    }

    void await(String text) throws InterruptedException {
      Instant deadline = Instant.now().plus(PATIENCE);
      while (lines.stream().noneMatch(line -> line.contains(text))) {
        assertThat(Instant.now()).as("waiting for '%s' in %s", text, lines).isBefore(deadline);
        assertThat(process.isAlive() || !coming.isEmpty()).as("ended: %s", lines).isTrue();
        nextLine(1);
      }
    }

    int terminate() throws InterruptedException {
      process.destroy();
      return exitCode();
    }

    int exitCode() throws InterruptedException {
      assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      coming.drainTo(lines);
      return process.exitValue();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
