package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.firn.testing.FaultyS3;
import dev.firn.testing.FaultyS3.Fault;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.S3Server;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.sql.Connection;
import java.sql.Statement;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever of a lake's configuration is wrong, {@code firn check} and a start say so in one line,
 * with the setting and the way out, and without a secret.
 */
class LakeFailuresIT {
  private static final String SECRET = "do-not-print-me";

  @TempDir private static Path folder;
  private static PostgresServer postgres;
  private static S3Server server;
  private static FaultyS3 s3;

  private final Map<String, String> catalog = new HashMap<>();

  @BeforeAll
  static void startServers() throws Exception {
    Files.createDirectories(folder.resolve("lake"));
    postgres = PostgresServer.start(18);
    sql(
        "CREATE TABLE t (id int PRIMARY KEY)",
        "CREATE DATABASE lake",
        "CREATE ROLE locked NOLOGIN");
    server = S3Server.start(folder.resolve("s3"));
    s3 = FaultyS3.before(server);
  }

  @AfterAll
  static void stopServers() {
    s3.close();
    server.close();
    postgres.close();
  }

  @AfterEach
  void mend() {
    s3.mend();
  }

  // --- storage

  @Test
  void endpointWhereNobodyAnswers() {
    onS3("s3.endpoint", "http://127.0.0.1:1");
    told("s3.endpoint=http://127.0.0.1:1: nobody answers there", "correct host and port");
  }

  @Test
  void endpointWhoseHostIsUnknown() {
    onS3("s3.endpoint", "http://minio.invalid:9000", "s3.path-style-access", "false");
    told("s3.endpoint=http://minio.invalid:9000: no such host", "s3.path-style-access=true");
  }

  @Test
  void endpointThatIsNoS3() throws Exception {
    try (Answering web = Answering.with(400, "<html>welcome</html>")) {
      onS3("s3.endpoint", web.address("http"));
      told("s3.endpoint=" + web.address("http"), "whether an S3 server answers there");
    }
  }

  @Test
  void bucketThatIsNotThere() {
    onS3("warehouse", "s3://elsewhere/warehouse");
    told("no such bucket (404 NoSuchBucket): ", "warehouse=s3://elsewhere/warehouse", "make the");
  }

  @Test
  void catalogThatCannotCommitABatchAsOne() {
    onS3("commit.atomic", "true");
    told("it is no REST catalog", "set commit.atomic=false, or use a REST catalog");
  }

  @Test
  void keyIdThatIsUnknown() {
    onS3("s3.access-key-id", "AKIAXXXXXXXX");
    told("does not know the key id (403 InvalidAccessKeyId)", "s3.access-key-id=AKIA...");
  }

  @Test
  void secretThatDoesNotBelongToTheKeyId() {
    onS3("s3.secret-access-key", SECRET);
    told("the secret does not belong to the key id", "s3.secret-access-key");
  }

  @Test
  void userWhoMayNot() {
    onS3();
    s3.fail(new Fault.Refused(403, "AccessDenied"));
    told("the storage refuses this user (403 AccessDenied)", "read, write, list and delete below");
  }

  @Test
  void regionThatIsAnother() {
    onS3("client.region", "us-west-2");
    s3.fail(
        new Fault.Told(
            301, "PermanentRedirect", "elsewhere", Map.of("x-amz-bucket-region", "eu-west-1")));
    told(
        "lies in another region (eu-west-1)", "client.region=us-west-2", "client.region=eu-west-1");
    s3.fail(
        new Fault.Told(
            400,
            "AuthorizationHeaderMalformed",
            "the region 'us-west-2' is wrong; expecting 'eu-west-1'",
            Map.of()));
    told("lies in another region (eu-west-1)", "set debezium.sink.iceberg.client.region=eu-west-1");
  }

