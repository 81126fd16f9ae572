package dev.firn.ingest;

import static java.util.stream.Collectors.toUnmodifiableSet;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.aws.AwsClientProperties;
import org.apache.iceberg.aws.AwsProperties;
import org.apache.iceberg.aws.HttpClientProperties;
import org.apache.iceberg.aws.s3.S3FileIOProperties;

/** The properties of Iceberg for AWS and S3 by their names, so that a mistyped one is found. */
final class AwsKeys {
  /** Keys that begin so are Iceberg's own, none of a class of the user's. */
  private static final Set<String> PREFIXES =
      Set.of("s3.", "client.", "http-client.", "glue.", "dynamodb.");

  /** What follows is the user's to name. */
  private static final Set<String> OPEN =
      Set.of(
          S3FileIOProperties.WRITE_TAGS_PREFIX,
          S3FileIOProperties.DELETE_TAGS_PREFIX,
          S3FileIOProperties.ACCESS_POINTS_PREFIX,
          S3FileIOProperties.S3_ANALYTICS_ACCELERATOR_PROPERTIES_PREFIX,
          AwsProperties.CLIENT_ASSUME_ROLE_TAGS_PREFIX,
          AwsClientProperties.CLIENT_CREDENTIALS_PROVIDER + ".",
          "s3.signer.");

  /** Classes of the user's may have keys of their own. */
  private static final Set<String> CLASSES =
      Set.of(S3FileIOProperties.CLIENT_FACTORY, AwsProperties.CLIENT_FACTORY);

  private static final Set<String> KNOWN =
      Stream.concat(
              Stream.of(
                      S3FileIOProperties.class,
                      AwsClientProperties.class,
                      AwsProperties.class,
                      HttpClientProperties.class,
                      CatalogProperties.class)
                  .flatMap(AwsKeys::constants)
                  .filter(AwsKeys::isOneByItsPrefix),
              Stream.of(AwsProfile.KEY))
          .collect(toUnmodifiableSet());

  private AwsKeys() {}

  /** All that are known. */
  static Set<String> known() {
    return KNOWN;
  }

  /**
   * Whether a key looks like one of these and is none.
   *
   * @param catalog all properties
   */
  static boolean isMistyped(String key, Map<String, String> catalog) {
    return isOneByItsPrefix(key)
        && !KNOWN.contains(key)
        && OPEN.stream().noneMatch(key::startsWith)
        && CLASSES.stream()
            .map(name -> catalog.getOrDefault(name, "org.apache.iceberg."))
            .allMatch(name -> name.startsWith("org.apache.iceberg."));
  }

  private static boolean isOneByItsPrefix(String key) {
    return PREFIXES.stream().anyMatch(key::startsWith);
  }

  private static Stream<String> constants(Class<?> properties) {
    return Arrays.stream(properties.getFields())
        .filter(field -> field.getType() == String.class)
        .map(AwsKeys::value);
  }

  private static String value(Field constant) {
    try {
      return (String) constant.get(null);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("a public constant that cannot be read: " + constant, e);
    }
  }
}
