package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the one who runs a pipeline sees of it, from its first configuration to its end. */
class OperationsIT {
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  /** As PostgreSQL says it: object_in_use. */
  private static final String SLOT_IN_USE = "55006";

  private static final Map<String, String> PASSWORD = Map.of("SHOP_PASSWORD", "a $ecret");

  @TempDir Path folder;
  private final HttpClient http = HttpClient.newHttpClient();
  private PostgresServer server;
  private Path config;
  private int port;

  @BeforeEach
  void startServer() throws Exception {
    server = PostgresServer.start(18);
    sql(
        "CREATE TABLE orders (id int PRIMARY KEY, n int)",
        "CREATE TABLE notes (note text)",
        "INSERT INTO orders SELECT i, i FROM generate_series(1, 1000) AS i");
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    config = folder.resolve("shop.properties");
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void everyStateIsToldAsItIs() throws Exception {
    initialised();
    try (Application first = ingest()) {
      first.await("batch 1 committed");
      healthy(first);
      sourceStopped(first);
      folderUnwritable(first);
    }
    commitsFailSoonAndLogsAreJson();
    try (Application second = ingest()) {
      second.await("captures 2 tables");
      catalogLocked(second);
      slotDropped(second);
    }
    http.close();
  }

  private void initialised() throws Exception {
    String url = "jdbc:postgresql://postgres@127.0.0.1:%d/postgres".formatted(server.port());
    String[] init = {
      "init",
      "--from",
      url,
      "--password-env",
      "SHOP_PASSWORD",
      "--dir",
      folder.resolve("lake").toString(),
      "--config",
      config.toString()
    };
    Application.Printed written = show("init", Application.run(PASSWORD, init));
    assertThat(written.exit()).isZero();
    sql("ALTER TABLE notes REPLICA IDENTITY FULL");
    assertThat(written.text())
        .contains(
            "FAILED  table public.notes",
            "REPLICA IDENTITY FULL",
            "next: ./firn check --config " + config);
    String text = Files.readString(config, UTF_8);
    show("the file", new Application.Printed(0, text));
    assertThat(text)
        .contains("database.password=${SHOP_PASSWORD:}", "#   public.orders  key id")
        .doesNotContain("ecret");
    Application.Printed again = show("init again", Application.run(PASSWORD, init));
    assertThat(again.exit()).isEqualTo(2);
    assertThat(again.text()).contains("is not overwritten").hasLineCount(1);
    assertThat(Files.readString(config, UTF_8)).isEqualTo(text);
    assertThat(Application.run(PASSWORD, "check", "--config", config.toString()).exit()).isZero();
    Files.writeString(
        config,
        text.replace("quarkus.http.port=8080", "quarkus.http.port=" + port)
            + "debezium.sink.iceberg.commit.max-age=2s\n"
            + "debezium.sink.iceberg.retry.max-duration=3s\n");
    Application.Printed never = status("never run");
    assertThat(never.exit()).isEqualTo(1);
    assertThat(never.text()).contains("it has never run");
  }

  private Application ingest() throws IOException {
    return Application.start(PASSWORD, "ingest", "--config", config.toString());
  }

  private void healthy(Application ingest) throws Exception {
    sql("UPDATE orders SET n = 0 WHERE id <= 10");
    await(ingest, "a second batch", () -> ready().body().contains("\"last_batch\": 2"));
    await(ingest, "all is well", () -> ready().statusCode() == 200);
    show("ready", new Application.Printed(ready().statusCode(), ready().body()));
    show("live", new Application.Printed(0, get("/q/health/live").body()));
    Application.Printed status = status("running");
    assertThat(status.exit()).isZero();
    assertThat(status.text())
        .contains("running", "1,000 rows", "last error  none")
        .doesNotContain("\tat ");
    await(
        ingest, "the slot", () -> get("/q/metrics").body().contains("\nfirn_retained_wal_bytes "));
    // Changes are held until the control table knows of their batch.
    await(
        ingest,
        "memory given back",
        () -> get("/q/metrics").body().contains("\nfirn_buffered_bytes 0.0\n"));
    await(
        ingest,
        "the tables' health",
        () -> get("/q/metrics").body().contains("\nfirn_table_rows{"));
    String metrics = get("/q/metrics").body();
    show(
        "metrics",
        new Application.Printed(
            0,
            metrics
                .lines()
                .filter(line -> line.startsWith("firn_") || line.startsWith("debezium_"))
                .reduce("", (a, b) -> a + b + "\n")));
    assertThat(metrics)
        .contains(
            "firn_events_total ",
            "firn_rows_total{op=\"insert\",table=\"public.orders\"} 1000.0",
            "firn_rows_total{op=\"update\",table=\"public.orders\"} 10.0",
            "firn_commits_total 2.0",
            "firn_commit_seconds_bucket{le=\"1.0\"}",
            "firn_lag_seconds ",
            "firn_lag_bytes ",
            "firn_retained_wal_bytes ",
            "firn_index_keys{table=\"public.orders\"} 1000.0",
            "firn_tables 2.0",
            "debezium_behind_source_seconds ",
            "debezium_events_seen_total ",
            "debezium_queue_remaining_capacity ",
            "debezium_connected 1.0");
  }

  private void sourceStopped(Application ingest) throws Exception {
    server.stop();
    await(ingest, "not ready", () -> ready().statusCode() == 503);
    await(ingest, "the source is named", () -> ready().body().contains("lost_since"));
    assertThat(get("/q/health/live").statusCode()).isEqualTo(200);
    show("ready, source stopped", new Application.Printed(503, ready().body()));
    Application.Printed status = status("source stopped");
    assertThat(status.exit()).isEqualTo(1);
    assertThat(status.text())
        .contains("not ready", "source: connection lost since", "cannot connect to 127.0.0.1")
        .doesNotContain("\tat ");
    server.restart();
    await(ingest, "ready again", () -> ready().statusCode() == 200);
  }

  /**
   * A file in place of the folder for data: what is written there fails, also for root, and so does
   * what is read, which comes first where the table's files have been merged meanwhile.
   */
  private void folderUnwritable(Application ingest) throws Exception {
    Path data = folder.resolve("lake/warehouse/public/orders/data");
    Path aside = Files.move(data, data.resolveSibling("aside"));
    Files.createFile(data);
    sql("UPDATE orders SET n = 2 WHERE id <= 10");
    assertThat(ingest.exitCode()).isEqualTo(1);
    show("the first process's log", new Application.Printed(1, String.join("\n", ingest.lines())));
    Application.Printed status = status("folder unwritable");
    assertThat(status.exit()).isEqualTo(1);
    assertThat(status.text())
        .contains("failed")
        .containsPattern("last error  epoch 1, .*public.orders: .*/orders/data/.*parquet");
    Files.delete(data);
    Files.move(aside, data);
  }

  /**
   * By itself the embedded catalog's driver waits for a lock for half a minute. From here on the
   * default says for how long a commit is tried.
   */
  private void commitsFailSoonAndLogsAreJson() throws IOException {
    Map<String, String> catalog = new TreeMap<>(Lake.embedded(folder.resolve("lake")));
    catalog.computeIfPresent(
        "uri", (key, uri) -> uri.replace("busy_timeout=30000", "busy_timeout=3000"));
    List<String> lines = new ArrayList<>(Files.readAllLines(config));
    lines.removeIf(line ->
        line.startsWith("debezium.sink.iceberg.dir=")
            || line.startsWith("debezium.sink.iceberg.retry."));
    catalog.forEach((key, value) -> lines.add("debezium.sink.iceberg.%s=%s".formatted(key, value)));
    lines.add("quarkus.log.console.json.enabled=true");
    Files.write(config, lines);
  }

  private void catalogLocked(Application ingest) throws Exception {
    String url = "jdbc:sqlite:" + folder.resolve("lake/catalog.db");
    await(ingest, "ready", () -> ready().statusCode() == 200);
    try (Connection catalog = DriverManager.getConnection(url);
        Statement lock = catalog.createStatement()) {
      lock.execute("BEGIN IMMEDIATE");
      sql("UPDATE orders SET n = 1 WHERE id <= 10");
      await(ingest, "the reason", () -> ready().body().contains("SQLITE_BUSY"));
      HttpResponse<String> ready = ready();
      show("ready, catalog locked", new Application.Printed(ready.statusCode(), ready.body()));
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(get("/q/health/live").statusCode()).isEqualTo(200);
      assertThat(ready.body())
          .contains("nothing was committed for", "although changes wait")
          .doesNotContain("\"lag_seconds\": 0");
      Application.Printed status = status("catalog locked");
      assertThat(status.exit()).isEqualTo(1);
      assertThat(status.text()).contains("commit: nothing was committed for");
      lock.execute("ROLLBACK");
    }
    ingest.await("commits go through again");
    await(ingest, "ready again", () -> ready().statusCode() == 200);
  }

  private void slotDropped(Application ingest) throws Exception {
    await(ingest, "slot dropped", this::dropSlot);
    assertThat(ingest.exitCode()).isEqualTo(1);
    List<String> lines = ingest.lines();
    show("the second process's log", new Application.Printed(1, String.join("\n", lines)));
    assertThat(lines).allMatch(line -> line.startsWith("{"));
    assertThat(lines)
        .filteredOn(line -> line.contains("ERROR"))
        .singleElement()
        .asString()
        .contains("replication slot firn_postgres is gone");
    assertThat(lines).filteredOn(line -> line.contains("commit.max-age is 2 s")).hasSize(1);
    assertThat(lines).filteredOn(line -> line.contains("commits go through again")).hasSize(1);
    Application.Printed status = status("slot dropped");
    assertThat(status.exit()).isEqualTo(1);
    assertThat(status.text())
        .contains("failed", "has no replication slot firn_postgres")
        .containsPattern("last error  epoch 2, .*slot firn_postgres is gone");
    Application.Printed json =
        show("json", Application.run(PASSWORD, "status", "--json", "--config", config.toString()));
    assertThat(json.text()).contains("\"state\" : \"failed\"", "\"well\" : false");
  }

  private Application.Printed status(String when) throws Exception {
    return show(
        "status, " + when, Application.run(PASSWORD, "status", "--config", config.toString()));
  }

  /** What users see is printed, so that it can be read and quoted. */
  private static Application.Printed show(String what, Application.Printed printed) {
    System.out.printf("--- %s (%d)%n%s%n", what, printed.exit(), printed.text());
    return printed;
  }

  private HttpResponse<String> ready() throws IOException, InterruptedException {
    return get("/q/health/ready");
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:%d%s".formatted(port, path));
    return http.send(
        HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString(UTF_8));
  }

  @FunctionalInterface
  private interface Condition {
    boolean holds() throws Exception;
  }

  /** The server may not listen yet. */
  private static boolean holds(Condition condition) throws Exception {
    try {
      return condition.holds();
    } catch (ConnectException e) {
      return false;
    }
  }

  private void await(Application ingest, String what, Condition condition) throws Exception {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!holds(condition)) {
      assertThat(Instant.now()).as("waiting for %s; %s", what, ingest.lines()).isBefore(deadline);
      ingest.listen();
    }
  }

  /** Empty as long as somebody follows it: the process comes back to it at once. */
  private boolean dropSlot() throws SQLException {
    try {
      sql(
          "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots",
          "SELECT pg_drop_replication_slot('firn_postgres')");
      return true;
    } catch (SQLException e) {
      if (SLOT_IN_USE.equals(e.getSQLState())) {
        return false;
      }
      throw e;
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