  @Test
  void clockThatIsLate() {
    onS3();
    String date =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(
            ZonedDateTime.now(ZoneOffset.UTC).plusMinutes(47).plusSeconds(30));
    s3.fail(new Fault.Told(403, "RequestTimeTooSkewed", "skewed", Map.of("Date", date)));
    told("this machine's clock is 47 minutes behind the storage's", "NTP");
  }

  @Test
  void certificateThatNobodyVouchesFor() throws Exception {
    try (Answering web = Answering.encrypted(folder.resolve("self-signed.p12"))) {
      onS3("s3.endpoint", web.address("https"));
      told(
          "s3.endpoint=%s: its certificate is of no authority".formatted(web.address("https")),
          "-Djavax.net.ssl.trustStore=FILE");
      catalog.clear();
      set("type", "rest", "uri", web.address("https"));
      told("uri=%s: its certificate is of no authority".formatted(web.address("https")));
    }
  }

  @Test
  void encryptionThatTheServerDoesNotSpeak() {
    onS3("s3.endpoint", server.endpoint().replace("http:", "https:"));
    told("no encrypted connection comes about", "only http");
  }

  @Test
  void storageThatFailsForNowIsNoMatterOfSettings() {
    onS3("s3.retry.num-retries", "0");
    s3.fail(new Fault.Refused(503, "SlowDown"));
    RuntimeException failure = start();
    assertThat(failure).hasMessageContaining("the storage fails (503 SlowDown");
    assertThat(Outcome.of(failure).exitCode()).isEqualTo(1);
  }

  // --- catalogs

  @Test
  void restCatalogThatDoesNotAnswer() {
    set("type", "rest", "uri", "http://127.0.0.1:1");
    told("uri=http://127.0.0.1:1: nobody answers there");
  }

  @Test
  void restCatalogAtAnotherPath() throws Exception {
    try (Answering web = Answering.with(404, "<html>nothing here</html>")) {
      set("type", "rest", "uri", web.address("http") + "/catalogue");
      told("/catalogue: no REST catalog answers there (404)", "before /v1");
    }
  }

  @Test
  void restCatalogThatRefuses() throws Exception {
    try (Answering web = Answering.with(401, error(401, "NotAuthorizedException", "no token"))) {
      set("type", "rest", "uri", web.address("http"), "token", SECRET);
      told("the catalog refuses (401", "see debezium.sink.iceberg.token");
    }
  }

  @Test
  void restCatalogThatRefusesCredentials() throws Exception {
    String answer = "{\"error\":\"invalid_client\",\"error_description\":\"who is that\"}";
    try (Answering web = Answering.with(401, answer)) {
      set("type", "rest", "uri", web.address("http"), "credential", "me:" + SECRET);
      told(
          "the catalog refuses (401: Not authorized: invalid_client",
          "credential (client id:secret)");
    }
  }

  @Test
  void restCatalogThatForbids() throws Exception {
    try (Answering web = Answering.with(403, error(403, "ForbiddenException", "not you"))) {
      set("type", "rest", "uri", web.address("http"));
      told("the catalog forbids it (403", "neither is set");
    }
  }

  @Test
  void warehouseThatTheRestCatalogDoesNotHave() throws Exception {
    try (Answering web = Answering.with(404, error(404, "NotFoundException", "no warehouse w"))) {
      set("type", "rest", "uri", web.address("http"), "warehouse", "w");
      told("the catalog does not know debezium.sink.iceberg.warehouse=w");
    }
  }

  @Test
  void databaseThatDoesNotAnswer() {
    set("type", "jdbc", "uri", "jdbc:postgresql://127.0.0.1:1/lake?password=" + SECRET);
    set("warehouse", folder.toString());
    told("uri=jdbc:postgresql://127.0.0.1:1/lake: nobody answers there");
  }

  @Test
  void databaseThatDoesNotLetTheUserIn() {
    onPostgres("lake", "locked");
    told("the catalog's database refuses user locked", "jdbc.user and jdbc.password");
  }

