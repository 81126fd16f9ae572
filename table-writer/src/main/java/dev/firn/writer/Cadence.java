package dev.firn.writer;

import java.time.Duration;

/**
 * When the next commit may start: as soon as the one before is done, but no sooner than a minimum
 * interval, and so that committing takes no more than about a third of the time.
 */
final class Cadence {
  private static final int COMMIT_SHARE = 3;
  private static final double WEIGHT_OF_LAST = 0.2;

  private final long minNanos;
  private double averageNanos;
  private long nextStart = Long.MIN_VALUE;

  Cadence(Duration minInterval) {
    this.minNanos = minInterval.toNanos();
  }

  /**
   * Notes a commit.
   *
   * @param started when it started, in nanoseconds of a monotonic clock
   * @param took nanoseconds
   */
  void committed(long started, long took) {
    averageNanos = averageNanos == 0 ? took : averageNanos + WEIGHT_OF_LAST * (took - averageNanos);
    nextStart = started + Math.max(minNanos, (long) (COMMIT_SHARE * averageNanos));
  }

  /** Nanoseconds to wait from {@code now} before the next commit starts; 0 or less: none. */
  long remaining(long now) {
    return nextStart == Long.MIN_VALUE ? 0 : nextStart - now;
  }
}
