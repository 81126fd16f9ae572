package dev.firn.ingest;

import static dev.firn.ingest.SinkSettings.PREFIX;

import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.http.SdkHttpResponse;

/** Why S3, or another service of AWS, cannot be used. */
record AwsFailure(Map<String, String> catalog) {
  private static final int MOVED = 301;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int SERVER_ERROR = 500;
  private static final int SHOWN_LETTERS = 4;
  private static final Pattern EXPECTED_REGION = Pattern.compile("expecting '([a-z0-9-]+)'");

  LakeFailure of(SdkException failure) {
    return failure instanceof SdkServiceException refused ? refusal(refused) : client(failure);
  }

  /** Nothing came back, or nothing was sent. */
  private LakeFailure client(SdkException failure) {
    String reason = ConnectionLoss.reason(failure);
    if (String.valueOf(failure.getMessage()).contains("region")) {
      return new LakeFailure(
          "no region is known (%s)".formatted(reason),
          "set %sclient.region; a store of your own takes any, such as us-east-1"
              .formatted(PREFIX));
    }
    if (String.valueOf(failure.getMessage()).contains("credentials")) {
      return new LakeFailure(
          "no keys are found, in the settings or where the AWS SDK looks (%s)".formatted(reason),
          "set %ss3.access-key-id and s3.secret-access-key, or client.profile, or give this process a role"
              .formatted(PREFIX));
    }
    return NetworkFailure.of(failure, endpoint(), hostHint())
        .orElse(
            new LakeFailure(
                "%s: %s".formatted(endpoint(), reason),
                "see %ss3.endpoint, client.region and the keys".formatted(PREFIX)));
  }

  private String endpoint() {
    return LakeFailure.setting("s3.endpoint", catalog);
  }

  /** Without it the bucket's name is part of the host's. */
  private String hostHint() {
    boolean isOwn = catalog.containsKey("s3.endpoint");
    boolean isPath = Boolean.parseBoolean(catalog.get("s3.path-style-access"));
    return isOwn && !isPath
        ? "; most stores of one's own need %ss3.path-style-access=true".formatted(PREFIX)
        : "";
  }

  private LakeFailure refusal(SdkServiceException refused) {
    Optional<SdkHttpResponse> answer =
        refused instanceof AwsServiceException e && e.awsErrorDetails() != null
            ? Optional.ofNullable(e.awsErrorDetails().sdkHttpResponse())
            : Optional.empty();
    String code =
        refused instanceof AwsServiceException e
                && e.awsErrorDetails() != null
                && e.awsErrorDetails().errorCode() != null
            ? e.awsErrorDetails().errorCode()
            : "";
    String said = "%d %s".formatted(refused.statusCode(), code).strip();
    return switch (code) {
      case "InvalidAccessKeyId" ->
          new LakeFailure(
              "the storage does not know the key id (%s): %s".formatted(said, keyId()),
              "correct it");
      case "SignatureDoesNotMatch" ->
          new LakeFailure(
              "the secret does not belong to the key id (%s): %ss3.secret-access-key with %s"
                  .formatted(said, PREFIX, keyId()),
              "correct one of both");
      case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" ->
          new LakeFailure(
              "the session's token is not valid any more (%s)".formatted(said),
              "renew %ss3.session-token with its keys, or use a profile or a role, which are renewed by themselves"
                  .formatted(PREFIX));
      case "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture" -> clock(said, answer);
      case "NoSuchBucket" -> bucket(said);
      case "AuthorizationHeaderMalformed",
          "PermanentRedirect",
          "IllegalLocationConstraintException" ->
          region(said, refused, answer);
      default -> byStatus(said, refused, answer);
    };
  }

  private LakeFailure byStatus(
      String said, SdkServiceException refused, Optional<SdkHttpResponse> answer) {
    int status = refused.statusCode();
    if (status == MOVED) {
      return region(said, refused, answer);
    }
    if (status == FORBIDDEN) {
      return new LakeFailure(
          "the storage refuses this user (%s): %s".formatted(said, keyId()),
          "the user must read, write, list and delete below %s; %ss3.access-key-id and s3.secret-access-key name the user"
              .formatted(LakeFailure.setting("warehouse", catalog), PREFIX));
    }
    if (status == NOT_FOUND) {
      return bucket(said);
    }
    if (status >= SERVER_ERROR) {
      return new LakeFailure(
          "%s: the storage fails (%s: %s)"
              .formatted(endpoint(), said, ConnectionLoss.reason(refused)),
          "see its log; it may pass by itself",
          true);
    }
    return new LakeFailure(
        "%s: the storage refuses a request (%s: %s)"
            .formatted(endpoint(), said, ConnectionLoss.reason(refused)),
        "see whether an S3 server answers there, and %sclient.region".formatted(PREFIX));
  }

  private LakeFailure bucket(String said) {
    return new LakeFailure(
        "there is no such bucket (%s): %s"
            .formatted(said, LakeFailure.setting("warehouse", catalog)),
        "make the bucket, or correct %swarehouse or s3.endpoint".formatted(PREFIX));
  }

  private LakeFailure region(
      String said, SdkServiceException refused, Optional<SdkHttpResponse> answer) {
    Matcher expected = EXPECTED_REGION.matcher(String.valueOf(refused.getMessage()));
    Optional<String> told =
        answer
            .flatMap(response -> response.firstMatchingHeader("x-amz-bucket-region"))
            .or(() -> expected.find() ? Optional.of(expected.group(1)) : Optional.empty());
    return new LakeFailure(
        "the bucket of %s lies in another region (%s) than %s"
            .formatted(
                catalog.getOrDefault("warehouse", "the warehouse"),
                told.orElse(said),
                LakeFailure.setting("client.region", catalog)),
        told.map(region -> "set %sclient.region=%s".formatted(PREFIX, region))
            .orElse("set %sclient.region to the bucket's".formatted(PREFIX)));
  }

  private static LakeFailure clock(String said, Optional<SdkHttpResponse> answer) {
    String difference =
        answer
            .flatMap(response -> response.firstMatchingHeader("Date"))
            .flatMap(AwsFailure::behind)
            .map(AwsFailure::told)
            .orElse("differs from the storage's");
    return new LakeFailure(
        "this machine's clock %s (%s)".formatted(difference, said),
        "set the clocks of both by NTP; requests are refused that seem 15 minutes old");
  }

  private static Optional<Duration> behind(String date) {
    try {
      Instant there = ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      return Optional.of(Duration.between(Instant.now(), there));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private static String told(Duration behind) {
    return "is %d minutes %s the storage's"
        .formatted(behind.abs().toMinutes(), behind.isNegative() ? "ahead of" : "behind");
  }

  /** Enough of it to know which one it is. */
  private String keyId() {
    String id = catalog.getOrDefault("s3.access-key-id", "");
    return id.isEmpty()
        ? "%ss3.access-key-id (not set: it is of a profile, the environment or a role)"
            .formatted(PREFIX)
        : "%ss3.access-key-id=%s..."
            .formatted(PREFIX, id.substring(0, Math.min(SHOWN_LETTERS, id.length())));
  }
}
