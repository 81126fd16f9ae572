package dev.firn.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A real MariaDB, as Debian packages it, on the loopback address, with the binary log that change
 * data capture needs.
 */
public final class MariaDbServer implements BinlogServer {
  /** What installs it. */
  public static final String INSTALLING = "apt-get install mariadb-server-core mariadb-client-core";

  private static final String NAME = "MariaDB";
  private static final String PROGRAM = "mariadbd";

  private static final String USERS =
      """
      CREATE USER IF NOT EXISTS '%1$s'@'%%';
      GRANT ALL PRIVILEGES ON *.* TO '%1$s'@'%%' WITH GRANT OPTION;
      CREATE USER IF NOT EXISTS '%2$s'@'%%';
      GRANT SELECT, RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO '%2$s'@'%%';
      """
          .formatted(USER, READER);

  /**
   * What to start.
   *
   * @param folder its data folder, kept when it stops; empty for a temporary one
   * @param port 0 for a free one
   * @param options over the defaults, such as {@code binlog-format}
   */
  public record Settings(Optional<Path> folder, int port, Map<String, String> options) {
    public Settings {
      requireNonNull(folder, "folder is null");
      options = Map.copyOf(options);
    }

    /** A server in a temporary folder, on a free port. */
    public static Settings temporary() {
      return new Settings(Optional.empty(), 0, Map.of());
    }

    public Settings inFolder(Path dataFolder) {
      return new Settings(Optional.of(dataFolder), port, options);
    }

    public Settings onPort(int chosen) {
      return new Settings(folder, chosen, options);
    }

    public Settings with(String option, String value) {
      Map<String, String> all = new LinkedHashMap<>(options);
      all.put(option, value);
      return new Settings(folder, port, all);
    }
  }

  private final Settings settings;
  private final Path data;
  private final int port;
  private final ServerProcess process;

  private MariaDbServer(Settings settings, Path data, int port) {
    this.settings = settings;
    this.data = data;
    this.port = port;
    this.process = new ServerProcess(NAME, data);
  }

  /** Whether this machine has it. */
  public static boolean isInstalled() {
    return program(PROGRAM).isPresent() && program("mariadb-install-db").isPresent();
  }

  /** Starts a server in a temporary folder, on a free port. */
  public static MariaDbServer start() {
    return start(Settings.temporary());
  }

  /**
   * Starts a server and returns when it answers.
   *
   * @throws ServerException it cannot start; the message says why in one line
   */
  public static MariaDbServer start(Settings settings) {
    Path data =
        settings
            .folder()
            .map(Path::toAbsolutePath)
            .orElseGet(() -> Folders.temporary("firn-mariadb"));
    endLeftover(data);
    MariaDbServer server = new MariaDbServer(settings, data, ServerProcess.port(settings.port()));
    server.createData();
    server.launch();
    return server;
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public Path dataFolder() {
    return data;
  }

  @Override
  public Optional<Long> pid() {
    return process.pid();
  }

  @Override
  public Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:mariadb://%s:%d/%s?user=%s&sessionVariables=time_zone='%%2B00:00'"
            .formatted(host(), port, database, USER)
            .replace("%2B", "+"));
  }

  @Override
  public void restart() {
    kill();
    launch();
  }

  @Override
  public void kill() {
    process.kill();
  }

  @Override
  public void stop() {
    process.stop();
  }

  @Override
  public void close() {
    stop();
    if (settings.folder().isEmpty()) {
      Folders.remove(data);
    }
  }

  /**
   * Ends a server that was left running on a data folder. Only a process that stands in the
   * folder's own file and is a MariaDB is touched.
   */
  public static void endLeftover(Path dataFolder) {
    ServerProcess.endLeftover(NAME, PROGRAM, dataFolder);
  }

  private void createData() {
    if (Files.exists(data.resolve("mysql"))) {
      return;
    }
    try {
      Files.createDirectories(data);
    } catch (IOException e) {
      throw new ServerException("cannot make %s: %s".formatted(data, e.getMessage()), e);
    }
    ServerProcess.run(
        List.of(
            required("mariadb-install-db"),
            "--no-defaults",
            "--datadir=" + data,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--user=" + System.getProperty("user.name")),
        data.resolve("install.log"));
  }

  private void launch() {
    try {
      Path users = Files.writeString(data.resolve("users.sql"), USERS, UTF_8);
      process.launch(command(users), this::answers);
    } catch (IOException e) {
      throw new ServerException("cannot start MariaDB: " + e.getMessage(), e);
    }
  }

  private List<String> command(Path users) {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("user", System.getProperty("user.name"));
    options.put("datadir", data.toString());
    options.put("bind-address", host());
    options.put("port", Integer.toString(port));
    options.put("socket", data.resolve("s").toString());
    options.put("pid-file", data.resolve("mariadbd.pid").toString());
    options.put("init-file", users.toString());
    options.put("server-id", "1");
    options.put("log-bin", "binlog");
    options.put("binlog-format", "ROW");
    options.put("binlog-row-image", "FULL");
    options.put("binlog-row-metadata", "FULL");
    options.put("character-set-server", "utf8mb4");
    options.put("innodb-buffer-pool-size", "32M");
    options.put("innodb-log-file-size", "32M");
    options.put("skip-name-resolve", "1");
    options.putAll(settings.options());
    List<String> command = new ArrayList<>(List.of(required(PROGRAM), "--no-defaults"));
    options.forEach((name, value) -> command.add("--%s=%s".formatted(name, value)));
    return command;
  }

  private boolean answers() {
    try (Connection connection = connect("")) {
      return connection.isValid(1);
    } catch (SQLException e) {
      return false;
    }
  }

  private static String required(String name) {
    return program(name)
        .map(Path::toString)
        .orElseThrow(
            () -> new ServerException("no %s on this machine; run %s".formatted(name, INSTALLING)));
  }

  /** The folders of the system's own programs are not on everybody's path. */
  private static Optional<Path> program(String name) {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return Stream.concat(
            Stream.of(path.split(File.pathSeparator, -1)), Stream.of("/usr/sbin", "/usr/bin"))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
