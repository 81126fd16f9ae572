package dev.firn.ingest;

import io.quarkus.runtime.Quarkus;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code firn ingest}: runs a pipeline until it is told to stop. */
@Command(
    name = "ingest",
    description = "Take the changes of a database into the lake, until stopped.",
    mixinStandardHelpOptions = true)
public final class IngestCommand implements Callable<Integer> {
  /** What a stop may take altogether: a commit that runs is let finish. */
  private static final long STOP_SECONDS = 15;

  @Mixin private ConfigOption config = new ConfigOption();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    ConfigFile file = config.load();
    requireFreePort(file);
    requireReachable(file.source());
    return serve();
  }

  /**
   * Runs the server in this JVM and waits for its end.
   *
   * <p>A JVM that is told to stop (SIGTERM) exits with 143 whatever the application says; the hook
   * makes it the application's own code, once everything is closed, or a failure if that takes too
   * long: a request that hangs does not keep the process.
   */
  private int serve() {
    AtomicInteger code = new AtomicInteger(Outcome.FAILED);
    CountDownLatch ended = new CountDownLatch(1);
    AtomicBoolean told = new AtomicBoolean();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  told.set(true);
                  halt(ended, code);
                },
                "firn-exit"));
    Quarkus.run(
        null,
        (exitCode, failure) -> {
          boolean asTold = told.get() && !EngineOutcome.hasFailed();
          code.set(failure == null ? asTold ? Outcome.OK : exitCode : startFailed(failure));
          ended.countDown();
        });
    return code.get();
  }

  private static void halt(CountDownLatch ended, AtomicInteger code) {
    try {
      if (!ended.await(STOP_SECONDS, TimeUnit.SECONDS)) {
        System.err.printf(
            "firn ingest: catalog or storage have not ended a request for %d s: stopped without it; nothing is lost: the next start looks what has become of it, and reads the rest again%n",
            STOP_SECONDS);
      }
      System.out.flush();
      System.err.flush();
      Runtime.getRuntime().halt(code.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int startFailed(Throwable failure) {
    PrintWriter err = spec.commandLine().getErr();
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof RuntimeException e && Outcome.of(e).isExpected()) {
        err.println("firn ingest: " + e.getMessage());
        err.flush();
        return Outcome.of(e).exitCode();
      }
    }
    err.println("firn ingest: could not be started");
    failure.printStackTrace(err);
    err.flush();
    return Outcome.FAILED;
  }

  private static void requireFreePort(ConfigFile file) {
    if (file.httpPort() == 0) {
      return;
    }
    try (ServerSocket socket =
        new ServerSocket(file.httpPort(), 1, InetAddress.getByName(file.httpHost()))) {
      socket.setReuseAddress(true);
    } catch (IOException e) {
      throw new SettingsException(
          "port %d on %s is in use (%s); choose another with quarkus.http.port"
              .formatted(file.httpPort(), file.httpHost(), e.getMessage()),
          e);
    }
  }

  private static void requireReachable(Source source) {
    try {
      source.requireReachable();
    } catch (SQLException | RuntimeException e) {
      throw new SettingsException(
          "cannot connect to database %s: %s".formatted(source.place(), ConnectionLoss.reason(e)),
          e);
    }
  }
}
