package dev.firn.ingest;

import io.quarkus.runtime.configuration.QuarkusConfigFactory;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TimeZone;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;

/**
 * What a configuration file and this process's environment say, all of it validated.
 *
 * @param sink how the lake is written
 * @param source what is captured
 * @param httpHost where the server listens for health checks and metrics
 */
record ConfigFile(SinkSettings sink, Source source, String httpHost, int httpPort) {
  private static final List<String> PREFIXES = List.of("debezium.", "quarkus.", "%");
  private static final int DEFAULT_PORT = 8080;
  private static boolean isLoaded;

  /**
   * Makes the file the configuration of this process, and reads it.
   *
   * @throws SettingsException the file cannot be read, or a key or value of it is wrong
   */
  static ConfigFile load(Path path) {
    Map<String, String> file = read(path);
    for (String key : file.keySet()) {
      if (PREFIXES.stream().noneMatch(key::startsWith)) {
        throw new SettingsException(
            "%s: unknown key %s; keys start with debezium.source., debezium.sink.iceberg. or quarkus."
                .formatted(path, key));
      }
    }
    ServerConfig.check(file);
    ServerConfig.use(file);
    // The driver reads timestamps by the process's zone, whose hours may be missing or double.
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
    return of(ofThisFile());
  }

  /**
   * Quarkus keeps the configuration that it has made: another file of one process needs another.
   */
  private static synchronized Config ofThisFile() {
    if (isLoaded) {
      QuarkusConfigFactory.setConfig(null);
    }
    isLoaded = true;
    return ConfigProvider.getConfig();
  }

  static ConfigFile of(Config config) {
    Map<String, String> debezium = new HashMap<>();
    ServerConfig.below(config, "debezium.")
        .forEach((key, value) -> debezium.put("debezium." + key, value));
    ServerConfig.check(debezium);
    SinkSettings sink =
        SinkSettings.parse(
            ServerConfig.below(config, SinkSettings.PREFIX), Runtime.getRuntime().maxMemory());
    Source source =
        ServerConfig.source(
            ServerConfig.below(config, ServerConfig.SOURCE_PREFIX), sink.columnRules());
    if (source.told().isPresent()) {
      OtherSettings.check(sink);
    }
    return new ConfigFile(
        sink,
        source,
        config.getOptionalValue("quarkus.http.host", String.class).orElse("127.0.0.1"),
        config.getOptionalValue("quarkus.http.port", Integer.class).orElse(DEFAULT_PORT));
  }

  private static Map<String, String> read(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new SettingsException("no configuration file %s".formatted(path));
    }
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(path, StandardCharsets.UTF_8)) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      throw new SettingsException(
          "cannot read configuration file %s: %s".formatted(path, e.getMessage()), e);
    }
    Map<String, String> values = new HashMap<>();
    properties.forEach((key, value) -> values.put((String) key, ((String) value).strip()));
    return values;
  }
}
