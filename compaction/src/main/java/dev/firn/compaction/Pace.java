package dev.firn.compaction;

import java.time.Duration;

/**
 * How long the rewrites of one table take, next to what was estimated: on this machine, with these
 * rows, beside whatever else is going on.
 */
final class Pace {
  /** What lies so much work back counts half. */
  private static final double HALF_LIFE_SECONDS = 60;

  /** A machine may be faster than was estimated, but that is not relied upon. */
  private static final double LEAST = 0.5;

  // Until something is known, the estimate is as good as a second of work.
  private double estimatedSeconds = 1;
  private double takenSeconds = 1;

  /** A rewrite that was to take the one has taken the other, without its waits. */
  void add(Duration estimated, Duration taken) {
    double half = Math.pow(0.5, seconds(estimated) / HALF_LIFE_SECONDS);
    estimatedSeconds = estimatedSeconds * half + seconds(estimated);
    takenSeconds = takenSeconds * half + seconds(taken);
  }

  /** How long it is going to take in truth. */
  Duration of(Duration estimated) {
    double factor = Math.max(LEAST, takenSeconds / estimatedSeconds);
    return Duration.ofNanos((long) (estimated.toNanos() * factor));
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
