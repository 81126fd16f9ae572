package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import org.junit.jupiter.api.Test;

class TestSchedule {
  private static final ZonedDateTime NOON =
      ZonedDateTime.of(2026, 3, 3, 12, 0, 0, 0, ZoneOffset.UTC);

  @Test
  void tellsTheNextTime() {
    assertThat(Schedule.parse("*/15 * * * *").after(NOON)).contains(NOON.plusMinutes(15));
    assertThat(Schedule.parse("30 3 * * *").after(NOON))
        .contains(NOON.plusDays(1).withHour(3).withMinute(30));
  }

  @Test
  void aDayThatNeverComesHasNone() {
    assertThat(Schedule.parse("0 0 31 2 *").after(NOON)).isEmpty();
  }

  @Test
  void whatIsNoScheduleIsRefusedWithAnExample() {
    assertThatThrownBy(() -> Schedule.parse("every hour"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("--schedule 'every hour'")
        .hasMessageContaining("'*/15 * * * *'");
  }
}
