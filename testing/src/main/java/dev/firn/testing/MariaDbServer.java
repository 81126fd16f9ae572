package dev.firn.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real MariaDB, as Debian packages it, on the loopback address, with the binary log that change
 * data capture needs.
 */
public final class MariaDbServer implements AutoCloseable {
  /** A user who may do anything; there is no password. */
  public static final String USER = "firn";

  /** A user who may read everything, and its log; there is no password. */
  public static final String READER = "firn_reader";

  /** What installs it. */
  public static final String INSTALLING = "apt-get install mariadb-server-core mariadb-client-core";

  private static final Duration START_WITHIN = Duration.ofSeconds(60);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(20);
  private static final long LOOK_MILLIS = 50;
  private static final String PID_FILE = "firn.pid";

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
  private Optional<ProcessHandle> process = Optional.empty();

  private MariaDbServer(Settings settings, Path data, int port) {
    this.settings = settings;
    this.data = data;
    this.port = port;
  }

  /** Whether this machine has it. */
  public static boolean isInstalled() {
    return program("mariadbd").isPresent() && program("mariadb-install-db").isPresent();
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
    Path data = settings.folder().map(Path::toAbsolutePath).orElseGet(MariaDbServer::newFolder);
    endLeftover(data);
    int port = settings.port() == 0 ? freePort() : settings.port();
    if (!PostgresServer.isFree(port)) {
      throw new ServerException(
          "port %d is in use: stop what listens there or choose another port".formatted(port));
    }
    MariaDbServer server = new MariaDbServer(settings, data, port);
    server.createData();
    server.launch();
    return server;
  }

  public String host() {
    return "127.0.0.1";
  }

  public int port() {
    return port;
  }

  public Path dataFolder() {
    return data;
  }

  /** The process id of the running server; empty when it does not run. */
  public Optional<Long> pid() {
    return process.filter(ProcessHandle::isAlive).map(ProcessHandle::pid);
  }

  /** A connection of the user who may do anything, in UTC; to no database if that is empty. */
  public Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:mariadb://%s:%d/%s?user=%s&sessionVariables=time_zone='%%2B00:00'"
            .formatted(host(), port, database, USER)
            .replace("%2B", "+"));
  }

  /** Starts the server again after {@link #kill} or {@link #stop}, with the same data and port. */
  public void restart() {
    kill();
    launch();
  }

  /** Ends the server like a loss of power. */
  public void kill() {
    process.ifPresent(MariaDbServer::end);
  }

  /** Ends the server in an orderly way and keeps its data. Nothing happens when it does not run. */
  public void stop() {
    process
        .filter(ProcessHandle::isAlive)
        .ifPresent(running -> {
          running.destroy();
          if (!hasEnded(running)) {
            end(running);
          }
        });
  }

  /** Stops the server; a temporary folder is removed. */
  @Override
  public void close() {
    stop();
    if (settings.folder().isEmpty()) {
      removeTree(data);
    }
  }

  /**
   * Ends a server that was left running on a data folder. Only a process that stands in the
   * folder's own file and is a MariaDB is touched.
   */
  public static void endLeftover(Path dataFolder) {
    Path pidFile = dataFolder.resolve(PID_FILE);
    try {
      if (Files.exists(pidFile)) {
        ProcessHandle.of(Long.parseLong(Files.readString(pidFile).strip()))
            .filter(MariaDbServer::isMariaDb)
            .ifPresent(MariaDbServer::end);
        Files.deleteIfExists(pidFile);
      }
    } catch (IOException | NumberFormatException e) {
      throw new ServerException("cannot read %s: %s".formatted(pidFile, e.getMessage()), e);
    }
  }

  private void createData() {
    if (Files.exists(data.resolve("mysql"))) {
      return;
    }
    try {
      Files.createDirectories(data);
      Path output = data.resolve("install.log");
      Process made =
          new ProcessBuilder(
                  required("mariadb-install-db"),
                  "--no-defaults",
                  "--datadir=" + data,
                  "--auth-root-authentication-method=normal",
                  "--skip-test-db",
                  "--user=" + System.getProperty("user.name"))
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (made.waitFor() != 0) {
        throw new ServerException(
            "mariadb-install-db failed in %s: %s".formatted(data, lastLine(output)));
      }
    } catch (IOException e) {
      throw new ServerException("cannot make %s: %s".formatted(data, e.getMessage()), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private void launch() {
    Path log = data.resolve("server.log");
    try {
      Path users = Files.writeString(data.resolve("users.sql"), USERS, UTF_8);
      Process started =
          new ProcessBuilder(command(users))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      started.getOutputStream().close();
      process = Optional.of(started.toHandle());
      Files.writeString(data.resolve(PID_FILE), Long.toString(started.pid()));
      awaitAnswer(started, log);
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
    List<String> command = new ArrayList<>(List.of(required("mariadbd"), "--no-defaults"));
    options.forEach((name, value) -> command.add("--%s=%s".formatted(name, value)));
    return command;
  }

  private void awaitAnswer(Process started, Path log) {
    long deadline = System.nanoTime() + START_WITHIN.toNanos();
    while (!answers()) {
      if (!started.isAlive() || System.nanoTime() > deadline) {
        end(started.toHandle());
        throw new ServerException("MariaDB did not start in %s: %s".formatted(data, lastLine(log)));
      }
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
  }

  private boolean answers() {
    try (Connection connection = connect("")) {
      return connection.isValid(1);
    } catch (SQLException e) {
      return false;
    }
  }

  private static boolean isMariaDb(ProcessHandle process) {
    return process
        .info()
        .command()
        .or(() -> process.info().commandLine())
        .map(command -> command.contains("mariadbd"))
        .orElse(false);
  }

  private static void end(ProcessHandle process) {
    boolean unused = process.destroyForcibly();
    if (!hasEnded(process)) {
      throw new ServerException(
          "process %d of MariaDB does not end: end it by hand".formatted(process.pid()));
    }
  }

  private static boolean hasEnded(ProcessHandle process) {
    long deadline = System.nanoTime() + STOP_WITHIN.toNanos();
    while (process.isAlive() && System.nanoTime() < deadline) {
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
    return !process.isAlive();
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

  private static String lastLine(Path log) {
    try (Stream<String> lines = Files.lines(log)) {
      return lines
          .filter(line -> !line.isBlank())
          .reduce((first, next) -> line(first, next))
          .orElse("it said nothing");
    } catch (IOException e) {
      return "see " + log;
    }
  }

  /** An error says more than what comes after it. */
  private static String line(String first, String next) {
    return first.contains("[ERROR]") && !next.contains("[ERROR]") ? first : next;
  }

  private static ServerException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new ServerException("interrupted while waiting for MariaDB", e);
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new ServerException("no free port on the loopback address: " + e.getMessage(), e);
    }
  }

  private static Path newFolder() {
    try {
      return Files.createTempDirectory("firn-mariadb");
    } catch (IOException e) {
      throw new ServerException("cannot make a temporary folder: " + e.getMessage(), e);
    }
  }

  private static void removeTree(Path root) {
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new ServerException("cannot remove %s: %s".formatted(root, e.getMessage()), e);
    }
  }
}
