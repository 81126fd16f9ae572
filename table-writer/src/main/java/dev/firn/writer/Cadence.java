package dev.firn.writer;

import java.time.Duration;

/**
 * When the next commit may start: as soon as the one before is done, but no sooner than a minimum
 * interval, and so that committing takes no more than about two thirds of the time.
 */
final class Cadence {
  private static final double COMMIT_SHARE = 1.5;
  private static final double WEIGHT_OF_SLOWER = 0.2;

  private final long minNanos;
  private double typicalNanos;
  private long nextStart = Long.MIN_VALUE;

  Cadence(Duration minInterval) {
    this.minNanos = minInterval.toNanos();
  }

  /**
   * Notes a commit.
   *
   * @param started when its batch was taken, in nanoseconds of a monotonic clock
   * @param took how long the commit itself took, in nanoseconds
   */
  void committed(long started, long took) {
    // The first commits of a process are slow: what is faster than usual counts at once.
    typicalNanos = Math.min((double) took, typicalNanos + WEIGHT_OF_SLOWER * (took - typicalNanos));
    nextStart = started + Math.max(minNanos, (long) (COMMIT_SHARE * typicalNanos));
  }

  /** Nanoseconds to wait from {@code now} before the next commit starts; 0 or less: none. */
  long remaining(long now) {
    return nextStart == Long.MIN_VALUE ? 0 : nextStart - now;
  }
}
