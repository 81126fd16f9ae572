package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class TestCadence {
  private static final long MILLI = 1_000_000;

  private final Cadence cadence = new Cadence(Duration.ofMillis(200));

  @Test
  void firstCommitNeedNotWait() {
    assertThat(cadence.remaining(123)).isLessThanOrEqualTo(0);
  }

  @Test
  void cheapCommitsKeepTheMinimumInterval() {
    cadence.committed(1_000 * MILLI, 10 * MILLI);
    assertThat(cadence.remaining(1_010 * MILLI)).isEqualTo(190 * MILLI);
    assertThat(cadence.remaining(1_200 * MILLI)).isLessThanOrEqualTo(0);
  }

  @Test
  void committingTakesTwoThirdsOfTheTimeWhenCommitsStayDear() {
    for (int i = 0; i < 50; i++) {
      cadence.committed(0, 300 * MILLI);
    }
    assertThat(cadence.remaining(0)).isBetween(440 * MILLI, 450 * MILLI);
  }

  @Test
  void oneSlowCommitDoesNotSlowTheNextOnes() {
    cadence.committed(0, 5_000 * MILLI);
    cadence.committed(0, 50 * MILLI);
    assertThat(cadence.remaining(0)).isEqualTo(200 * MILLI);
  }
}
