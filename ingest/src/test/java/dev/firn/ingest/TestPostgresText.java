package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Dates and timestamps in the text that PostgreSQL writes for them. */
class TestPostgresText {
  @ParameterizedTest
  @CsvSource({
    "2026-03-01, 2026-03-01T00:00",
    "1582-10-10, 1582-10-10T00:00",
    "0044-03-15 BC, -0043-03-15T00:00",
    "12026-03-01, +12026-03-01T00:00",
    "2026-03-01 12:34:56, 2026-03-01T12:34:56",
    "2026-03-01 12:34:56.7, 2026-03-01T12:34:56.700",
    "2026-03-01 12:34:56.000001, 2026-03-01T12:34:56.000001",
    "2026-03-01 12:34:56+00, 2026-03-01T12:34:56",
    "2026-03-01 12:34:56.789012+00, 2026-03-01T12:34:56.789012",
    "2026-03-01 12:34:56+02, 2026-03-01T10:34:56",
    "2026-03-01 12:34:56.5-05:30, 2026-03-01T18:04:56.500",
    "2026-03-01 12:34:56.5+05, 2026-03-01T07:34:56.500",
    "0044-03-15 12:34:56.5+00 BC, -0043-03-15T12:34:56.500",
    "294276-12-31 23:59:59.999999, +294276-12-31T23:59:59.999999",
    "infinity, +999999999-12-31T23:59:59.999999999",
    "-infinity, -999999999-01-01T00:00"
  })
  void datesAndTimestampsAreRead(String text, LocalDateTime time) {
    assertThat(PostgresText.dateTime(text)).isEqualTo(time);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "now", "2026-03", "2026-03-01 12:34", "a026-03-01"})
  void otherTextsAreRefused(String text) {
    assertThatThrownBy(() -> PostgresText.dateTime(text)).isInstanceOf(RuntimeException.class);
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 10_000; i++) {
      LocalDateTime time =
          LocalDateTime.ofEpochSecond(
              random.nextLong(-210_000_000_000L, 9_000_000_000_000L),
              random.nextInt(1_000_000) * 1_000,
              ZoneOffset.UTC);
      assertThat(PostgresText.dateTime(PostgresText.written(time)))
          .as("seed " + seed)
          .isEqualTo(time);
      assertThat(PostgresText.dateTime(PostgresText.writtenInUtc(time))).isEqualTo(time);
      assertThat(PostgresText.dateTime(PostgresText.written(time.toLocalDate())))
          .isEqualTo(time.toLocalDate().atStartOfDay());
    }
  }
}
