package dev.firn.ingest;

import static dev.firn.ingest.SinkSettings.PREFIX;
import static java.util.Objects.requireNonNull;

import dev.firn.writer.PipelineException;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.exceptions.NotFoundException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Why a lake cannot be used as it is configured, without any secret.
 *
 * @param found what was tried with what, and what came of it
 * @param todo which setting to look at, and what else there is to do
 * @param mayPass whether it may be well later without anybody doing anything
 */
record LakeFailure(String found, String todo, boolean mayPass) {
  private static final Pattern CLASS_MISSING =
      Pattern.compile("Cannot initialize (Catalog|FileIO) implementation (\\S+): Cannot find");
  private static final Pattern TYPE_UNKNOWN = Pattern.compile("Unknown catalog type: (.*)");

  /** Where the jars of a user's own catalog go. */
  private static final String DROP_IN = "the folder lib/ beside ./firn (or FIRN_LIB)";

  private static final Map<String, String> ARTIFACTS =
      Map.of(
          "org.apache.iceberg.hive.HiveCatalog",
          "iceberg-hive-metastore and hive-standalone-metastore with what they need",
          "org.apache.iceberg.nessie.NessieCatalog",
          "iceberg-nessie and nessie-client with what they need",
          "org.apache.iceberg.gcp.bigquery.BigQueryMetastoreCatalog",
          "iceberg-bigquery and iceberg-gcp-bundle",
          "org.apache.iceberg.gcp.gcs.GCSFileIO",
          "iceberg-gcp-bundle",
          "org.apache.iceberg.azure.adlsv2.ADLSFileIO",
          "iceberg-azure-bundle");

  LakeFailure {
    requireNonNull(found, "found is null");
    requireNonNull(todo, "todo is null");
  }

  LakeFailure(String found, String todo) {
    this(found, todo, false);
  }

  /** What ends a start. */
  RuntimeException exception(RuntimeException cause) {
    String line = "the lake cannot be used: " + line();
    return mayPass ? new PipelineException(line, cause) : new SettingsException(line, cause);
  }

  /** All of it in one line. */
  String line() {
    return "%s; %s".formatted(found, todo);
  }

  /**
   * Empty if the failure is none of storage or catalog.
   *
   * @param catalog the catalog's properties
   */
  static Optional<LakeFailure> of(Throwable failure, Map<String, String> catalog) {
    for (@Nullable Throwable t = failure; t != null; t = t.getCause()) {
      Optional<LakeFailure> known = known(t, catalog);
      if (known.isPresent()) {
        return known;
      }
    }
    return Optional.empty();
  }

  private static Optional<LakeFailure> known(Throwable t, Map<String, String> catalog) {
    if (t instanceof SdkException refused) {
      return Optional.of(new AwsFailure(catalog).of(refused));
    }
    if (RestFailure.isOne(t)) {
      return Optional.of(new RestFailure(catalog).of(t));
    }
    if (t instanceof SQLException refused && catalog.getOrDefault("uri", "").startsWith("jdbc:")) {
      return Optional.of(new JdbcFailure(catalog).of(refused));
    }
    if (t instanceof NotFoundException) {
      return Optional.of(
          new LakeFailure(
              ConnectionLoss.reason(t),
              "somebody has removed what the catalog names: see %swarehouse and the storage's log"
                  .formatted(PREFIX)));
    }
    return ofMessage(String.valueOf(t.getMessage()), catalog);
  }

  /** What Iceberg says of properties that are missing or name something that is not there. */
  private static Optional<LakeFailure> ofMessage(String message, Map<String, String> catalog) {
    Matcher missing = CLASS_MISSING.matcher(message);
    if (missing.lookingAt()) {
      return Optional.of(classMissing(missing.group(1), missing.group(2), catalog));
    }
    Matcher type = TYPE_UNKNOWN.matcher(message);
    if (type.matches()) {
      return Optional.of(
          new LakeFailure(
              "%stype=%s is no catalog".formatted(PREFIX, type.group(1)),
              "take jdbc, rest, glue, hive, nessie or hadoop, or name a class with %scatalog-impl"
                  .formatted(PREFIX)));
    }
    boolean isAboutUri = message.contains("Invalid uri") || message.contains("URI is required");
    if (isAboutUri) {
      return Optional.of(unset("uri", "where the catalog is"));
    }
    return message.contains("warehousePath")
        ? Optional.of(unset("warehouse", "where the files of tables go"))
        : Optional.empty();
  }

  private static LakeFailure unset(String key, String what) {
    return new LakeFailure("%s%s is not set".formatted(PREFIX, key), "set it: %s".formatted(what));
  }

  private static LakeFailure classMissing(String kind, String name, Map<String, String> catalog) {
    String key =
        kind.equals("FileIO") ? "io-impl" : catalog.containsKey("type") ? "type" : "catalog-impl";
    String value = catalog.getOrDefault(key, name);
    return new LakeFailure(
        "%s%s=%s needs class %s, which Firn does not bring along"
            .formatted(PREFIX, key, value, name),
        "put %s into %s, or correct the name"
            .formatted(ARTIFACTS.getOrDefault(name, "the jar that has it"), DROP_IN));
  }

  /** The driver of a catalog's database is not there. */
  static LakeFailure driverMissing(String uri) {
    return new LakeFailure(
        "no JDBC driver takes %suri=%s".formatted(PREFIX, shown(uri)),
        "Firn brings those of PostgreSQL and SQLite along: put another's jar into %s, or correct the URI"
            .formatted(DROP_IN));
  }

  /** An address without what may be secret in it. */
  static String shown(String address) {
    String withoutUser = address.replaceFirst("//[^/@]*@", "//");
    int query = withoutUser.indexOf('?');
    return query < 0 ? withoutUser : withoutUser.substring(0, query);
  }

  /** A setting with its value as messages may show it. */
  static String setting(String key, Map<String, String> catalog) {
    String value = catalog.get(key);
    return value == null
        ? "%s%s (not set)".formatted(PREFIX, key)
        : "%s%s=%s".formatted(PREFIX, key, shown(value));
  }
}
