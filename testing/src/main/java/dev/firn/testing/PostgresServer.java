package dev.firn.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A real PostgreSQL of a chosen major version, on the loopback address, with logical decoding on.
 *
 * <p>It runs in a session of its own: Ctrl-C in the terminal does not reach it, and it outlives
 * this process unless it is closed. Starting on the folder of one that was left running ends that
 * one first.
 */
public final class PostgresServer implements AutoCloseable {
  /** The superuser; there is no password. */
  public static final String USER = "postgres";

  private static final Duration START_WITHIN = Duration.ofSeconds(60);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(10);

  /**
   * What to start.
   *
   * @param major 16, 17 or 18
   * @param folder its data folder, kept when it stops; empty for a temporary one
   * @param port 0 for a free one
   * @param parameters server parameters over the defaults, as in postgresql.conf
   */
  public record Settings(
      int major, Optional<Path> folder, int port, Map<String, String> parameters) {
    public Settings {
      requireNonNull(folder, "folder is null");
      parameters = Map.copyOf(parameters);
    }

    /** A server of this major version in a temporary folder, on a free port. */
    public static Settings temporary(int major) {
      return new Settings(major, Optional.empty(), 0, Map.of());
    }

    public Settings inFolder(Path dataFolder) {
      return new Settings(major, Optional.of(dataFolder), port, parameters);
    }

    public Settings onPort(int chosen) {
      return new Settings(major, folder, chosen, parameters);
    }

    public Settings with(String parameter, String value) {
      Map<String, String> all = new LinkedHashMap<>(parameters);
      all.put(parameter, value);
      return new Settings(major, folder, port, all);
    }
  }

  private final PostgresBinaries binaries;
  private final Settings settings;
  private final Path data;
  private final boolean temporary;
  private final int port;

  private PostgresServer(
      PostgresBinaries binaries, Settings settings, Path data, boolean temporary, int port) {
    this.binaries = binaries;
    this.settings = settings;
    this.data = data;
    this.temporary = temporary;
    this.port = port;
  }

  /** Starts a server of this major version in a temporary folder, on a free port. */
  public static PostgresServer start(int major) {
    return start(Settings.temporary(major));
  }

  /**
   * Starts a server and returns when it answers.
   *
   * @throws ServerException it cannot start; the message says why in one line
   */
  public static PostgresServer start(Settings settings) {
    return start(settings, PostgresBinaries.of(settings.major()));
  }

  /**
   * Starts a server that this machine has installed with an extension, in a temporary folder; empty
   * where there is none.
   */
  public static Optional<PostgresServer> startWith(String extension) {
    OptionalInt major = PostgresBinaries.installedWith(extension);
    return major.isEmpty()
        ? Optional.empty()
        : Optional.of(
            start(
                Settings.temporary(major.orElseThrow()),
                PostgresBinaries.installed(major.orElseThrow())));
  }

  private static PostgresServer start(Settings settings, PostgresBinaries binaries) {
    Path data =
        settings
            .folder()
            .map(Path::toAbsolutePath)
            .orElseGet(() -> Folders.temporary("firn-postgres"));
    endLeftover(data);
    int port = ServerProcess.port(settings.port());
    PostgresServer server =
        new PostgresServer(binaries, settings, data, settings.folder().isEmpty(), port);
    server.createCluster();
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

  public int major() {
    return settings.major();
  }

  /** The process id of the running postmaster; empty when it does not run. */
  public Optional<Long> pid() {
    return postmaster(data).map(ProcessHandle::pid);
  }

  public String jdbcUrl(String database) {
    return "jdbc:postgresql://%s:%d/%s?user=%s".formatted(host(), port, database, USER);
  }

  /** A connection of the superuser. */
  public Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(jdbcUrl(database));
  }

  /** Starts the server again after {@link #kill} or {@link #stop}, with the same data and port. */
  public void restart() {
    endLeftover(data);
    launch();
  }

  /** Ends the server like a loss of power: no checkpoint, connections cut. */
  public void kill() {
    postmaster(data).ifPresent(PostgresServer::killTree);
  }

  /** Ends the server in an orderly way and keeps its data. Nothing happens when it does not run. */
  public void stop() {
    if (postmaster(data).isEmpty()) {
      return;
    }
    Output fast = pgCtl("stop", "-m", "fast", "-w", "-t", Long.toString(STOP_WITHIN.toSeconds()));
    if (fast.exitCode() != 0) {
      // A client that does not read holds a fast shutdown up for ever; the next start recovers.
      kill();
    }
  }

  /** Stops the server; a temporary folder is removed. */
  @Override
  public void close() {
    stop();
    if (temporary) {
      Folders.remove(data);
    }
  }

  /**
   * Ends a server that was left running on a data folder. Only a process that stands in the
   * folder's own postmaster.pid and is a PostgreSQL on this folder is touched.
   */
  public static void endLeftover(Path dataFolder) {
    Path pidFile = dataFolder.resolve("postmaster.pid");
    Optional<ProcessHandle> running = postmaster(dataFolder);
    running.ifPresent(PostgresServer::killTree);
    try {
      Files.deleteIfExists(pidFile);
    } catch (IOException e) {
      throw new ServerException("cannot remove %s: %s".formatted(pidFile, e.getMessage()), e);
    }
  }

