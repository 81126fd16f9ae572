package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class TestLakeProbe {
  private static final Map<String, String> NOWHERE =
      Map.of(
          "type",
          "jdbc",
          "warehouse",
          "s3://lake/warehouse",
          "io-impl",
          "org.apache.iceberg.aws.s3.S3FileIO",
          "s3.endpoint",
          "http://127.0.0.1:1",
          "s3.access-key-id",
          "a",
          "s3.secret-access-key",
          "b",
          "client.region",
          "us-east-1");

  @Test
  void storageIsReallyAsked() {
    assertThatThrownBy(() -> LakeProbe.askStorage(NOWHERE))
        .hasMessageContaining("Connection refused");
  }

  /** It may name the storage's region and keys itself, with each table. */
  @Test
  void storageBehindARestCatalogIsNotAsked() {
    assertThatCode(
            () -> LakeProbe.askStorage(Map.of("type", "rest", "warehouse", "s3://lake/warehouse")))
        .doesNotThrowAnyException();
  }
}
