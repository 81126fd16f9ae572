package dev.firn.sql;

import dev.firn.testing.RestCatalog;
import dev.firn.testing.S3Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A file of trino/catalog or spark/catalog, and what a user puts in place of its parameters.
 *
 * @param name without its ending
 */
record CatalogFile(String name, Map<String, String> values) {
  CatalogFile {
    values = Map.copyOf(values);
  }

  /** Of an embedded lake. */
  static CatalogFile embedded(String name, Path folder) {
    return new CatalogFile(name, Map.of("dir", folder.toString()));
  }

  /** Of a lake behind a REST catalog, with its files on S3; the keys are in the environment. */
  static CatalogFile onS3(RestCatalog catalog, S3Server s3) {
    return new CatalogFile(
        "rest-s3",
        Map.of(
            "uri",
            catalog.uri(),
            "warehouse",
            "s3://%s/warehouse".formatted(S3Server.BUCKET),
            "region",
            S3Server.REGION,
            "endpoint",
            s3.endpoint(),
            "access_key",
            "${ENV:AWS_ACCESS_KEY_ID}",
            "secret_key",
            "${ENV:AWS_SECRET_ACCESS_KEY}"));
  }

  /** Writes it, filled in, where an engine reads it. */
  void write(Path source, Path target) {
    try {
      String text = Files.readString(source);
      for (Map.Entry<String, String> value : values.entrySet()) {
        text = text.replace("${%s}".formatted(value.getKey()), value.getValue());
      }
      if (text.lines()
          .anyMatch(line -> !line.startsWith("#") && line.matches(".*\\$\\{[^:]*}.*"))) {
        throw new IllegalStateException("%s: no value for all of\n%s".formatted(source, text));
      }
      Files.writeString(target, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
