package dev.firn.ingest;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option by which a command learns of a pipeline. */
final class ConfigOption {
  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description =
          "The pipeline's properties file: debezium.source.*, debezium.sink.iceberg.*, quarkus.*")
  private Path file = Path.of("");

  Path file() {
    return file;
  }

  /**
   * Reads the file; from then on it is this process's configuration.
   *
   * @throws SettingsException it cannot be read, or its keys are not right
   */
  ConfigFile load() {
    return ConfigFile.load(file);
  }
}
