package dev.firn.ingest;

import dev.firn.testing.S3AccessLog.Request;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a request wants to be allowed.
 *
 * @param resource an ARN
 * @param prefix of a listing
 */
record S3Call(String action, String resource, Optional<String> prefix) {
  private static final Pattern KEY = Pattern.compile("<Key>([^<]*)</Key>");

  static S3Call on(String action, String path) {
    return new S3Call(action, "arn:aws:s3:::" + path, Optional.empty());
  }

  /** By the tables of actions and requests in Amazon's documentation. */
  static List<S3Call> of(Request request) {
    String path = request.path().substring(1);
    int slash = path.indexOf('/');
    return slash < 0 || slash == path.length() - 1
        ? ofBucket(request, slash < 0 ? path : path.substring(0, slash))
        : List.of(on(objectAction(request), path));
  }

  private static List<S3Call> ofBucket(Request request, String bucket) {
    Map<String, String> query = request.query();
    if (request.method().equals("POST") && query.containsKey("delete")) {
      return KEY.matcher(request.body())
          .results()
          .map(key -> on("s3:DeleteObject", bucket + "/" + key.group(1)))
          .toList();
    }
    if (request.method().equals("GET") && query.containsKey("list-type")) {
      return List.of(
          new S3Call(
              "s3:ListBucket",
              "arn:aws:s3:::" + bucket,
              Optional.of(query.getOrDefault("prefix", ""))));
    }
    throw new AssertionError("no action is known for " + request);
  }

  private static String objectAction(Request request) {
    boolean isPart = request.query().containsKey("uploadId");
    return switch (request.method()) {
      case "GET", "HEAD" ->
          isPart
              ? "s3:ListMultipartUploadParts"
              : request.query().containsKey("versionId") ? "s3:GetObjectVersion" : "s3:GetObject";
      case "PUT", "POST" -> "s3:PutObject";
      case "DELETE" -> isPart ? "s3:AbortMultipartUpload" : "s3:DeleteObject";
      default -> throw new AssertionError("no action is known for " + request);
    };
  }
}
