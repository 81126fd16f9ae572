package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.firn.testing.FaultyS3;
import dev.firn.testing.FaultyS3.Fault;
import dev.firn.testing.FaultyS3.Request;
import dev.firn.testing.S3Server;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each setting about S3 reaches the requests, seen where they arrive. */
class S3SettingsIT {
  @TempDir private static Path folder;
  private static S3Server server;
  private static FaultyS3 s3;

  @BeforeAll
  static void startServers() throws IOException {
    Files.createDirectories(folder.resolve("lake"));
    server = S3Server.start(folder.resolve("s3"));
    s3 = FaultyS3.before(server);
  }

  @AfterAll
  static void stopServers() {
    s3.close();
    server.close();
  }

  @BeforeEach
  void forget() {
    s3.mend();
    var unused = s3.takeRequests();
  }

  @Test
  void endpointRegionAndKeysAreThoseThatAreSet() throws IOException {
    write(Map.of("client.region", "eu-west-1"), 10);
    Request put = s3.takeRequests().getFirst();
    assertThat(put.method()).isEqualTo("PUT");
    assertThat(put.target()).startsWith("/" + S3Server.BUCKET + "/");
    assertThat(put.header("Host").orElseThrow()).startsWith("127.0.0.1:");
    assertThat(put.header("Authorization").orElseThrow())
        .contains("Credential=%s/".formatted(S3Server.ACCESS_KEY))
        .contains("/eu-west-1/s3/aws4_request");
  }

  @Test
  void bucketIsPartOfTheHostUnlessThePathIsToHaveIt() {
    String proxy = catalog().get("s3.endpoint");
    Request asked =
        refused(
            Map.of(
                "s3.endpoint",
                "http://s3.example.com",
                "s3.path-style-access",
                "false",
                "http-client.proxy-endpoint",
                proxy));
    assertThat(asked.header("Host")).contains(S3Server.BUCKET + ".s3.example.com");
  }

  @Test
  void sessionTokenGoesWithTheKeys() {
    Request asked = refused(Map.of("s3.session-token", "a-session"));
    assertThat(asked.header("x-amz-security-token")).contains("a-session");
  }

  @Test
  void filesAreEncryptedWithKeysOfTheStorage() {
    Request put = refused(Map.of("s3.sse.type", "s3"));
    assertThat(put.header("x-amz-server-side-encryption")).contains("AES256");
  }

  @Test
  void filesAreEncryptedWithAKeyOfTheKeyService() {
    Request put =
        refused(Map.of("s3.sse.type", "kms", "s3.sse.key", "arn:aws:kms:eu-west-1:1:key/k"));
    assertThat(put.header("x-amz-server-side-encryption")).contains("aws:kms");
    assertThat(put.header("x-amz-server-side-encryption-aws-kms-key-id"))
        .contains("arn:aws:kms:eu-west-1:1:key/k");
  }

  @Test
  void uploadsBearChecksums() throws IOException {
    write(Map.of("s3.checksum-enabled", "true"), 10);
    Request put = s3.takeRequests().getFirst();
    assertThat(put.header("content-md5")).isPresent();
  }

  @Test
  void largeFilesGoInParts() throws IOException {
    int part = 5 << 20;
    write(Map.of("s3.multipart.part-size-bytes", Integer.toString(part)), part + part / 2 + 1);
    List<Request> requests = s3.takeRequests();
    assertThat(requests).filteredOn(asked("POST", "uploads")).hasSize(1);
    assertThat(requests).filteredOn(asked("PUT", "partNumber=")).hasSize(2);
    assertThat(requests).filteredOn(asked("POST", "uploadId=")).hasSize(1);
  }

  @Test
  void storageClassAndTagsGoWithUploads() {
    Request put =
        refused(Map.of("s3.write.storage-class", "STANDARD_IA", "s3.write.tags.team", "lake"));
    assertThat(put.header("x-amz-storage-class")).contains("STANDARD_IA");
    assertThat(put.header("x-amz-tagging").orElseThrow()).contains("team=lake");
  }

  @Test
  void refusedRequestsAreTriedAgainAsOftenAsIsSet() {
    for (int status : new int[] {500, 503}) {
      s3.fail(new Fault.Refused(status, status == 503 ? "SlowDown" : "InternalError"));
      assertThatThrownBy(() -> write(retries("2"), 10)).hasMessageContaining("" + status);
      assertThat(s3.takeRequests()).hasSize(3);
    }
    s3.fail(new Fault.Refused(403, "AccessDenied"));
    assertThatThrownBy(() -> write(retries("2"), 10)).hasMessageContaining("403");
    assertThat(s3.takeRequests()).hasSize(1);
  }

  @Test
  void requestsThatWaitTooLongAreTriedAgain() {
    s3.fail(new Fault.StalledUploads());
    Map<String, String> settings = new HashMap<>(retries("1"));
    settings.put("retry.request-timeout", "500ms");
    Instant begun = Instant.now();
    assertThatThrownBy(() -> write(settings, 10)).isNotNull();
    assertThat(Duration.between(begun, Instant.now())).isLessThan(Duration.ofSeconds(10));
    assertThat(s3.failedUploads()).isBetween(1, 2);
  }

