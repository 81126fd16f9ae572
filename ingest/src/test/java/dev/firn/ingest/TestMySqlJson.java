package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code MySqlIT} compares whole documents with what a server writes. */
class TestMySqlJson {
  @ParameterizedTest
  @CsvSource({
    "0, 0.0",
    "-0.0, -0.0",
    "2, 2.0",
    "-2.5, -2.5",
    "1e14, 100000000000000.0",
    "1e15, 1e15",
    "123456789012345.6, 123456789012345.6",
    "1234567890123456.8, 1234567890123456.8",
    "1.2345678901234568e16, 1.2345678901234568e16",
    "1e-5, 0.00001",
    "-1.5e-7, -0.00000015",
    "1.7976931348623157e308, 1.7976931348623157e308",
    "4.9e-324, 5e-324",
    "1.5e-323, 1.5e-323"
  })
  void numbersAreWrittenAsTheServerDoes(double value, String written) {
    assertThat(MySqlJson.written(value)).isEqualTo(written);
  }

  @Test
  void documentWithoutBytesIsNull() throws Exception {
    assertThat(MySqlJson.text(new byte[0])).isEqualTo("null");
  }
}
