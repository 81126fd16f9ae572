package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.FaultyS3;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RestCatalog;
import dev.firn.testing.S3Server;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.exceptions.NotAuthorizedException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pipeline writes through each kind of catalog, in each way to show who it is. */
class CatalogsIT {
  private static PostgresServer postgres;

  @TempDir private Path folder;
  private Catalog behind;
  private RestCatalog rest;

  @BeforeAll
  static void startPostgres() throws SQLException {
    postgres = PostgresServer.start(18);
    PostgresCatalog.create(postgres);
  }

  @AfterAll
  static void stopPostgres() {
    postgres.close();
  }

  @BeforeEach
  void startCatalog() throws IOException {
    Files.createDirectories(folder.resolve("behind"));
    behind = Lake.open("behind", Lake.embedded(folder.resolve("behind")));
    rest = RestCatalog.before(behind);
  }

  @AfterEach
  void stopCatalog() throws IOException {
    rest.close();
    Lake.closing(behind).close();
  }

  @Test
  void sqlite() throws Exception {
    Files.createDirectories(folder.resolve("lake"));
    works(Lake.embedded(folder.resolve("lake")));
  }

  @Test
  void postgresql() throws Exception {
    works(local(PostgresCatalog.settings(postgres, "any")));
    try (Connection connection = postgres.connect("lake");
        Statement sql = connection.createStatement();
        var owner =
            sql.executeQuery(
                "SELECT tableowner FROM pg_tables WHERE tablename = 'iceberg_tables'")) {
      assertThat(owner.next()).isTrue();
      assertThat(owner.getString(1)).isEqualTo("keeper");
    }
  }

  @Test
  void restWithAToken() throws Exception {
    try (RestFront front = new RestFront(rest, Optional.of("a-token"), Map.of())) {
      works(local(Map.of("type", "rest", "uri", front.uri(), "token", "a-token")));
      assertThat(front.tokenRequests()).isEmpty();
      assertThatThrownBy(
              () -> works(local(Map.of("type", "rest", "uri", front.uri(), "token", "another"))))
          .isInstanceOf(NotAuthorizedException.class);
    }
  }

  @Test
  void restWithClientCredentials() throws Exception {
    try (RestFront front = new RestFront(rest, Optional.of("a-token"), Map.of())) {
      works(local(oauth(front, "firn:of-firn")));
      assertThat(front.tokenRequests())
          .first()
          .asString()
          .contains("grant_type=client_credentials", "scope=lake");
      assertThatThrownBy(() -> works(local(oauth(front, "firn:another"))))
          .isInstanceOf(NotAuthorizedException.class);
    }
  }

  private static Map<String, String> oauth(RestFront front, String credential) {
    return Map.of(
        "type",
        "rest",
        "uri",
        front.uri(),
        "credential",
        credential,
        "scope",
        "lake",
        "oauth2-server-uri",
        front.uri() + "/v1/oauth/tokens");
  }

  @Test
  void restWithSignatures() throws Exception {
    try (RestFront front = new RestFront(rest, Optional.empty(), Map.of())) {
      Map<String, String> settings =
          new HashMap<>(
              Map.of(
                  "type",
                  "rest",
                  "uri",
                  front.uri(),
                  "rest.auth.type",
                  "sigv4",
                  "rest.auth.sigv4.delegate-auth-type",
                  "none",
                  "rest.signing-region",
                  "eu-west-1",
                  "rest.signing-name",
                  "glue",
                  "rest.access-key-id",
                  "key",
                  "rest.secret-access-key",
                  "secret"));
      works(local(settings));
      assertThat(front.authorizations())
          .isNotEmpty()
          .allMatch(header ->
              header.matches(
                  "AWS4-HMAC-SHA256 Credential=key/\\d{8}/eu-west-1/glue/aws4_request.*"));
    }
  }

  /** The keys of the storage come from the catalog, with each table. */
  @Test
  void restThatVendsTheKeysOfTheStorage() throws Exception {
    try (S3Server server = S3Server.start(folder.resolve("s3"));
        FaultyS3 s3 = FaultyS3.before(server)) {
      Files.createDirectories(folder.resolve("on-s3"));
      Map<String, String> onS3 = new HashMap<>(Lake.embedded(folder.resolve("on-s3")));
      onS3.putAll(server.fileIo());
      onS3.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
      Catalog tables = Lake.open("on-s3", onS3);
      try (RestCatalog catalog = RestCatalog.before(tables);
          RestFront front =
              new RestFront(
                  catalog,
                  Optional.empty(),
                  Map.of(
                      "s3.access-key-id",
                      S3Server.ACCESS_KEY,
                      "s3.secret-access-key",
                      S3Server.SECRET_KEY))) {
        Map<String, String> settings = new HashMap<>(s3.fileIo(server));
        settings.keySet().removeAll(java.util.Set.of("s3.access-key-id", "s3.secret-access-key"));
        settings.put("type", "rest");
        settings.put("uri", front.uri());
        works(settings);
        assertThat(s3.takeRequests())
            .filteredOn(request -> request.method().equals("PUT"))
            .isNotEmpty()
            .allMatch(request ->
                request
                    .header("Authorization")
                    .orElseThrow()
                    .contains("Credential=" + S3Server.ACCESS_KEY + "/"));
      } finally {
        Lake.closing(tables).close();
      }
    }
  }

  private Map<String, String> local(Map<String, String> catalog) {
    Map<String, String> properties = new HashMap<>(catalog);
    properties.put("io-impl", dev.firn.writer.LocalFileIO.class.getName());
    if (!"rest".equals(catalog.get("type"))) {
      properties.put("warehouse", folder.resolve("warehouse").toUri().toString());
    }
    return properties;
  }

  /** Written, taken over by another process, written on, and read. */
  private static void works(Map<String, String> settings) throws IOException {
    for (int run = 0; run < 2; run++) {
      try (SmallPipeline pipeline = new SmallPipeline(settings, true)) {
        assertThat(pipeline.commit(10 + run).tables()).hasSize(1);
      }
    }
    SinkSettings sink = SinkSettings.parse(settings, 1L << 30);
    Catalog catalog = Lake.open(sink.catalogName(), sink.catalog());
    try {
      assertThat(SmallPipeline.rows(catalog))
          .hasSize(102)
          .containsEntry(9, "first")
          .containsEntry(10, "again")
          .containsEntry(11, "again")
          .containsEntry(1010, "new")
          .containsEntry(1011, "new");
    } finally {
      Lake.closing(catalog).close();
    }
  }
}
