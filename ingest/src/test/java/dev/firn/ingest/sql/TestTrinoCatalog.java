package dev.firn.ingest.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.SettingsException;
import dev.firn.writer.Lake;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TestTrinoCatalog {
  private static final Map<String, String> S3 =
      Map.of(
          "warehouse", "s3://lake/warehouse",
          "io-impl", "org.apache.iceberg.aws.s3.S3FileIO",
          "s3.endpoint", "http://minio:9000",
          "s3.path-style-access", "true",
          "client.region", "us-east-1",
          "s3.access-key-id", "firn",
          "s3.secret-access-key", "hidden",
          "s3.multipart.size-bytes", "10000000");

  private static Map<String, String> trino(Map<String, String> properties) {
    return TrinoCatalog.embedded(new QueriedLake("lake", properties));
  }

  private static Map<String, String> with(Map<String, String> properties, String... more) {
    Map<String, String> all = new HashMap<>(properties);
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  @Test
  void embeddedLakeIsReadFromItsFolder() {
    assertThat(trino(Lake.embedded(Path.of("/data/lake"))))
        .containsExactlyInAnyOrderEntriesOf(
            Map.ofEntries(
                Map.entry("connector.name", "iceberg"),
                Map.entry("iceberg.catalog.type", "jdbc"),
                Map.entry("iceberg.jdbc-catalog.catalog-name", "lake"),
                Map.entry("iceberg.jdbc-catalog.driver-class", "org.sqlite.JDBC"),
                Map.entry(
                    "iceberg.jdbc-catalog.connection-url",
                    "jdbc:sqlite:/data/lake/catalog.db?journal_mode=WAL&synchronous=FULL&busy_timeout=30000"),
                Map.entry("iceberg.jdbc-catalog.schema-version", "V1"),
                Map.entry(
                    "iceberg.jdbc-catalog.default-warehouse-dir", "file:///data/lake/warehouse"),
                Map.entry("fs.local.enabled", "true"),
                Map.entry("local.location", "/"),
                Map.entry("iceberg.security", "read_only")));
  }

  @Test
  void databaseAsACatalogKeepsItsNameItsUserAndTheDriversParameters() {
    Map<String, String> trino =
        TrinoCatalog.embedded(
            new QueriedLake(
                "ours",
                with(
                    S3,
                    "type",
                    "jdbc",
                    "uri",
                    "jdbc:postgresql://db:5432/catalog?ssl=true",
                    "jdbc.user",
                    "me",
                    "jdbc.password",
                    "hidden",
                    "jdbc.connectTimeout",
                    "10")));
    assertThat(trino)
        .containsEntry("iceberg.jdbc-catalog.catalog-name", "ours")
        .containsEntry("iceberg.jdbc-catalog.driver-class", "org.postgresql.Driver")
        .containsEntry(
            "iceberg.jdbc-catalog.connection-url",
            "jdbc:postgresql://db:5432/catalog?ssl=true&connectTimeout=10")
        .containsEntry("iceberg.jdbc-catalog.connection-user", "me")
        .containsEntry("iceberg.jdbc-catalog.connection-password", "hidden")
        .containsEntry("iceberg.jdbc-catalog.schema-version", "V0")
        .containsEntry("fs.s3.enabled", "true")
        .containsEntry("s3.endpoint", "http://minio:9000")
        .containsEntry("s3.path-style-access", "true")
        .containsEntry("s3.region", "us-east-1")
        .containsEntry("s3.aws-access-key", "firn")
        .containsEntry("s3.aws-secret-key", "hidden")
        .doesNotContainKeys("fs.local.enabled", "s3.multipart.size-bytes");
  }

  @Test
  void restCatalogIsAskedWithItsCredentialsAndHeaders() {
    Map<String, String> trino =
        trino(
            with(
                S3,
                "type",
                "rest",
                "uri",
                "http://catalog:8181",
                "warehouse",
                "prod",
                "credential",
                "id:hidden",
                "scope",
                "PRINCIPAL_ROLE:ALL",
                "oauth2-server-uri",
                "http://idp/token",
                "header.X-Iceberg-Access-Delegation",
                "vended-credentials",
                "header.X-Realm",
                "r",
                "rest.client.socket-timeout-ms",
                "1000"));
    assertThat(trino)
        .containsEntry("iceberg.catalog.type", "rest")
        .containsEntry("iceberg.rest-catalog.uri", "http://catalog:8181")
        .containsEntry("iceberg.rest-catalog.warehouse", "prod")
        .containsEntry("iceberg.rest-catalog.security", "OAUTH2")
        .containsEntry("iceberg.rest-catalog.oauth2.credential", "id:hidden")
        .containsEntry("iceberg.rest-catalog.oauth2.scope", "PRINCIPAL_ROLE:ALL")
        .containsEntry("iceberg.rest-catalog.oauth2.server-uri", "http://idp/token")
        .containsEntry("iceberg.rest-catalog.vended-credentials-enabled", "true")
        .containsEntry("iceberg.rest-catalog.http-headers", "X-Realm:r");
  }

  @Test
  void encryptionOfFilesIsKeptToItsKind() {
    Map<String, String> rest = with(S3, "type", "rest", "uri", "http://catalog:8181");
    assertThat(trino(with(rest, "s3.sse.type", "kms", "s3.sse.key", "alias/lake")))
        .containsEntry("s3.sse.type", "KMS")
        .containsEntry("s3.sse.kms-key-id", "alias/lake");
    assertThat(trino(with(rest, "s3.sse.type", "s3"))).containsEntry("s3.sse.type", "S3");
  }

  @Test
  void whatTrinoHasNoWordForIsRefusedByName() {
    Map<String, String> rest = with(S3, "type", "rest", "uri", "http://catalog:8181");
    assertThatThrownBy(() -> trino(with(rest, "s3.session-token", "hidden", "gcs.project-id", "p")))
        .isInstanceOf(SettingsException.class)
        .hasMessage(
            "Trino cannot be told of gcs.project-id, s3.session-token of this lake's catalog");
    assertThatThrownBy(() -> trino(with(S3, "type", "jdbc", "uri", "jdbc:mysql://db/c?password=x")))
        .hasMessage("the catalog's database jdbc:mysql is neither SQLite nor PostgreSQL");
    assertThatThrownBy(() -> trino(Map.of("type", "hadoop", "warehouse", "/lake")))
        .hasMessageContaining("catalog of type hadoop");
    assertThatThrownBy(() -> trino(Map.of("type", "jdbc", "uri", "jdbc:sqlite:/a")))
        .hasMessageContaining("no property warehouse");
  }

  @Test
  void catalogsWithoutAClientInTheEmbeddedOneAreLeftToAnother() {
    QueriedLake glue =
        new QueriedLake("lake", with(S3, "type", "glue", "client.region", "eu-west-1"));
    assertThatThrownBy(() -> TrinoCatalog.embedded(glue))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("glue catalog")
        .hasMessageContaining("--print-config trino");
    assertThat(TrinoCatalog.of(glue))
        .containsEntry("iceberg.catalog.type", "glue")
        .containsEntry("hive.metastore.glue.region", "eu-west-1")
        .containsEntry("s3.region", "eu-west-1");
  }
}
