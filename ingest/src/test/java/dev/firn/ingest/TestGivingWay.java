package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.compaction.CompactionStoppedException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class TestGivingWay {
  private static final Duration MAX_LAG = Duration.ofSeconds(5);
  private static final long WORKED = TimeUnit.MILLISECONDS.toNanos(20);

  private final CountDownLatch stopped = new CountDownLatch(1);
  private final AtomicLong nanos = new AtomicLong();

  /** How far the clock goes each time that somebody looks at it. */
  private long hurried;

  private int looks;

  /** How often it is told that it would break something. */
  private int fragile;

  private GivingWay givingWay(Supplier<Duration> lag) {
    return new GivingWay(
        () -> {
          looks++;
          return lag.get();
        },
        MAX_LAG,
        () -> fragile-- > 0,
        stopped,
        () -> nanos.addAndGet(hurried));
  }

  @Test
  void aMomentOfWorkNeedsNoRest() {
    GivingWay pacer = givingWay(() -> Duration.ofHours(1));
    pacer.pace();
    assertThat(looks).isZero();
  }

  @Test
  void itRestsAsLongAsItHasWorked() {
    GivingWay pacer = givingWay(() -> Duration.ZERO);
    nanos.addAndGet(WORKED);
    long before = System.nanoTime();
    pacer.pace();
    assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(WORKED);
    assertThat(looks).isEqualTo(1);
  }

  @Test
  void whileTheLakeIsBehindItWaits() {
    GivingWay pacer = givingWay(() -> looks < 3 ? MAX_LAG.plusMillis(1) : MAX_LAG);
    nanos.addAndGet(WORKED);
    pacer.pace();
    assertThat(looks).isEqualTo(3);
  }

  @Test
  void itNeverWorksWhereItWouldBreakSomething() {
    GivingWay pacer = givingWay(() -> Duration.ZERO);
    fragile = 3;
    long before = System.nanoTime();
    pacer.pace();
    assertThat(fragile).isNegative();
    assertThat(System.nanoTime() - before).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(200));
  }

  @Test
  void itDoesNotWaitForEver() {
    GivingWay pacer =
        givingWay(() -> {
          hurried = Duration.ofMinutes(6).toNanos();
          return Duration.ofHours(1);
        });
    paceAfterWork(pacer);
    int looksOfFirst = looks;
    paceAfterWork(pacer);
    assertThat(looks).as("its time is used up").isEqualTo(looksOfFirst);
    pacer.begin();
    paceAfterWork(pacer);
    assertThat(looks).as("until the next round").isGreaterThan(looksOfFirst);
  }

  private void paceAfterWork(GivingWay pacer) {
    hurried = 0;
    nanos.addAndGet(WORKED);
    pacer.pace();
  }

  @Test
  void theEndOfTheProcessEndsIt() {
    GivingWay pacer =
        givingWay(() -> {
          stopped.countDown();
          return Duration.ofHours(1);
        });
    nanos.addAndGet(WORKED);
    assertThatThrownBy(pacer::pace).isInstanceOf(CompactionStoppedException.class);
    assertThatThrownBy(pacer::pace).isInstanceOf(CompactionStoppedException.class);
  }
}
