package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A source that is silent without having closed anything, and what it must keep meanwhile. */
class SourceStallIT {
  @TempDir Path folder;
  private PostgresServer server;

  @BeforeEach
  void startServer() {
    server = PostgresServer.start(18);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void silenceIsNoticedAndEndedAndKeptLogIsComplainedOf() throws Exception {
    try (SwallowingProxy proxy = SwallowingProxy.to(server.host(), server.port())) {
      sql("CREATE TABLE t (id int PRIMARY KEY, n int)", "INSERT INTO t VALUES (1, 1)");
      Path config = config(proxy);
      try (Application ingest =
          Application.start(Map.of(), "ingest", "--config", config.toString())) {
        ingest.await("batch 1 committed");
        networkSwallowsEverything(ingest, proxy);
        senderHangs(ingest, config);
        passwordChanged(ingest, config);
      }
    }
  }

  private Path config(SwallowingProxy proxy) throws IOException {
    return Files.write(
        folder.resolve("shop.properties"),
        List.of(
            "debezium.source.database.hostname=" + server.host(),
            "debezium.source.database.port=" + proxy.port(),
            "debezium.source.database.user=" + PostgresServer.USER,
            "debezium.source.database.password=none",
            "debezium.source.database.dbname=postgres",
            "debezium.source.status.update.interval.ms=500",
            "debezium.sink.iceberg.dir=" + folder.resolve("lake"),
            "debezium.sink.iceberg.source.max-silence=3s",
            "debezium.sink.iceberg.source.max-retained-wal=20mb",
            "quarkus.http.port=0"));
  }

  private void networkSwallowsEverything(Application ingest, SwallowingProxy proxy)
      throws Exception {
    proxy.swallow(true);
    ingest.await("no sign of life from the database for 3 s");
    ingest.await("connection to the database lost");
    proxy.swallow(false);
    ingest.await("connection to the database is back");
    sql("INSERT INTO t VALUES (2, 1)");
    ingest.await("batch 2 committed");
  }

  private void senderHangs(Application ingest, Path config) throws Exception {
    long sender = number("SELECT active_pid FROM pg_replication_slots");
    signal("-STOP", sender);
    sql(
        "CREATE TABLE elsewhere AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 30000)",
        "INSERT INTO t VALUES (3, 1)");
    ingest.await("of log for replication slot firn_firn, more than");
    ingest.await(
        "a second word of it",
        () -> ingest.lines().stream().filter(line -> line.contains("no sign of life")).count() > 1);
    Application.Printed status = Application.run(Map.of(), "status", "--config", config.toString());
    assertThat(status.text()).containsPattern("retains [2-9][0-9]\\.[0-9] MB of log");
    signal("-CONT", sender);
    ingest.await("batch 3 committed");
  }

  private void passwordChanged(Application ingest, Path config) throws Exception {
    Path rules = server.dataFolder().resolve("pg_hba.conf");
    Files.writeString(rules, "host all all 127.0.0.1/32 reject\n" + Files.readString(rules));
    Files.writeString(rules, Files.readString(rules).replace("replication", "nobody"));
    sql(
        "SELECT pg_reload_conf()",
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots");
    assertThat(ingest.exitCode()).isEqualTo(1);
    assertThat(ingest.lines())
        // Debezium may have told of a lost connection as an error of its own.
        .filteredOn(line -> line.contains("ERROR [dev.fir"))
        .singleElement()
        .asString()
        .contains("the database refuses the pipeline's user", "Nothing is lost; ways on");
    Application.Printed status = Application.run(Map.of(), "status", "--config", config.toString());
    assertThat(status.exit()).isEqualTo(1);
    assertThat(status.text()).containsPattern("last error .*refuses the pipeline's user");
  }

  static void signal(String which, long pid) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("kill", which, Long.toString(pid)).start().waitFor()).isZero();
  }

  private void sql(String... statements) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private long number(String query) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }
}
