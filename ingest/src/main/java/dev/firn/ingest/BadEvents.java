package dev.firn.ingest;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What becomes of events that their table in the lake cannot take as they are. */
public enum BadEvents {
  /** The pipeline stops and says what is wrong; nothing is lost. */
  STOP,
  /** They are kept in the quarantine, and the pipeline goes on. */
  QUARANTINE;

  static final String KEY = "bad-events";

  static BadEvents parse(Keys keys) {
    return keys.text(KEY)
        .map(value ->
            Arrays.stream(values())
                .filter(policy -> policy.text().equals(value))
                .findFirst()
                .orElseThrow(() ->
                    keys.illValued(
                        KEY,
                        Arrays.stream(values())
                            .map(BadEvents::text)
                            .collect(Collectors.joining(" or ")))))
        .orElse(STOP);
  }

  private String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