  @Test
  void databaseThatIsNotThere() {
    onPostgres("pond", PostgresServer.USER);
    told("/pond: there is no such database", "make it, or correct the name");
  }

  @Test
  void driverThatIsNotThere() {
    set("type", "jdbc", "uri", "jdbc:db2://host/lake", "warehouse", folder.toString());
    told("no JDBC driver takes debezium.sink.iceberg.uri=jdbc:db2://host/lake", "lib/");
  }

  @Test
  void classesThatAreNotThere() {
    set("type", "hive", "uri", "thrift://127.0.0.1:1", "warehouse", folder.toString());
    told("type=hive needs class org.apache.iceberg.hive.HiveCatalog", "iceberg-hive-metastore");
    set("type", "nessie");
    told("type=nessie needs class org.apache.iceberg.nessie.NessieCatalog", "iceberg-nessie");
    set("type", "jdbc", "uri", "jdbc:sqlite::memory:");
    set("io-impl", "org.apache.iceberg.gcp.gcs.GCSFileIO");
    told("io-impl=org.apache.iceberg.gcp.gcs.GCSFileIO needs class", "iceberg-gcp-bundle");
  }

  @Test
  void catalogThatIsNone() {
    set("type", "sqlite", "warehouse", folder.toString());
    told("type=sqlite is no catalog", "jdbc, rest, glue, hive, nessie or hadoop");
  }

  @Test
  void whatIsNotSet() {
    set("type", "rest");
    told("debezium.sink.iceberg.uri is not set");
    set("type", "jdbc", "uri", "jdbc:sqlite::memory:");
    told("debezium.sink.iceberg.warehouse is not set");
  }

  // --- the application

  @Test
  void applicationEndsWithOneLineAndExitCode2() throws Exception {
    onS3("s3.secret-access-key", SECRET);
    Path file = Files.write(folder.resolve("ingest.properties"), lines());
    for (String command : List.of("check", "ingest")) {
      Application.Printed printed = Application.run(Map.of(), command, "--config", file.toString());
      assertThat(printed.exit()).as(printed.text()).isEqualTo(2);
      assertThat(printed.text().lines())
          .filteredOn(line -> line.contains("the secret does not belong to the key id"))
          .hasSize(1);
      assertThat(printed.text()).doesNotContain(SECRET, "Exception", "\tat ");
    }
  }

  /** Nobody runs, so that the status is no good one in any case. */
  @Test
  void otherCommandsSayTheSame() throws Exception {
    onS3("s3.secret-access-key", SECRET);
    Path file = Files.write(folder.resolve("others.properties"), lines());
    Map<List<String>, Integer> commands =
        Map.of(List.of("status"), 1, List.of("resnapshot", "--all", "--wait"), 2);
    for (Map.Entry<List<String>, Integer> command : commands.entrySet()) {
      List<String> arguments = new ArrayList<>(command.getKey());
      arguments.addAll(List.of("--config", file.toString()));
      Application.Printed printed = Application.run(Map.of(), arguments.toArray(String[]::new));
      assertThat(printed.exit()).as(printed.text()).isEqualTo(command.getValue());
      assertThat(printed.text().lines())
          .filteredOn(line -> line.contains("the secret does not belong to the key id"))
          .as(printed.text())
          .hasSize(1);
      assertThat(printed.text()).doesNotContain(SECRET, "Exception", "\tat ");
    }
  }

