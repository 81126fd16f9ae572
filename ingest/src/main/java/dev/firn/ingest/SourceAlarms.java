package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * When the source is given up or complained about.
 *
 * @param maxSilence without a sign of life for so long a connection to the source is closed and
 *     made anew
 * @param maxRetainedBytes more log than this kept for the slot is an alarm
 */
record SourceAlarms(Duration maxSilence, long maxRetainedBytes) {
  static final String MAX_SILENCE = "source.max-silence";
  static final String MAX_RETAINED = "source.max-retained-wal";

  private static final Duration DEFAULT_MAX_SILENCE = Duration.ofSeconds(30);
  private static final Duration LEAST_MAX_SILENCE = Duration.ofSeconds(3);
  private static final Duration DEFAULT_LOOK = Duration.ofSeconds(10);
  private static final int LOOKS = 3;
  private static final long DEFAULT_MAX_RETAINED = 10L << 30;

  SourceAlarms {
    requireNonNull(maxSilence, "maxSilence is null");
  }

  static SourceAlarms parse(Keys keys) {
    Duration silence = keys.duration(MAX_SILENCE).orElse(DEFAULT_MAX_SILENCE);
    if (silence.compareTo(LEAST_MAX_SILENCE) < 0) {
      throw keys.illValued(MAX_SILENCE, "a duration such as 30s or 2m, at least 3s");
    }
    return new SourceAlarms(
        silence, keys.bytes(MAX_RETAINED, 1L << 20).orElse(DEFAULT_MAX_RETAINED));
  }

  /** How often the source is looked at. */
  Duration lookEvery() {
    Duration often = maxSilence.dividedBy(LOOKS);
    return often.compareTo(DEFAULT_LOOK) < 0 ? often : DEFAULT_LOOK;
  }
}
