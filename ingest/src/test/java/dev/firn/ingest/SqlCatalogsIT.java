package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import dev.firn.testing.RestCatalog;
import dev.firn.testing.S3Server;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.iceberg.catalog.Catalog;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./firn sql} on lakes with their files on S3, by the configuration that wrote them. */
class SqlCatalogsIT {
  private static final String QUESTION =
      "SELECT count(*) AS n, count_if(note = 'again') AS again FROM lake.shop.orders";

  @TempDir private Path folder;
  private S3Server s3;

  @BeforeEach
  void startS3() {
    s3 = S3Server.start(folder.resolve("s3"));
  }

  @AfterEach
  void stopS3() {
    s3.close();
  }

  @Test
  void postgresqlKnowsTheTables() throws Exception {
    try (PostgresServer postgres = PostgresServer.start(18)) {
      PostgresCatalog.create(postgres);
      Map<String, String> lake = new HashMap<>(s3.fileIo());
      lake.putAll(PostgresCatalog.settings(postgres, "${LAKE_PASSWORD}"));
      lake.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
      answers(lake);
    }
  }

  /**
   * Who asks shows an id and a secret, and gets the storage's keys with each table: with a
   * session's token, without which Trino takes no vended keys.
   */
  @Test
  void restCatalogVendsTheKeys() throws Exception {
    Map<String, String> kept = new HashMap<>(Lake.embedded(folder));
    kept.putAll(s3.fileIo());
    kept.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    Catalog behind = Lake.open("behind", kept);
    try (RestCatalog rest = RestCatalog.before(behind);
        RestFront front =
            new RestFront(
                rest,
                Optional.of("a-token"),
                Map.of(
                    "s3.access-key-id",
                    S3Server.ACCESS_KEY,
                    "s3.secret-access-key",
                    S3Server.SECRET_KEY,
                    "s3.session-token",
                    "any"))) {
      Map<String, String> lake = new HashMap<>(s3.fileIo());
      lake.keySet().removeAll(Set.of("s3.access-key-id", "s3.secret-access-key"));
      lake.putAll(
          Map.of(
              "type",
              "rest",
              "uri",
              front.uri(),
              "credential",
              "firn:of-firn",
              "scope",
              "lake",
              "oauth2-server-uri",
              front.uri() + "/v1/oauth/tokens",
              "header.X-Iceberg-Access-Delegation",
              "vended-credentials"));
      answers(lake);
    } finally {
      Lake.closing(behind).close();
    }
  }

  private void answers(Map<String, String> lake) throws IOException, InterruptedException {
    Map<String, String> known = new HashMap<>(lake);
    known.replaceAll((key, value) -> value.replace("${LAKE_PASSWORD}", SqlCommandLine.SECRET));
    try (SmallPipeline pipeline = new SmallPipeline(known, true)) {
      pipeline.commit(10);
    }
    Path config = SqlCommandLine.config(folder, lake);
    SqlCommandLine.Run run =
        SqlCommandLine.run(
            folder, List.of("--config", config.toString(), "--json", "-e", QUESTION));
    run.assumeTrino();
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).containsExactly("{\"n\":101,\"again\":1}");
  }
}
