package dev.firn.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** The process of a database server on a data folder, which notes its id there. */
final class ServerProcess {
  private static final Duration START_WITHIN = Duration.ofSeconds(60);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(20);
  private static final long LOOK_MILLIS = 50;
  private static final String PID_FILE = "firn.pid";

  private final String name;
  private final Path data;
  private Optional<ProcessHandle> process = Optional.empty();

  /**
   * @param name of the server, for messages
   * @param data its data folder
   */
  ServerProcess(String name, Path data) {
    this.name = name;
    this.data = data;
  }

  /** Its id; empty when it does not run. */
  Optional<Long> pid() {
    return process.filter(ProcessHandle::isAlive).map(ProcessHandle::pid);
  }

  /**
   * Starts it and returns when it answers.
   *
   * @throws ServerException it cannot start; the message says why in one line
   */
  void launch(List<String> command, BooleanSupplier answers) {
    Path log = data.resolve("server.log");
    try {
      Process started =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      started.getOutputStream().close();
      process = Optional.of(started.toHandle());
      Files.writeString(data.resolve(PID_FILE), Long.toString(started.pid()));
      awaitAnswer(started, log, answers);
    } catch (IOException e) {
      throw new ServerException("cannot start %s: %s".formatted(name, e.getMessage()), e);
    }
  }

  private void awaitAnswer(Process started, Path log, BooleanSupplier answers) {
    long deadline = System.nanoTime() + START_WITHIN.toNanos();
    while (!answers.getAsBoolean()) {
      if (!started.isAlive() || System.nanoTime() > deadline) {
        end(name, started.toHandle());
        throw new ServerException(
            "%s did not start in %s: %s".formatted(name, data, lastLine(log)));
      }
      pause(name);
    }
  }

  /** Runs a program to its end. */
  static void run(List<String> command, Path output) {
    try {
      Process made =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (made.waitFor() != 0) {
        throw new ServerException("%s failed: %s".formatted(command.getFirst(), lastLine(output)));
      }
    } catch (IOException e) {
      throw new ServerException(
          "cannot run %s: %s".formatted(command.getFirst(), e.getMessage()), e);
    } catch (InterruptedException e) {
      throw interrupted(command.getFirst(), e);
    }
  }

  /** Ends it like a loss of power. */
  void kill() {
    process.ifPresent(running -> end(name, running));
  }

  /** Ends it in an orderly way. Nothing happens when it does not run. */
  void stop() {
    process
        .filter(ProcessHandle::isAlive)
        .ifPresent(running -> {
          running.destroy();
          if (!hasEnded(name, running)) {
            end(name, running);
          }
        });
  }

  /**
   * Ends a server that was left running on a data folder. Only a process that stands in the
   * folder's own file and runs the program is touched.
   */
  static void endLeftover(String name, String program, Path dataFolder) {
    Path pidFile = dataFolder.resolve(PID_FILE);
    try {
      if (Files.exists(pidFile)) {
        ProcessHandle.of(Long.parseLong(Files.readString(pidFile).strip()))
            .filter(process -> runs(process, program))
            .ifPresent(process -> end(name, process));
        Files.deleteIfExists(pidFile);
      }
    } catch (IOException | NumberFormatException e) {
      throw new ServerException("cannot read %s: %s".formatted(pidFile, e.getMessage()), e);
    }
  }

  private static boolean runs(ProcessHandle process, String program) {
    return process
        .info()
        .command()
        .or(() -> process.info().commandLine())
        .map(command -> command.contains(program))
        .orElse(false);
  }

  private static void end(String name, ProcessHandle process) {
    boolean unused = process.destroyForcibly();
    if (!hasEnded(name, process)) {
      throw new ServerException(
          "process %d of %s does not end: end it by hand".formatted(process.pid(), name));
    }
  }

  private static boolean hasEnded(String name, ProcessHandle process) {
    long deadline = System.nanoTime() + STOP_WITHIN.toNanos();
    while (process.isAlive() && System.nanoTime() < deadline) {
      pause(name);
    }
    return !process.isAlive();
  }

  private static void pause(String name) {
    try {
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      throw interrupted(name, e);
    }
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

  private static ServerException interrupted(String name, InterruptedException e) {
    Thread.currentThread().interrupt();
    return new ServerException("interrupted while waiting for " + name, e);
  }

  /** The port to listen on: the chosen one, or a free one where that is 0. */
  static int port(int chosen) {
    int port = chosen == 0 ? freePort() : chosen;
    if (!PostgresServer.isFree(port)) {
      throw new ServerException(
          "port %d is in use: stop what listens there or choose another port".formatted(port));
    }
    return port;
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new ServerException("no free port on the loopback address: " + e.getMessage(), e);
    }
  }
}