  private List<String> lines() {
    return new TreeMap<>(settings())
        .entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue()).toList();
  }

  private void set(String... keysAndValues) {
    for (int i = 0; i < keysAndValues.length; i += 2) {
      catalog.put(keysAndValues[i], keysAndValues[i + 1]);
    }
  }

  private void onS3(String... keysAndValues) {
    catalog.putAll(Lake.embedded(folder.resolve("lake")));
    catalog.putAll(s3.fileIo(server));
    set("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    set("s3.retry.min-wait-ms", "10", "s3.retry.max-wait-ms", "20");
    set(keysAndValues);
  }

  private void onPostgres(String database, String user) {
    set("type", "jdbc", "warehouse", folder.toString(), "jdbc.user", user);
    set("jdbc.password", SECRET);
    set("uri", "jdbc:postgresql://%s:%d/%s".formatted(postgres.host(), postgres.port(), database));
  }

  private Map<String, String> settings() {
    Map<String, String> settings = Engine.settings(postgres, "postgres", folder);
    settings.remove(SinkSettings.PREFIX + "dir");
    settings.put("quarkus.http.port", "0");
    catalog.forEach((key, value) -> settings.put(SinkSettings.PREFIX + key, value));
    return settings;
  }

  /** Both the check and a start say each of these, in one failed check and in one line. */
  private void told(String... words) {
    List<Check> failed =
        LakeChecks.run(SinkSettings.parse(catalog, 1L << 30)).stream()
            .filter(check -> check.state() != Check.State.OK)
            .toList();
    assertThat(failed)
        .singleElement()
        .satisfies(check -> {
          assertThat(check.state()).isEqualTo(Check.State.FAILED);
          String line = "%s; %s".formatted(check.found(), check.todo());
          assertThat(line).contains(words).doesNotContain(SECRET, "\n", "Exception:");
        });
    RuntimeException failure = start();
    assertThat(failure.getMessage()).contains(words).doesNotContain(SECRET, "\n", "Exception:");
    assertThat(Outcome.of(failure).exitCode()).isEqualTo(2);
  }

  private RuntimeException start() {
    return catchThrowableOfType(RuntimeException.class, () -> Engine.start(settings()).close());
  }

  private static String error(int code, String type, String message) {
    return "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"code\":%d}}"
        .formatted(message, type, code);
  }

  private static void sql(String... statements) throws Exception {
    try (Connection connection = postgres.connect("postgres");
        Statement sql = connection.createStatement()) {
      for (String statement : statements) {
        sql.execute(statement);
      }
    }
  }

  /** A web server that has the same answer for all. */
  private record Answering(HttpServer http) implements AutoCloseable {
    static Answering with(int status, String body) throws IOException {
      return start(HttpServer.create(anyPort(), 0), status, body);
    }

    /** One whose certificate it has made itself. */
    static Answering encrypted(Path keys) throws Exception {
      Process made =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                  "-genkeypair",
                  "-alias",
                  "web",
                  "-keyalg",
                  "EC",
                  "-dname",
                  "CN=localhost",
                  "-ext",
                  "SAN=ip:127.0.0.1,dns:localhost",
                  "-storetype",
                  "PKCS12",
                  "-keystore",
                  keys.toString(),
                  "-storepass",
                  "changeit")
              .redirectErrorStream(true)
              .start();
      String said = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(made.waitFor()).as(said).isZero();
      KeyStore store = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(keys)) {
        store.load(in, "changeit".toCharArray());
      }
      KeyManagerFactory managers =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, "changeit".toCharArray());
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), null, null);
      HttpsServer https = HttpsServer.create(anyPort(), 0);
      https.setHttpsConfigurator(new HttpsConfigurator(context));
      return start(https, 200, "");
    }

    private static InetSocketAddress anyPort() {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private static Answering start(HttpServer http, int status, String body) {
      byte[] answer = body.getBytes(StandardCharsets.UTF_8);
      http.createContext(
          "/",
          exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange
                .getResponseHeaders()
                .set("Content-Type", body.startsWith("{") ? "application/json" : "text/html");
            exchange.sendResponseHeaders(status, answer.length);
            try (OutputStream out = exchange.getResponseBody()) {
              out.write(answer);
            }
          });
      http.start();
      return new Answering(http);
    }

    String address(String scheme) {
      return "%s://127.0.0.1:%d".formatted(scheme, http.getAddress().getPort());
    }

    @Override
    public void close() {
      http.stop(0);
    }
  }
}
