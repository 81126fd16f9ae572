package dev.firn.ingest;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.iceberg.aws.s3.S3FileIOProperties;

/**
 * Sees to it that no request to a catalog or a storage waits without an end, unless the settings
 * bound it already.
 */
final class LakeTimeouts {
  private static final Duration CONNECT = Duration.ofSeconds(10);

  private LakeTimeouts() {}

  /**
   * The catalog's properties, and those that are missing.
   *
   * @param request how long one request may take
   */
  static Map<String, String> in(Map<String, String> catalog, Duration request) {
    Map<String, String> bounded = new HashMap<>(catalog);
    if (!catalog.containsKey(S3FileIOProperties.CLIENT_FACTORY)) {
      bounded.put(S3FileIOProperties.CLIENT_FACTORY, TimedS3.class.getName());
      bounded.put(TimedS3.ATTEMPT_MS, Long.toString(request.toMillis()));
    }
    if ("rest".equals(catalog.get("type"))) {
      bounded.putIfAbsent("rest.client.connection-timeout-ms", Long.toString(CONNECT.toMillis()));
      bounded.putIfAbsent("rest.client.socket-timeout-ms", Long.toString(request.toMillis()));
    }
    String uri = catalog.getOrDefault("uri", "");
    if (uri.startsWith("jdbc:postgresql:")) {
      jdbc(bounded, uri, "connectTimeout", CONNECT);
      jdbc(bounded, uri, "socketTimeout", request);
    }
    return bounded;
  }

  /** The driver takes whole seconds. */
  private static void jdbc(Map<String, String> bounded, String uri, String name, Duration time) {
    if (!uri.contains(name + "=")) {
      bounded.putIfAbsent("jdbc." + name, Long.toString(Math.max(1, time.toSeconds())));
    }
  }
}
