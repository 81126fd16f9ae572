package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one health check found.
 *
 * @param data strings, whole numbers and truth values, in the order in which they are shown
 */
record Verdict(String name, boolean isUp, Map<String, Object> data) {
  static final String REASON = "reason";

  Verdict {
    requireNonNull(name, "name is null");
    data = Collections.unmodifiableMap(new LinkedHashMap<>(data));
  }

  static Verdict down(String name, String reason) {
    return new Verdict(name, false, Map.of(REASON, reason));
  }
}
