package dev.firn.ingest;

import dev.firn.compaction.CompactionStoppedException;
import dev.firn.compaction.Pacer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Lets the maintenance give way to the pipeline: it rests as long as it works, and waits while the
 * lake is behind.
 *
 * <p>It does not wait for ever: a pipeline that is always behind needs its tables compacted, too.
 */
final class GivingWay implements Pacer {
  /** Work of less is not worth a rest. */
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final long LOOK_MILLIS = 100;

  /** In one round the work is held back for so long at most. */
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

  private final Supplier<Duration> lag;
  private final Duration maxLag;
  private final BooleanSupplier isFragile;
  private final CountDownLatch stopped;
  private final LongSupplier nanos;
  private long workingSince;
  private long heldNanos;

  /**
   * @param lag how far the lake is behind the source
   * @param isFragile whether the pipeline does what a rewrite would break
   * @param stopped at zero the work is to end
   * @param nanos a clock
   */
  GivingWay(
      Supplier<Duration> lag,
      Duration maxLag,
      BooleanSupplier isFragile,
      CountDownLatch stopped,
      LongSupplier nanos) {
    this.lag = lag;
    this.maxLag = maxLag;
    this.isFragile = isFragile;
    this.stopped = stopped;
    this.nanos = nanos;
    this.workingSince = nanos.getAsLong();
  }

  /** A round begins. */
  void begin() {
    heldNanos = 0;
    workingSince = nanos.getAsLong();
  }

  @Override
  public void pace() {
    requireGoing();
    long worked = nanos.getAsLong() - workingSince;
    if (worked < SLICE_NANOS && !isFragile.getAsBoolean()) {
      return;
    }
    pause(TimeUnit.NANOSECONDS.toMillis(worked));
    while (isFragile.getAsBoolean()) {
      pause(LOOK_MILLIS);
    }
    while (isBehind()) {
      long before = nanos.getAsLong();
      pause(LOOK_MILLIS);
      heldNanos += nanos.getAsLong() - before;
    }
    workingSince = nanos.getAsLong();
  }

  private boolean isBehind() {
    return heldNanos < LONGEST_WAIT.toNanos() && lag.get().compareTo(maxLag) > 0;
  }

  private void pause(long millis) {
    try {
      boolean unused = stopped.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CompactionStoppedException("the process ends");
    }
    requireGoing();
  }

  private void requireGoing() {
    if (stopped.getCount() == 0) {
      throw new CompactionStoppedException("the process ends");
    }
  }
}
