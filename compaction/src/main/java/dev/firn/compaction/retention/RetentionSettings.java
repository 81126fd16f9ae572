package dev.firn.compaction.retention;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.Durations;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which snapshots and changes stay.
 *
 * @param recent all snapshots that are no older
 * @param recentSnapshots so many of the newest ones, however old
 * @param minutes for so many minutes that are over, the last snapshot of each
 * @param hours the same for hours
 * @param days the same for days
 * @param years the same for years
 * @param changelog for how long changes stay in changelogs; empty: for ever
 */
public record RetentionSettings(
    Duration recent,
    int recentSnapshots,
    int minutes,
    int hours,
    int days,
    int years,
    Optional<Duration> changelog) {
  private static final Set<String> KEYS =
      Set.of("recent", "recent-snapshots", "minutes", "hours", "days", "years", "changelog");
  private static final Pattern COUNT = Pattern.compile("\\d{1,6}");
  private static final String FOREVER = "forever";

  public RetentionSettings {
    requireNonNull(recent, "recent is null");
    requireNonNull(changelog, "changelog is null");
    if (recentSnapshots < 1) {
      throw new IllegalArgumentException(
          "recent-snapshots=%d: expected at least 1".formatted(recentSnapshots));
    }
  }

  /**
   * Parses settings; what is not given has its default.
   *
   * @throws IllegalArgumentException naming the key, its value and what is allowed
   */
  public static RetentionSettings of(Map<String, String> given) {
    given.forEach((key, value) -> {
      if (!KEYS.contains(key)) {
        throw new IllegalArgumentException(
            "unknown key %s=%s; known are %s"
                .formatted(key, value, String.join(", ", new TreeSet<>(KEYS))));
      }
    });
    return new RetentionSettings(
        duration("recent", given.getOrDefault("recent", "5m"), "200, 200ms, 30s, 5m, 12h or 7d"),
        count("recent-snapshots", given, 100, 1),
        count("minutes", given, 60, 0),
        count("hours", given, 48, 0),
        count("days", given, 90, 0),
        count("years", given, 100, 0),
        changelog(given.getOrDefault("changelog", FOREVER)));
  }

  /** All keys that there are. */
  public static Set<String> keys() {
    return KEYS;
  }

  /** For how many periods of a tier the last snapshot stays. */
  int count(Tier tier) {
    return switch (tier) {
      case MINUTE -> minutes;
      case HOUR -> hours;
      case DAY -> days;
      case YEAR -> years;
    };
  }

  private static Optional<Duration> changelog(String value) {
    return value.strip().toLowerCase(Locale.ROOT).equals(FOREVER)
        ? Optional.empty()
        : Optional.of(duration("changelog", value, "365d, 12h or forever"));
  }

  private static int count(String key, Map<String, String> given, int otherwise, int least) {
    String value = given.getOrDefault(key, Integer.toString(otherwise)).strip();
    if (!COUNT.matcher(value).matches() || Integer.parseInt(value) < least) {
      throw illValued(key, value, "a whole number from %d to 999999".formatted(least));
    }
    return Integer.parseInt(value);
  }

  private static Duration duration(String key, String value, String examples) {
    return Durations.parse(value)
        .orElseThrow(() -> illValued(key, value, "a duration such as " + examples));
  }

  private static IllegalArgumentException illValued(String key, String value, String allowed) {
    return new IllegalArgumentException("%s=%s: expected %s".formatted(key, value, allowed));
  }
}
