package dev.firn.ingest.sql;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.SettingsException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * A lake as other engines are told of it.
 *
 * @param name the catalog's name, with which a JDBC catalog stores each table
 * @param properties of the catalog and its files, in Iceberg's words
 */
public record QueriedLake(String name, Map<String, String> properties) {
  private static final Pattern SECRET =
      Pattern.compile(
          "(?i)header\\..*|.*(password|secret|token|credential|passphrase|private).*|s3\\.sse\\.key");
  private static final Pattern NO_SECRET =
      Pattern.compile("token-(refresh|exchange)-enabled|.*credentials-provider.*|.*-uri");
  private static final Pattern PASSWORD_IN_URI =
      Pattern.compile("(?i)(?<=[?&;]password=)[^&;]*|(?<=://[^/@?]{0,200}:)[^/@?]*(?=@)");

  /** Which of the kinds of catalogs it is; that of the files is told by their locations. */
  enum Kind {
    JDBC,
    REST,
    GLUE,
    HIVE,
    NESSIE
  }

  public QueriedLake {
    requireNonNull(name, "name is null");
    properties = withoutOwn(properties);
  }

  /** Firn's own classes, and what is said to them, mean nothing elsewhere. */
  private static Map<String, String> withoutOwn(Map<String, String> properties) {
    Map<String, String> others = new HashMap<>(properties);
    others
        .entrySet()
        .removeIf(entry ->
            entry.getKey().startsWith("firn.") || entry.getValue().startsWith("dev.firn."));
    return Map.copyOf(others);
  }

  /**
   * The same without any secret: placeholders stand for them.
   *
   * @param variables the names of environment variables for keys that have some
   */
  public QueriedLake withPlaceholders(Map<String, String> variables) {
    Map<String, String> shown = new HashMap<>(properties);
    shown.replaceAll((key, value) -> {
      UnaryOperator<String> placeholder =
          otherwise -> "${" + variables.getOrDefault(key, otherwise) + "}";
      if (SECRET.matcher(key).matches() && !NO_SECRET.matcher(key).matches()) {
        return placeholder.apply(key.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_"));
      }
      return PASSWORD_IN_URI.matcher(value).replaceAll("\\${PASSWORD}");
    });
    return new QueriedLake(name, shown);
  }

  /**
   * @throws SettingsException it is of a kind that no engine here is told of
   */
  Kind kind() {
    String type = property("type").or(() -> property("catalog-impl")).orElse("");
    return switch (type.substring(type.lastIndexOf('.') + 1)) {
      case "jdbc", "JdbcCatalog" -> Kind.JDBC;
      case "rest", "RESTCatalog" -> Kind.REST;
      case "glue", "GlueCatalog" -> Kind.GLUE;
      case "hive", "HiveCatalog" -> Kind.HIVE;
      case "nessie", "NessieCatalog" -> Kind.NESSIE;
      default ->
          throw new SettingsException(
              "no other engine is known to read a catalog of type %s; known are jdbc, rest, glue, hive and nessie"
                  .formatted(type));
    };
  }

  Optional<String> property(String key) {
    return Optional.ofNullable(properties.get(key));
  }

  /** Whether anything says that files lie on S3. */
  boolean isOnS3() {
    return properties.keySet().stream().anyMatch(key -> key.startsWith("s3."))
        || property("warehouse").orElse("").matches("s3[an]?://.*")
        || property("io-impl").orElse("").endsWith(".S3FileIO");
  }

  /** Whether files may lie on a disk of this machine. */
  boolean isOnDisk() {
    String warehouse = property("warehouse").orElse("");
    return warehouse.startsWith("file:") || warehouse.startsWith("/") || !isOnS3();
  }
}
