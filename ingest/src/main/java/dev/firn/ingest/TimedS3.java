package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.apache.iceberg.aws.AwsClientFactories;
import org.apache.iceberg.aws.AwsClientFactory;
import org.apache.iceberg.aws.s3.S3FileIOAwsClientFactory;
import org.apache.iceberg.aws.s3.S3FileIOProperties;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.services.s3.DelegatingS3Client;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Request;

/**
 * Iceberg's own S3 clients, whose requests end in time: by themselves they wait without an end for
 * a server that takes an upload and never goes on.
 */
public final class TimedS3 implements S3FileIOAwsClientFactory {
  private static final long serialVersionUID = 1;

  /** A property: how long one attempt of a request may take, in milliseconds. */
  static final String ATTEMPT_MS = "firn.s3.attempt-timeout-ms";

  /** All attempts of a request together, with the client's own pauses. */
  private static final int ATTEMPTS = 2;

  private Map<String, String> properties = Map.of();

  @Override
  public void initialize(Map<String, String> given) {
    Map<String, String> others = new HashMap<>(given);
    others.remove(S3FileIOProperties.CLIENT_FACTORY);
    properties = Map.copyOf(others);
  }

  @Override
  public S3Client s3() {
    return new Timed(
        factory().s3(),
        Duration.ofMillis(Long.parseLong(requireNonNull(properties.get(ATTEMPT_MS), ATTEMPT_MS))));
  }

  @Override
  public S3AsyncClient s3Async() {
    return factory().s3Async();
  }

  private AwsClientFactory factory() {
    return AwsClientFactories.from(properties);
  }

  /** Bounds each request that has no bound of its own. */
  private static final class Timed extends DelegatingS3Client {
    private final Duration attempt;

    Timed(S3Client client, Duration attempt) {
      super(client);
      this.attempt = attempt;
    }

    @Override
    protected <T extends S3Request, R> R invokeOperation(T request, Function<T, R> operation) {
      return operation.apply(bounded(request));
    }

    @SuppressWarnings("unchecked") // A request's builder builds its own kind.
    private <T extends S3Request> T bounded(T request) {
      return (T) request.toBuilder().overrideConfiguration(config(request)).build();
    }

    private AwsRequestOverrideConfiguration config(S3Request request) {
      var config =
          request
              .overrideConfiguration()
              .map(AwsRequestOverrideConfiguration::toBuilder)
              .orElseGet(AwsRequestOverrideConfiguration::builder);
      return config
          .apiCallAttemptTimeout(attempt)
          .apiCallTimeout(attempt.multipliedBy(ATTEMPTS))
          .build();
    }
  }
}
