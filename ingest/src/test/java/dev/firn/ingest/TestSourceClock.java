package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TestSourceClock {
  private static final Instant NOW = Instant.parse("2026-11-21T06:00:00Z");
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static SourceClock clock(int heardAgo, int caughtUpAgo, int sourceTimeAgo) {
    return new SourceClock(
        NOW.minusSeconds(heardAgo),
        Optional.of(NOW.minusSeconds(caughtUpAgo)),
        Optional.of(NOW.minusSeconds(sourceTimeAgo)),
        PATIENCE);
  }

  @Test
  void nothingLagsWhileTheLakeHoldsAllThatCame() {
    assertThat(clock(1, 1, 3600).lag(NOW)).isZero();
  }

  @Test
  void lagCountsFromTheLastTransactionInTheLake() {
    assertThat(clock(0, 90, 7).lag(NOW)).isEqualTo(Duration.ofSeconds(7));
  }

  @Test
  void lagCountsFromWhenAllWasThereIfTheLastTransactionIsOlder() {
    assertThat(clock(0, 5, 3600).lag(NOW)).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void silentSourceIsNotKnownToHaveNothingMore() {
    SourceClock clock = clock(30, 30, 3600);
    assertThat(clock.silent(NOW)).contains(Duration.ofSeconds(30));
    assertThat(clock.lag(NOW)).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void patienceIsThreeHeartbeatsAndAtLeastTenSeconds() {
    assertThat(SourceClock.patience(Duration.ofSeconds(1))).isEqualTo(Duration.ofSeconds(10));
    assertThat(SourceClock.patience(Duration.ofSeconds(20))).isEqualTo(Duration.ofSeconds(60));
    assertThat(SourceClock.patience(Duration.ZERO)).isGreaterThan(Duration.ofDays(1000));
  }
}
