package dev.firn.compaction.retention;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Locale;

/** A kind of period, by UTC, of which the last snapshots are kept under a tag each. */
enum Tier {
  MINUTE("m", "yyyyMMddHHmm", ChronoUnit.MINUTES),
  HOUR("h", "yyyyMMddHH", ChronoUnit.HOURS),
  DAY("d", "yyyyMMdd", ChronoUnit.DAYS),
  YEAR("y", "yyyy", ChronoUnit.YEARS);

  private final String prefix;
  private final String pattern;
  private final DateTimeFormatter format;
  private final ChronoUnit unit;

  Tier(String letter, String digits, ChronoUnit unit) {
    this.prefix = "firn_%s_".formatted(letter);
    this.pattern = "%s\\d{%d}".formatted(prefix, digits.length());
    this.format = DateTimeFormatter.ofPattern(digits, Locale.ROOT);
    this.unit = unit;
  }

  /** Which period an instant lies in; they count up without a gap. */
  long period(Instant instant) {
    return unit.between(Instant.EPOCH.atOffset(ZoneOffset.UTC), instant.atOffset(ZoneOffset.UTC));
  }

  /** What a snapshot of this time is called. */
  String tag(Instant instant) {
    return prefix + format.format(instant.atOffset(ZoneOffset.UTC));
  }

  /** Whether a tag is one of some tier. */
  static boolean isTag(String name) {
    return Arrays.stream(values()).anyMatch(tier -> name.matches(tier.pattern));
  }
}
