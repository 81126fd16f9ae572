package dev.firn.ingest.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.SettingsException;
import dev.firn.writer.Lake;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TestPrintedConfig {
  private static final QueriedLake EMBEDDED =
      new QueriedLake("lake", Lake.embedded(Path.of("/data/lake")));
  private static final QueriedLake DATABASE =
      new QueriedLake(
          "ours",
          Map.ofEntries(
              Map.entry("type", "jdbc"),
              Map.entry("uri", "jdbc:postgresql://db:5432/catalog?password=hidden&ssl=true"),
              Map.entry("jdbc.user", "me"),
              Map.entry("jdbc.password", "hidden"),
              Map.entry("client.factory", "dev.firn.ingest.TimedS3"),
              Map.entry("firn.s3.attempt-timeout-ms", "1"),
              Map.entry("warehouse", "s3://lake/warehouse"),
              Map.entry("s3.endpoint", "http://minio:9000"),
              Map.entry("s3.path-style-access", "true"),
              Map.entry("client.region", "us-east-1"),
              Map.entry("s3.access-key-id", "firn"),
              Map.entry("s3.secret-access-key", "hidden")));
  private static final QueriedLake REST =
      new QueriedLake(
          "lake",
          Map.of(
              "type", "rest",
              "uri", "http://catalog:8181",
              "warehouse", "prod",
              "credential", "id:hidden",
              "header.Authorization", "Bearer hidden"));

  private static String text(PrintedConfig engine, QueriedLake lake) {
    return engine.text(lake, Map.of());
  }

  @ParameterizedTest
  @EnumSource(PrintedConfig.class)
  void noSecretIsPrinted(PrintedConfig engine) {
    assertThat(text(engine, DATABASE)).doesNotContain("hidden").contains("SECRET");
  }

  @ParameterizedTest
  @EnumSource(PrintedConfig.class)
  void nothingOfFirnsOwnIsPrinted(PrintedConfig engine) {
    assertThat(text(engine, DATABASE)).doesNotContain("dev.firn", "attempt-timeout");
    assertThat(text(engine, EMBEDDED)).doesNotContain("dev.firn");
  }

  @Test
  void variableOfTheConfigurationIsNamed() {
    Map<String, String> variables = Map.of("s3.secret-access-key", "OUR_KEY");
    assertThat(PrintedConfig.TRINO.text(DATABASE, variables))
        .contains("s3.aws-secret-key=${ENV:OUR_KEY}")
        .contains("connection-password=${ENV:JDBC_PASSWORD}")
        .contains("catalog?password=${ENV:PASSWORD}&ssl=true");
  }

  @Test
  void sparksCatalogBearsTheWritersNameInADatabase() {
    assertThat(text(PrintedConfig.SPARK, DATABASE))
        .contains("spark.sql.catalog.ours.uri jdbc:postgresql://db:5432/catalog?")
        .contains("spark.sql.catalog.ours.s3.secret-access-key ${S3_SECRET_ACCESS_KEY}");
    assertThat(text(PrintedConfig.SPARK, REST)).contains("spark.sql.catalog.lake.type rest");
  }

  @Test
  void pythonGetsTheCatalogsDatabase() {
    assertThat(text(PrintedConfig.PYICEBERG, EMBEDDED).lines())
        .contains(
            "  lake:",
            "    type: \"sql\"",
            "    uri: \"sqlite:////data/lake/catalog.db\"",
            "    warehouse: \"file:///data/lake/warehouse\"");
    assertThat(text(PrintedConfig.PYICEBERG, DATABASE).lines())
        .contains(
            "  ours:",
            "    uri: \"postgresql+psycopg2://me:${JDBC_PASSWORD}@db:5432/catalog\"",
            "    s3.region: \"us-east-1\"");
    assertThat(text(PrintedConfig.PYICEBERG, REST)).contains("type: \"rest\"");
  }

  @Test
  void duckAttachesWhatItCan() {
    assertThat(text(PrintedConfig.DUCKDB, EMBEDDED))
        .contains("ATTACH '/data/lake/catalog.db' AS catalog (TYPE sqlite, READ_ONLY);");
    assertThat(text(PrintedConfig.DUCKDB, DATABASE))
        .contains("ENDPOINT 'minio:9000', USE_SSL false, URL_STYLE 'path'")
        .contains("ATTACH 'postgresql://me:${JDBC_PASSWORD}@db:5432/catalog'")
        .contains("catalog_name = 'ours'");
    QueriedLake glue = new QueriedLake("lake", Map.of("type", "glue"));
    assertThatThrownBy(() -> text(PrintedConfig.DUCKDB, glue))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("not of a glue catalog");
  }
}
