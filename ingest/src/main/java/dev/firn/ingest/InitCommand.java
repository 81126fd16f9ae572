package dev.firn.ingest;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.eclipse.microprofile.config.ConfigProvider;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code firn init}: looks at a source and writes a configuration to start from. */
@Command(
    name = "init",
    description = "Look at a database and write a configuration that captures its tables.",
    mixinStandardHelpOptions = true)
public final class InitCommand implements Callable<Integer> {
  private static final String PASSWORD = ServerConfig.SOURCE_PREFIX + "database.password";

  @Option(
      names = "--from",
      required = true,
      paramLabel = "URL",
      description =
          "The source: jdbc:postgresql://USER@HOST:PORT/DATABASE, or the same with mariadb or mysql,"
              + " without a password.")
  private String from = "";

  @Option(
      names = "--password-env",
      paramLabel = "VAR",
      description =
          "The environment variable that holds the password, now and at each start"
              + " (default: PGPASSWORD, or MYSQL_PWD for MariaDB and MySQL).")
  private String passwordVariable = "";

  @Option(
      names = "--dir",
      paramLabel = "FOLDER",
      defaultValue = "lake",
      description = "Where the lake shall lie (default: ${DEFAULT-VALUE}).")
  private Path folder = Path.of("lake");

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "The file to write; it must not be there yet.")
  private Path config = Path.of("");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    SourceAddress address = SourceAddress.parse(from);
    if (passwordVariable.isEmpty()) {
      passwordVariable = address.kind().passwordVariable();
    }
    if (Files.exists(config)) {
      throw exists();
    }
    if (!passwordVariable.matches("[A-Za-z_][A-Za-z0-9_]*")) {
      throw new SettingsException(
          "--password-env %s: expected the name of an environment variable"
              .formatted(passwordVariable));
    }
    Path lake = folder.toAbsolutePath().normalize();
    String password = password();
    FirstConfig empty = new FirstConfig(address, passwordVariable, lake, List.of());
    Map<String, String> keys = keys(empty, password);
    ServerConfig.use(keys);
    CommandOutput.silenceLogs();
    List<FoundTable> tables = tables(source(Map.of()), password);
    FirstConfig found = new FirstConfig(address, passwordVariable, lake, tables);
    List<Check> checks =
        source(
                Map.of(
                    "table.include.list",
                    keys(found, password)
                        .getOrDefault(ServerConfig.SOURCE_PREFIX + "table.include.list", "")))
            .checks(KeylessTables.REFUSE);
    writeFile(found.text());
    report(found, checks);
    return Outcome.OK;
  }

  private static Source source(Map<String, String> more) {
    Map<String, String> properties =
        new HashMap<>(ServerConfig.below(ConfigProvider.getConfig(), ServerConfig.SOURCE_PREFIX));
    properties.putAll(more);
    return ServerConfig.source(properties, ColumnRules.NONE);
  }

  private List<FoundTable> tables(Source source, String password) {
    List<FoundTable> tables;
    try {
      tables = source.found();
    } catch (SQLException | RuntimeException e) {
      throw new SettingsException(
          "cannot connect to database %s: %s%s"
              .formatted(
                  source.place(),
                  ConnectionLoss.reason(e),
                  password.isEmpty() ? "; %s is not set".formatted(passwordVariable) : ""),
          e);
    }
    if (tables.isEmpty()) {
      throw new SettingsException("database %s has no table".formatted(source.place()));
    }
    return tables;
  }

  /** What others can see, such as an option, is no place for it. */
  private String password() {
    return Optional.ofNullable(System.getenv(passwordVariable)).orElse("");
  }

  private static Map<String, String> keys(FirstConfig config, String password) {
    Properties properties = new Properties();
    try {
      properties.load(new StringReader(config.text()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, String> keys = new HashMap<>();
    properties.forEach((key, value) -> keys.put((String) key, (String) value));
    // As the text of an expression, which it may look like.
    keys.put(PASSWORD, password.replace("\\", "\\\\").replace("$", "\\$"));
    if (password.isEmpty()) {
      keys.remove(PASSWORD);
    }
    if (config.tables().isEmpty()) {
      keys.remove(ServerConfig.SOURCE_PREFIX + "table.include.list");
    }
    return keys;
  }

  private void writeFile(String text) {
    try {
      Files.writeString(config, text, StandardOpenOption.CREATE_NEW);
    } catch (FileAlreadyExistsException e) {
      throw exists();
    } catch (IOException e) {
      throw new SettingsException("cannot write %s: %s".formatted(config, e), e);
    }
  }

  private SettingsException exists() {
    return new SettingsException(
        "%s exists; it is not overwritten: name another file or remove it".formatted(config));
  }

  private void report(FirstConfig found, List<Check> checks) {
    List<Check> notOk = checks.stream().filter(c -> c.state() != Check.State.OK).toList();
    PrintWriter out = spec.commandLine().getOut();
    if (!notOk.isEmpty()) {
      out.println(CheckCommand.table(notOk));
    }
    out.printf(
        "wrote %s: %d tables, pipeline %s, lake %s%n",
        config, found.tables().size(), found.pipeline(), found.lake());
    out.printf("the password is read from %s at each start%n", passwordVariable);
    out.printf("next: ./firn check --config %s%n", config);
    out.flush();
  }
}