  private void createCluster() {
    if (Files.exists(data.resolve("PG_VERSION"))) {
      requireSameVersion();
      return;
    }
    requireWritable(data);
    Output made =
        run(
            binaries.program("initdb"),
            "--auth=trust",
            "--username=" + USER,
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--pgdata=" + data);
    if (made.exitCode() != 0) {
      throw new ServerException("initdb failed in %s: %s".formatted(data, made.lastLine()));
    }
  }

  private void requireSameVersion() {
    try {
      String found = Files.readString(data.resolve("PG_VERSION")).strip();
      if (!found.equals(Integer.toString(settings.major()))) {
        throw new ServerException(
            "%s holds the data of PostgreSQL %s, not %d: choose that version or another folder"
                .formatted(data, found, settings.major()));
      }
    } catch (IOException e) {
      throw new ServerException("cannot read %s: %s".formatted(data, e.getMessage()), e);
    }
  }

  private void launch() {
    Path log = data.resolve("server.log");
    Output started =
        pgCtl(
            "start",
            "-w",
            "-t",
            Long.toString(START_WITHIN.toSeconds()),
            "-l",
            log.toString(),
            "-o",
            options());
    if (started.exitCode() != 0) {
      throw new ServerException(
          "PostgreSQL %d did not start in %s: %s"
              .formatted(settings.major(), data, lastError(log).orElse(started.lastLine())));
    }
  }

  private String options() {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("listen_addresses", host());
    parameters.put("port", Integer.toString(port));
    parameters.put("unix_socket_directories", "");
    parameters.put("wal_level", "logical");
    parameters.put("synchronous_commit", "on");
    parameters.put("max_connections", "50");
    parameters.put("timezone", "UTC");
    parameters.put("log_timezone", "UTC");
    parameters.putAll(settings.parameters());
    StringBuilder options = new StringBuilder();
    parameters.forEach(
        (name, value) -> options.append(" -c ").append(name).append('=').append(value));
    return options.substring(1);
  }

  private Output pgCtl(String action, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(binaries.program("pg_ctl"));
    command.add(action);
    command.add("-D");
    command.add(data.toString());
    command.addAll(List.of(arguments));
    return run(command.toArray(String[]::new));
  }

  private record Output(int exitCode, String text) {
    String lastLine() {
      return text.lines().filter(line -> !line.isBlank()).reduce("", (first, next) -> next).strip();
    }
  }

  private static Output run(String... command) {
    List<String> all = new ArrayList<>(AsOrdinaryUser.prefix());
    all.addAll(List.of(command));
    Path output = null;
    try {
      // Into a file, not a pipe: the server would inherit the pipe and hold it open.
      output = Files.createTempFile("firn-postgres", ".out");
      ProcessBuilder builder =
          new ProcessBuilder(all).redirectErrorStream(true).redirectOutput(output.toFile());
      builder.environment().put("LC_ALL", "C");
      Process process = builder.start();
      process.getOutputStream().close();
      int exitCode = process.waitFor();
      return new Output(exitCode, Files.readString(output, UTF_8));
    } catch (IOException e) {
      throw new ServerException("cannot run %s: %s".formatted(command[0], e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServerException("interrupted while running " + command[0], e);
    } finally {
      if (output != null) {
        Folders.remove(output);
      }
    }
  }

  private static Optional<String> lastError(Path log) {
    try (Stream<String> lines = Files.lines(log)) {
      return lines
          .filter(line -> line.contains("FATAL:") || line.contains("ERROR:"))
          .reduce((first, next) -> next)
          .map(line -> line.substring(Math.max(line.indexOf("FATAL:"), line.indexOf("ERROR:"))));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Optional<ProcessHandle> postmaster(Path data) {
    try (Stream<String> lines = Files.lines(data.resolve("postmaster.pid"))) {
      return lines
          .findFirst()
          .map(String::strip)
          .filter(line -> line.matches("\\d+"))
          .flatMap(line -> ProcessHandle.of(Long.parseLong(line)))
          .filter(ProcessHandle::isAlive)
          .filter(PostgresServer::isPostgres);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static boolean isPostgres(ProcessHandle process) {
    return process
        .info()
        .command()
        .or(() -> process.info().commandLine())
        .map(command -> command.contains("postgres"))
        .orElse(false);
  }

  /** Kills the postmaster first, so that it starts no new children, then what it has left. */
  private static void killTree(ProcessHandle postmaster) {
    List<ProcessHandle> all = new ArrayList<>();
    all.add(postmaster);
    postmaster.descendants().forEach(all::add);
    all.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle process : all) {
      awaitEnd(process);
    }
  }

  private static void awaitEnd(ProcessHandle process) {
    long deadline = System.nanoTime() + STOP_WITHIN.toNanos();
    // One that ended and whose parent has not asked for its exit code yet is alive, but no program.
    while (process.isAlive() && isPostgres(process)) {
      if (System.nanoTime() > deadline) {
        throw new ServerException(
            "process %d of PostgreSQL does not end: end it by hand".formatted(process.pid()));
      }
      try {
        process.onExit().get(20, TimeUnit.MILLISECONDS);
      } catch (TimeoutException stillThere) {
        // Looked at again by the loop.
      } catch (ExecutionException e) {
        throw new IllegalStateException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ServerException("interrupted while PostgreSQL was ending", e);
      }
    }
  }

  /** Whether nothing listens on this port of the loopback address. */
  public static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static void requireWritable(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new ServerException("cannot make the folder " + folder + ": " + e, e);
    }
    if (!Files.isWritable(folder)) {
      throw new ServerException("the folder %s cannot be written to".formatted(folder));
    }
  }
}
