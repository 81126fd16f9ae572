package dev.firn.ingest;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the lake of a command is. */
final class LakePlace {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The properties file that firn ingest gets.")
  private @Nullable Path config;

  @Option(
      names = "--dir",
      paramLabel = "FOLDER",
      description = "An embedded lake, or the demo's folder (firn-home) with one.")
  private @Nullable Path folder;

  MaintainedLake lake() {
    if (config != null) {
      return MaintainedLake.of(ConfigFile.load(config).sink());
    }
    return MaintainedLake.embedded(folder == null ? Path.of("") : folder);
  }
}
