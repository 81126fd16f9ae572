package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
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
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Dashboard and alerts ask for metrics, by labels, that a running Firn has. */
class DashboardIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** What Prometheus itself adds to each sample, and knows of each target. */
  private static final Set<String> TARGET_LABELS = Set.of("instance", "job");

  private static final String TARGET_METRIC = "up";

  private static final Pattern SAMPLE =
      Pattern.compile("(?m)^([a-zA-Z_:][\\w:]*)(?:\\{(.*)})? \\S+$");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"(?:[^\"\\\\]|\\\\.)*\"");

  @TempDir private Path folder;
  private int port;

  @Test
  void queriesNameMetricsThatFirnHas() throws Exception {
    try (PostgresServer server = PostgresServer.start(18);
        Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement()) {
      sql.execute("CREATE TABLE orders (id int PRIMARY KEY, n int)");
      sql.execute("INSERT INTO orders SELECT i, i FROM generate_series(1, 1000) AS i");
      try (Application ingest =
          Application.start(Map.of(), "ingest", "--config", config(server).toString())) {
        ingest.await("batch 1 committed");
        sql.execute("UPDATE orders SET n = 0 WHERE id <= 10");
        Map<String, Set<String>> metrics = metrics(ingest);
        List<String> queries =
            Stream.concat(
                    MonitoringFiles.dashboardQueries().stream(),
                    MonitoringFiles.alertQueries().stream())
                .toList();
        assertThat(queries).hasSizeGreaterThan(40);
        queries.forEach(query -> requireKnown(query, metrics));
      }
    }
  }

  private static void requireKnown(String query, Map<String, Set<String>> metrics) {
    List<MonitoringFiles.Selector> selectors = MonitoringFiles.selectors(query);
    assertThat(selectors).as(query).isNotEmpty();
    for (MonitoringFiles.Selector selector : selectors) {
      if (!selector.metric().equals(TARGET_METRIC)) {
        assertThat(metrics).as(query).containsKey(selector.metric());
        Set<String> labels = new HashSet<>(TARGET_LABELS);
        labels.addAll(metrics.get(selector.metric()));
        assertThat(labels).as(query).containsAll(selector.labels());
      }
    }
  }

  private Path config(PostgresServer server) throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    return Files.write(
        folder.resolve("shop.properties"),
        List.of(
            "debezium.source.connector.class=io.debezium.connector.postgresql.PostgresConnector",
            "debezium.source.database.hostname=127.0.0.1",
            "debezium.source.database.port=" + server.port(),
            "debezium.source.database.user=postgres",
            "debezium.source.database.password=none",
            "debezium.source.database.dbname=postgres",
            "debezium.sink.iceberg.pipeline=shop",
            "debezium.sink.iceberg.dir=" + folder.resolve("lake"),
            "debezium.sink.iceberg.table-health.interval=1s",
            "debezium.sink.iceberg.maintenance.interval=1s",
            "quarkus.http.port=" + port));
  }

  /** The labels of each metric, once there are those that come last: of tables and maintenance. */
  private Map<String, Set<String>> metrics(Application ingest) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      Instant deadline = Instant.now().plus(PATIENCE);
      while (true) {
        Map<String, Set<String>> metrics = parsed(scrape(http));
        if (metrics.containsKey("firn_table_rows")
            && metrics.containsKey("firn_maintenance_failures_total")) {
          return metrics;
        }
        assertThat(Instant.now()).as("%s, %s", metrics, ingest.lines()).isBefore(deadline);
        ingest.listen();
      }
    }
  }

  private String scrape(HttpClient http) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:%d/q/metrics".formatted(port));
    try {
      return http.send(
              HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString(UTF_8))
          .body();
    } catch (ConnectException e) {
      // It does not listen yet.
      return "";
    }
  }

  private static Map<String, Set<String>> parsed(String text) {
    Map<String, Set<String>> metrics = new HashMap<>();
    Matcher sample = SAMPLE.matcher(text);
    while (sample.find()) {
      Set<String> labels = metrics.computeIfAbsent(sample.group(1), name -> new HashSet<>());
      if (sample.group(2) != null) {
        LABEL.matcher(sample.group(2)).results().forEach(label -> labels.add(label.group(1)));
      }
    }
    return metrics;
  }
}
