package dev.firn.compaction.cleaning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TestCleaningSettings {
  @Test
  void defaultsAreAnHourAndThreeDays() {
    assertThat(CleaningSettings.of(Map.of()))
        .isEqualTo(new CleaningSettings(Duration.ofHours(1), Duration.ofDays(3)))
        .isEqualTo(CleaningSettings.defaults());
  }

  @Test
  void durationsHaveUnits() {
    assertThat(CleaningSettings.of(Map.of("grace", "90m", "orphan-age", "36 H")))
        .isEqualTo(new CleaningSettings(Duration.ofMinutes(90), Duration.ofHours(36)));
    assertThat(CleaningSettings.of(Map.of("grace", "200")).grace())
        .isEqualTo(Duration.ofMillis(200));
    assertThat(CleaningSettings.of(Map.of("grace", "5s", "orphan-age", "2d")))
        .isEqualTo(new CleaningSettings(Duration.ofSeconds(5), Duration.ofDays(2)));
  }

  @Test
  void unknownKeysAndIllValuesAreNamed() {
    assertThatThrownBy(() -> CleaningSettings.of(Map.of("gracce", "1h")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("unknown key gracce=1h; the known keys are grace and orphan-age");
    assertThatThrownBy(() -> CleaningSettings.of(Map.of("grace", "soon")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("grace=soon: expected a duration such as 1h");
  }

  @Test
  void orphansYoungerThanAnHourAreNotTaken() {
    assertThatThrownBy(() -> CleaningSettings.of(Map.of("orphan-age", "59m")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("orphan-age=59m")
        .hasMessageContaining("at least 1h")
        .hasMessageContaining("still written");
    assertThatThrownBy(() -> new CleaningSettings(Duration.ZERO, Duration.ofMinutes(59)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
