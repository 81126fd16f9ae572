package dev.firn.ingest;

import io.debezium.connector.postgresql.Module;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;
import org.apache.iceberg.IcebergBuild;
import picocli.CommandLine.IVersionProvider;

/** Names the version that the build wrote into this application. */
public final class FirnVersion implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return lines().toArray(String[]::new);
  }

  /** Firn's version, and those of what a bug report needs to name. */
  static List<String> lines() {
    return List.of(
        "firn      " + version(),
        "java      " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")",
        "debezium  " + Module.version(),
        "iceberg   " + IcebergBuild.version());
  }

  /** The version, such as {@code 0.1.0-SNAPSHOT}. */
  public static String version() {
    try (InputStream in = FirnVersion.class.getResourceAsStream("version.properties")) {
      if (in == null) {
        throw new IllegalStateException("version.properties is missing from the build");
      }
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty("version", "unknown");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
