package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.cleaning.CleaningSettings;
import dev.firn.compaction.retention.RetentionSettings;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * How the tables are maintained.
 *
 * @param isBeside whether the pipeline's process does it
 * @param interval how often a table is looked at
 * @param maxLag while the lake is further behind the source, the work waits
 */
record MaintenanceConfig(
    boolean isBeside,
    Duration interval,
    Duration maxLag,
    RetentionSettings retention,
    CleaningSettings cleaning) {
  private static final String BESIDE = "maintenance";
  private static final String INTERVAL = "maintenance.interval";
  private static final String MAX_LAG = "maintenance.max-lag";
  private static final String RETENTION = "retention.";
  private static final String CLEANING = "clean.";

  private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);
  private static final Duration LEAST_INTERVAL = Duration.ofSeconds(1);
  private static final Duration DEFAULT_MAX_LAG = Duration.ofSeconds(5);

  MaintenanceConfig {
    requireNonNull(interval, "interval is null");
    requireNonNull(maxLag, "maxLag is null");
    requireNonNull(retention, "retention is null");
    requireNonNull(cleaning, "cleaning is null");
  }

  /** What is not given has its default. */
  static MaintenanceConfig parse(Keys keys) {
    Duration interval = keys.duration(INTERVAL).orElse(DEFAULT_INTERVAL);
    if (interval.compareTo(LEAST_INTERVAL) < 0) {
      throw keys.illValued(INTERVAL, "a duration such as 10s or 1m, at least 1s");
    }
    return new MaintenanceConfig(
        keys.truth(BESIDE).orElse(true),
        interval,
        keys.duration(MAX_LAG).orElse(DEFAULT_MAX_LAG),
        under(RETENTION, keys, RetentionSettings::of),
        under(CLEANING, keys, CleaningSettings::of));
  }

  /** All keys that are read here. */
  static Set<String> keys() {
    Set<String> keys = new HashSet<>(Set.of(BESIDE, INTERVAL, MAX_LAG));
    keys.addAll(prefixed(RETENTION, RetentionSettings.keys()));
    keys.addAll(prefixed(CLEANING, CleaningSettings.keys()));
    return keys;
  }

  private static Set<String> prefixed(String prefix, Collection<String> names) {
    Set<String> keys = new HashSet<>();
    names.forEach(name -> keys.add(prefix + name));
    return keys;
  }

  private static <S> S under(String prefix, Keys keys, Function<Map<String, String>, S> parser) {
    Map<String, String> values = new HashMap<>();
    keys.values()
        .forEach((key, value) -> {
          if (key.startsWith(prefix)) {
            values.put(key.substring(prefix.length()), value);
          }
        });
    try {
      return parser.apply(values);
    } catch (IllegalArgumentException e) {
      throw new SettingsException(keys.prefix() + prefix + e.getMessage(), e);
    }
  }
}
