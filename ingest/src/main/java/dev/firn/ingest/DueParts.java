package dev.firn.ingest;

import static java.util.Collections.max;
import static java.util.Collections.min;

import dev.firn.compaction.maintenance.Part;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Tells which parts of a table's maintenance are due. */
final class DueParts {
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofHours(1);

  private final Map<Part, Duration> every = new EnumMap<>(Part.class);
  private final Map<Part, Instant> next = new EnumMap<>(Part.class);
  private Duration pause = Duration.ZERO;
  private Instant notBefore = Instant.MIN;

  /**
   * @param interval how often the table is looked at
   * @param grace how long files stay that nothing reaches
   * @param start of the process; those that may run for long begin later
   */
  DueParts(Duration interval, Duration grace, Instant start) {
    every.put(Part.REWRITE, interval);
    every.put(Part.RETENTION, max(List.of(interval, Duration.ofMinutes(1))));
    Duration quarter = max(List.of(grace.dividedBy(4), Duration.ofSeconds(30)));
    Duration sweep = min(List.of(quarter, Duration.ofMinutes(10)));
    every.put(Part.SWEEP, max(List.of(interval, sweep)));
    every.put(Part.ORPHANS, Duration.ofDays(1));
    next.put(Part.ORPHANS, start.plus(Duration.ofMinutes(10)));
  }

  /** What was due is done; where it failed, the pauses grow. */
  void done(boolean isWell, Instant now) {
    Duration longer = max(List.of(FIRST_PAUSE, pause.multipliedBy(2)));
    pause = isWell ? Duration.ZERO : min(List.of(LONGEST_PAUSE, longer));
    notBefore = now.plus(pause);
  }

  /** Those that are due, which are then due again after a time. */
  Set<Part> take(Instant now) {
    Set<Part> due = EnumSet.noneOf(Part.class);
    if (now.isBefore(notBefore)) {
      return due;
    }
    every.forEach((part, period) -> {
      if (!next.getOrDefault(part, Instant.MIN).isAfter(now)) {
        due.add(part);
        next.put(part, now.plus(period));
      }
    });
    return due;
  }
}
