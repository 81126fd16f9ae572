package dev.firn.ingest;

import dev.firn.ingest.sql.QueriedLake;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the lake of a command is. */
final class LakePlace {
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)}");

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

  /** The same as other engines are told of it. */
  QueriedLake queriedLake() {
    MaintainedLake lake = lake();
    return new QueriedLake(lake.catalogName(), lake.catalog());
  }

  /** The names of the environment variables from which the file takes properties, by property. */
  Map<String, String> variables(Set<String> properties) {
    Map<String, String> variables = new HashMap<>();
    if (config != null) {
      for (String property : properties) {
        String raw =
            ConfigProvider.getConfig().getConfigValue(SinkSettings.PREFIX + property).getRawValue();
        Matcher variable = VARIABLE.matcher(raw == null ? "" : raw);
        if (variable.matches()) {
          variables.put(property, variable.group(1));
        }
      }
    }
    return variables;
  }
}