  @Test
  void profileGivesTheKeys() throws IOException {
    Path credentials = folder.resolve("credentials");
    Files.writeString(
        credentials,
        """
        [default]
        aws_access_key_id = another
        aws_secret_access_key = none
        [lake]
        aws_access_key_id = %s
        aws_secret_access_key = %s
        """
            .formatted(S3Server.ACCESS_KEY, S3Server.SECRET_KEY));
    System.setProperty("aws.sharedCredentialsFile", credentials.toString());
    try {
      write(withoutKeys(Map.of("client.profile", "lake")), 10);
    } finally {
      System.clearProperty("aws.sharedCredentialsFile");
    }
    assertThat(s3.takeRequests().getFirst().header("Authorization").orElseThrow())
        .contains("Credential=%s/".formatted(S3Server.ACCESS_KEY));
  }

  @Test
  void roleIsAssumed() throws IOException {
    try (TokenService sts = TokenService.start()) {
      System.setProperty("aws.endpointUrlSts", sts.endpoint());
      System.setProperty("aws.accessKeyId", "who-assumes");
      System.setProperty("aws.secretAccessKey", "none");
      Request asked =
          refused(
              withoutKeys(
                  Map.of(
                      "client.factory",
                      "org.apache.iceberg.aws.AssumeRoleAwsClientFactory",
                      "client.assume-role.arn",
                      "arn:aws:iam::1:role/lake",
                      "client.assume-role.region",
                      "eu-west-1",
                      "client.assume-role.external-id",
                      "firn",
                      "client.assume-role.session-name",
                      "ingest")));
      assertThat(sts.asked())
          .anySatisfy(form ->
              assertThat(form)
                  .contains("Action=AssumeRole")
                  .contains("RoleArn=arn:aws:iam::1:role/lake")
                  .contains("ExternalId=firn")
                  .contains("RoleSessionName=ingest"));
      assertThat(asked.header("x-amz-security-token")).contains("of-the-role");
      assertThat(asked.header("Authorization").orElseThrow())
          .contains("Credential=key-of-the-role/")
          .contains("/eu-west-1/s3/");
    } finally {
      List.of("aws.endpointUrlSts", "aws.accessKeyId", "aws.secretAccessKey")
          .forEach(System::clearProperty);
    }
  }

  /** The first request of a write that the server refuses: it does not know what is asked. */
  private static Request refused(Map<String, String> changed) {
    s3.fail(new Fault.Refused(403, "AccessDenied"));
    assertThatThrownBy(() -> write(changed, 10)).hasMessageContaining("403");
    return s3.takeRequests().getFirst();
  }

  private static Predicate<Request> asked(String method, String target) {
    return request -> request.method().equals(method) && request.target().contains(target);
  }

  private static Map<String, String> retries(String number) {
    return Map.of(
        "s3.retry.num-retries", number, "s3.retry.min-wait-ms", "10", "s3.retry.max-wait-ms", "20");
  }

  /** The keys are left to what else is set. */
  private static Map<String, String> withoutKeys(Map<String, String> settings) {
    Map<String, String> without = new HashMap<>(settings);
    without.put("s3.access-key-id", "");
    without.put("s3.secret-access-key", "");
    return without;
  }

  private static Map<String, String> catalog() {
    Map<String, String> catalog = new HashMap<>(Lake.embedded(folder.resolve("lake")));
    catalog.putAll(s3.fileIo(server));
    catalog.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    return catalog;
  }

  /** Writes and reads a file as the pipeline of these settings does; empty values are unset. */
  private static void write(Map<String, String> changed, int bytes) throws IOException {
    Map<String, String> settings = new HashMap<>(catalog());
    settings.putAll(changed);
    settings.values().removeIf(String::isEmpty);
    SinkSettings sink = SinkSettings.parse(settings, 1L << 30);
    byte[] content = new byte[bytes];
    try (FileIO io = Lake.fileIo(sink.catalog())) {
      OutputFile file =
          io.newOutputFile("%s/%s".formatted(sink.catalog().get("warehouse"), UUID.randomUUID()));
      try (PositionOutputStream out = file.create()) {
        out.write(content);
      }
      try (var in = file.toInputFile().newStream()) {
        assertThat(in.readAllBytes()).isEqualTo(content);
      }
    }
  }

  /** Answers as AWS's token service does when a role is assumed. */
  private record TokenService(HttpServer http, ConcurrentLinkedQueue<String> forms)
      implements AutoCloseable {
    static TokenService start() throws IOException {
      HttpServer http =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      TokenService service = new TokenService(http, new ConcurrentLinkedQueue<>());
      http.createContext(
          "/",
          exchange -> {
            String form =
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            service.forms.add(URLDecoder.decode(form, StandardCharsets.UTF_8));
            byte[] answer = answer().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/xml");
            exchange.sendResponseHeaders(200, answer.length);
            try (OutputStream out = exchange.getResponseBody()) {
              out.write(answer);
            }
          });
      http.start();
      return service;
    }

    private static String answer() {
      return """
      <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
      <Credentials><AccessKeyId>key-of-the-role</AccessKeyId>
      <SecretAccessKey>secret</SecretAccessKey><SessionToken>of-the-role</SessionToken>
      <Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
      """
          .formatted(Instant.now().plusSeconds(3600).truncatedTo(ChronoUnit.SECONDS));
    }

    String endpoint() {
      return "http://127.0.0.1:" + http.getAddress().getPort();
    }

    List<String> asked() {
      return new ArrayList<>(forms);
    }

    @Override
    public void close() {
      http.stop(0);
    }
  }
}
