package dev.firn.compaction.cleaning;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.Durations;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * When a file that nothing reaches may be removed.
 *
 * @param grace how long after the expiry of a snapshot a query that reads it may still run
 * @param orphanAge a file that is younger may belong to a commit that is yet to come
 */
public record CleaningSettings(Duration grace, Duration orphanAge) {
  public static final String GRACE = "grace";
  public static final String ORPHAN_AGE = "orphan-age";

  private static final Duration DEFAULT_GRACE = Duration.ofHours(1);
  private static final Duration DEFAULT_ORPHAN_AGE = Duration.ofDays(3);
  private static final Duration LEAST_ORPHAN_AGE = Duration.ofHours(1);

  public CleaningSettings {
    requireNonNull(grace, "grace is null");
    requireNonNull(orphanAge, "orphanAge is null");
    if (grace.isNegative()) {
      throw new IllegalArgumentException("grace is negative");
    }
    if (orphanAge.compareTo(LEAST_ORPHAN_AGE) < 0) {
      throw new IllegalArgumentException(
          "%s is less than an hour: files of transactions and compactions that are still written would be removed"
              .formatted(ORPHAN_AGE));
    }
  }

  public static CleaningSettings defaults() {
    return new CleaningSettings(DEFAULT_GRACE, DEFAULT_ORPHAN_AGE);
  }

  /**
   * Parses {@value #GRACE} and {@value #ORPHAN_AGE}; what is not given has its default.
   *
   * @throws IllegalArgumentException naming the key, its value and what is allowed
   */
  public static CleaningSettings of(Map<String, String> given) {
    for (String key : new TreeSet<>(given.keySet())) {
      if (!key.equals(GRACE) && !key.equals(ORPHAN_AGE)) {
        throw new IllegalArgumentException(
            "unknown key %s=%s; the known keys are %s and %s"
                .formatted(key, given.get(key), GRACE, ORPHAN_AGE));
      }
    }
    Duration grace = duration(given, GRACE, "1h, 90m or 0").orElse(DEFAULT_GRACE);
    Duration orphanAge = duration(given, ORPHAN_AGE, "3d or 36h").orElse(DEFAULT_ORPHAN_AGE);
    if (orphanAge.compareTo(LEAST_ORPHAN_AGE) < 0) {
      throw new IllegalArgumentException(
          "%s=%s: expected a duration such as 3d or 36h, at least 1h: files of transactions and compactions that are still written would be removed"
              .formatted(ORPHAN_AGE, given.get(ORPHAN_AGE)));
    }
    return new CleaningSettings(grace, orphanAge);
  }

  /** All keys that there are. */
  public static Set<String> keys() {
    return Set.of(GRACE, ORPHAN_AGE);
  }

  private static Optional<Duration> duration(
      Map<String, String> given, String key, String examples) {
    return Optional.ofNullable(given.get(key))
        .map(String::strip)
        .filter(text -> !text.isEmpty())
        .map(text ->
            Durations.parse(text)
                .orElseThrow(() ->
                    new IllegalArgumentException(
                        "%s=%s: expected a duration such as %s (units: ms, s, m, h, d)"
                            .formatted(key, text, examples))));
  }
}
