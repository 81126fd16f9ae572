package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.iceberg.exceptions.NotFoundException;
import org.junit.jupiter.api.Test;

class TestUploads {
  private static final String MANIFEST = "s3://bucket/table/metadata/1-m0.avro";

  @Test
  void whoeverReadsWhatCouldNotBeUploadedIsToldSo() {
    assertThatThrownBy(() ->
            Uploads.overlapping(() -> {
              refuse(MANIFEST);
              Uploads.settle(MANIFEST);
              throw new NotFoundException("Location does not exist: %s", MANIFEST);
            }))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("Cannot upload " + MANIFEST)
        .hasStackTraceContaining("access denied")
        .satisfies(told ->
            assertThat(told.getSuppressed()).hasOnlyElementsOfType(NotFoundException.class));
  }

  @Test
  void workThatFailsByItselfIsNotExplained() {
    NotFoundException missing = new NotFoundException("Location does not exist: %s", MANIFEST);

    assertThatThrownBy(() ->
            Uploads.overlapping(() -> {
              throw missing;
            }))
        .isSameAs(missing);
  }

  private static void refuse(String location) {
    try {
      Uploads.close(
          location,
          () -> {
            throw new IOException("access denied");
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
