package dev.firn.ingest;

import static dev.firn.ingest.SinkSettings.PREFIX;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkServiceException;

/** What to do about an object store's refusal. */
final class StorageHint {
  private static final int MOVED = 301;
  private static final int BAD_REQUEST = 400;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;

  private StorageHint() {}

  /** Empty if the failure is not one of S3. */
  static Optional<String> of(Throwable failure, Map<String, String> catalog) {
    for (@Nullable Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SdkServiceException refused) {
        return Optional.of(refusal(refused.statusCode(), catalog));
      }
      if (t instanceof SdkClientException) {
        return Optional.of(unreachable(catalog));
      }
    }
    return Optional.empty();
  }

  private static String refusal(int status, Map<String, String> catalog) {
    String warehouse = catalog.getOrDefault("warehouse", "the warehouse");
    return switch (status) {
      case FORBIDDEN ->
          "see %ss3.access-key-id and s3.secret-access-key (or the environment's AWS keys); this user must read, write and delete below %s"
              .formatted(PREFIX, warehouse);
      case NOT_FOUND ->
          "make the bucket of %s, or correct %swarehouse".formatted(warehouse, PREFIX);
      case MOVED, BAD_REQUEST ->
          "see %sclient.region and s3.path-style-access; %s may lie in another region"
              .formatted(PREFIX, warehouse);
      default ->
          "the storage answered with status %d: see its log, and %ss3.*".formatted(status, PREFIX);
    };
  }

  private static String unreachable(Map<String, String> catalog) {
    return "see %ss3.endpoint%s, client.region and the AWS keys"
        .formatted(
            PREFIX,
            catalog.containsKey("s3.endpoint") ? "=" + catalog.get("s3.endpoint") : " (not set)");
  }
}
