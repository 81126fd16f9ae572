package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What the times of one run tell of its lag.
 *
 * @param heardAt when the source was last heard of, by an event or a heartbeat
 * @param caughtUpAt when the lake last held all that had come; empty before the first time
 * @param sourceTime when the source committed the last transaction that is in the lake
 * @param patience how long a silence is nothing unusual
 */
record SourceClock(
    Instant heardAt,
    Optional<Instant> caughtUpAt,
    Optional<Instant> sourceTime,
    Duration patience) {
  private static final Duration LEAST_PATIENCE = Duration.ofSeconds(10);
  private static final int HEARTBEATS = 3;

  SourceClock {
    requireNonNull(heardAt, "heardAt is null");
    requireNonNull(caughtUpAt, "caughtUpAt is null");
    requireNonNull(sourceTime, "sourceTime is null");
    requireNonNull(patience, "patience is null");
  }

  /** A source without heartbeats may be silent for as long as it likes. */
  static Duration patience(Duration heartbeat) {
    Duration some = heartbeat.multipliedBy(HEARTBEATS);
    return heartbeat.isZero()
        ? Duration.ofDays(36_500)
        : some.compareTo(LEAST_PATIENCE) > 0 ? some : LEAST_PATIENCE;
  }

  /**
   * How far the lake is behind the source: nothing while it holds all that came and more would have
   * been heard of; else the time since the last transaction in it, or since it last held all.
   */
  Duration lag(Instant now) {
    boolean caughtUp = caughtUpAt.map(at -> !at.isBefore(heardAt)).orElse(false);
    if (caughtUp && silent(now).isEmpty()) {
      return Duration.ZERO;
    }
    Instant known = sourceTime.orElse(now);
    if (caughtUpAt.isPresent() && caughtUpAt.orElseThrow().isAfter(known)) {
      known = caughtUpAt.orElseThrow();
    }
    return known.isAfter(now) ? Duration.ZERO : Duration.between(known, now);
  }

  /** For how long the source has been silent, when that is unusual. */
  Optional<Duration> silent(Instant now) {
    Duration silence = Duration.between(heardAt, now);
    return silence.compareTo(patience) > 0 ? Optional.of(silence) : Optional.empty();
  }
}
