package dev.firn.compaction.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestRetentionSettings {
  @Test
  void whatIsNotGivenHasItsDefault() {
    assertThat(RetentionSettings.of(Map.of()))
        .isEqualTo(
            new RetentionSettings(Duration.ofMinutes(5), 100, 60, 48, 90, 100, Optional.empty()));
  }

  @Test
  void durationsHaveUnits() {
    assertThat(RetentionSettings.of(Map.of("recent", "200")).recent())
        .isEqualTo(Duration.ofMillis(200));
    assertThat(RetentionSettings.of(Map.of("recent", "2 H")).recent())
        .isEqualTo(Duration.ofHours(2));
    assertThat(RetentionSettings.of(Map.of("changelog", "365d")).changelog())
        .contains(Duration.ofDays(365));
    assertThat(RetentionSettings.of(Map.of("changelog", "forever")).changelog()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "recent, soon, recent=soon: expected a duration",
    "recent, -5m, recent=-5m: expected a duration",
    "changelog, never, changelog=never: expected a duration such as 365d",
    "hours, many, hours=many: expected a whole number from 0",
    "days, -1, days=-1: expected a whole number from 0",
    "years, 1000000, years=1000000: expected a whole number",
    "recent-snapshots, 0, recent-snapshots=0: expected a whole number from 1",
    "months, 12, unknown key months=12; known are changelog"
  })
  void anIllValueIsNamed(String key, String value, String message) {
    assertThatThrownBy(() -> RetentionSettings.of(Map.of(key, value)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
  }
}
