package dev.firn.ingest.sql;

import dev.firn.ingest.SettingsException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** A lake's properties, put one by one into the words of an engine; none may be left over. */
final class Translation {
  /** What concerns who writes, or how fast something goes, but not what is read. */
  private static final Pattern WITHOUT_MEANING =
      Pattern.compile(
          "type|catalog-impl|io-impl|clients|cache-enabled|cache\\..*|client-pool-cache-keys|io\\..*"
              + "|http-client\\..*|metrics-reporter-impl|lock-impl|lock\\..*|snapshot-loading-mode"
              + "|rest\\.client\\..*|rest-.*|user|jdbc\\.(init-catalog-tables|strict-mode)"
              + "|s3\\.(multipart|write|delete|checksum|retry|preload|acl|staging|tags|crt|connection)[.-].*"
              + "|s3\\.(acl|checksum-enabled|delete-enabled|delete\\.num-threads|sse\\.md5)");

  private final Map<String, String> left;
  private final Map<String, String> said = new LinkedHashMap<>();

  Translation(QueriedLake lake) {
    this.left = new TreeMap<>(lake.properties());
  }

  Optional<String> take(String key) {
    return Optional.ofNullable(left.remove(key));
  }

  /** Those that start with a prefix, which is left out of their keys. */
  Map<String, String> takeBelow(String prefix) {
    Map<String, String> below = new TreeMap<>();
    for (String key : new TreeSet<>(left.keySet())) {
      if (key.startsWith(prefix) && !WITHOUT_MEANING.matcher(key).matches()) {
        below.put(key.substring(prefix.length()), take(key).orElseThrow());
      }
    }
    return below;
  }

  String require(String key) {
    return take(key)
        .orElseThrow(() -> new SettingsException("the lake's catalog has no property " + key));
  }

  void say(String key, String value) {
    said.put(key, value);
  }

  /** The engine's word for one, if it is there. */
  void map(String key, String word) {
    take(key).ifPresent(value -> say(word, value));
  }

  /**
   * What was said.
   *
   * @throws SettingsException something that matters to a reader has no word in this engine
   */
  Map<String, String> finish(String engine) {
    left.keySet().removeIf(key -> WITHOUT_MEANING.matcher(key).matches());
    if (!left.isEmpty()) {
      throw new SettingsException(
          "%s cannot be told of %s of this lake's catalog"
              .formatted(engine, String.join(", ", left.keySet())));
    }
    return said;
  }
}
