package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * {@code firn ingest} in a process of its own, started again whenever it dies.
 *
 * <p>Its process id and start time stand in a file, so that a later run can end one that was left
 * behind, and nothing else.
 */
public final class SinkProcess implements AutoCloseable {
  private static final Duration STOP_WITHIN = Duration.ofSeconds(15);
  private static final Duration RECORD_WITHIN = Duration.ofMinutes(2);
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int EARLY_DEATHS = 3;
  private static final int TAIL = 10;
  private static final int WIDTH = 200;

  /**
   * How to run it.
   *
   * @param program the application, and the options of its JVM
   * @param config the file for --config
   * @param log where its output goes, appended
   * @param pidFile remembers the running process
   */
  public record Settings(Program program, Path config, Path log, Path pidFile) {}

  /**
   * How a process ended that is started again.
   *
   * @param log the end of it
   */
  public record End(int exitCode, String log) {
    boolean isKilled() {
      return isKilled(exitCode);
    }

    private static boolean isKilled(int exitCode) {
      return exitCode > 128;
    }

    @Override
    public String toString() {
      String text = "the sink's process ended (exit code %d): started again".formatted(exitCode);
      return isKilled() ? text : "%s; the end of its log:%n%s".formatted(text, log);
    }
  }

  private final Settings settings;
  private final Consumer<End> ends;
  private Process process;
  private Instant startedAt = Instant.now();
  private int restarts;
  private int earlyDeaths;
  private boolean stopping;
  private Optional<CommandException> failure = Optional.empty();

  private SinkProcess(Settings settings, Consumer<End> ends) {
    this.settings = settings;
    this.ends = ends;
    this.process = launch();
  }

  /** Starts it, after ending one that an earlier run left behind. */
  public static SinkProcess start(Settings settings, Consumer<End> ends) {
    endLeftover(settings.pidFile());
    SinkProcess sink = new SinkProcess(settings, ends);
    sink.watch();
    return sink;
  }

  /** Ends the process of an earlier run that stands in the file, if it still runs. */
  static boolean endLeftover(Path pidFile) {
    Optional<ProcessHandle> left = leftover(pidFile);
    left.ifPresent(process -> {
      process.destroy();
      if (!ended(process, STOP_WITHIN)) {
        process.destroyForcibly();
        ended(process, STOP_WITHIN);
      }
    });
    return left.isPresent();
  }

  private static Optional<ProcessHandle> leftover(Path pidFile) {
    try {
      if (!Files.exists(pidFile)) {
        return Optional.empty();
      }
      String[] words = Files.readString(pidFile, UTF_8).strip().split(" ", -1);
      return ProcessHandle.of(Long.parseLong(words[0]))
          .filter(ProcessHandle::isAlive)
          .filter(process -> startOf(process).equals(words[1]));
    } catch (IOException | RuntimeException e) {
      throw new CommandException(
          CommandException.USAGE,
          "cannot read %s (%s): if no firn runs, delete it".formatted(pidFile, e.getMessage()),
          e);
    }
  }

  private static String startOf(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toString).orElse("?");
  }

  private static boolean ended(ProcessHandle process, Duration within) {
    try {
      process.onExit().get(within.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Process launch() {
    List<String> command =
        settings.program().command("ingest", "--config", settings.config().toString());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(settings.log().toFile()));
    // They come before the file's, and mean another pipeline than this one.
    builder.environment().keySet().removeIf(SinkProcess::isSetting);
    try {
      Process started = builder.start();
      started.getOutputStream().close();
      Files.writeString(
          settings.pidFile(), started.pid() + " " + startOf(started.toHandle()) + "\n", UTF_8);
      startedAt = Instant.now();
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isSetting(String variable) {
    return variable.startsWith("DEBEZIUM_") || variable.startsWith("QUARKUS_");
  }

  private synchronized void watch() {
    // Ctrl-C reaches both processes: time for this one to learn that it is to end, too.
    CompletableFuture<Void> unused =
        process
            .onExit()
            .thenAcceptAsync(
                this::died, CompletableFuture.delayedExecutor(300, TimeUnit.MILLISECONDS));
  }

  private synchronized void died(Process dead) {
    if (stopping || !dead.equals(process)) {
      return;
    }
    boolean early = Duration.between(startedAt, Instant.now()).compareTo(SOON) < 0;
    earlyDeaths = early ? earlyDeaths + 1 : 0;
    int exitCode = dead.exitValue();
    if (!End.isKilled(exitCode)
        && (exitCode == 2 || exitCode == 3 || earlyDeaths >= EARLY_DEATHS)) {
      failure =
          Optional.of(
              new CommandException(
                  CommandException.FAILED,
                  "the sink ended with exit code %d; the end of %s:%n%s"
                      .formatted(exitCode, settings.log(), tail())));
      return;
    }
    restarts++;
    ends.accept(new End(exitCode, tail()));
    process = launch();
    watch();
  }

  /** The end of its log, without stack traces. */
  public String tail() {
    try (Stream<String> lines = Files.lines(settings.log(), UTF_8)) {
      Deque<String> last = new ArrayDeque<>();
      lines
          .filter(line -> !line.startsWith("\t"))
          .forEach(line -> {
            last.addLast(line.length() > WIDTH ? line.substring(0, WIDTH) + "..." : line);
            if (last.size() > TAIL) {
              last.removeFirst();
            }
          });
      return String.join(System.lineSeparator(), last);
    } catch (IOException e) {
      return "(no log: " + e.getMessage() + ")";
    }
  }

  /** What ended it for good; empty while it runs or is being started again. */
  public synchronized Optional<CommandException> failure() {
    return failure;
  }

  public synchronized int restarts() {
    return restarts;
  }

  public synchronized long pid() {
    return process.pid();
  }

  /** Kills it as {@code kill -9} does; it is started again. */
  public synchronized void kill() {
    // Not by Ctrl-C: nothing to wait for.
    CompletableFuture<Void> unused = process.onExit().thenAcceptAsync(this::died);
    process.destroyForcibly();
  }

  /**
   * Waits for it to end by itself; it is not started again.
   *
   * @return its exit code; empty when it still runs
   */
  public OptionalInt awaitEnd(Duration within) {
    Process last;
    synchronized (this) {
      stopping = true;
      last = process;
    }
    return ended(last.toHandle(), within) ? OptionalInt.of(last.exitValue()) : OptionalInt.empty();
  }

  /**
   * Asks it to end (SIGTERM) and waits; after 15 seconds, or two minutes of one that records what
   * it has loaded, it is killed.
   *
   * @return its exit code
   */
  public int stop() {
    Process last;
    synchronized (this) {
      stopping = true;
      last = process;
    }
    last.destroy();
    if (!ended(last.toHandle(), settings.program().isRecording() ? RECORD_WITHIN : STOP_WITHIN)) {
      last.destroyForcibly();
      ended(last.toHandle(), STOP_WITHIN);
    }
    try {
      Files.deleteIfExists(settings.pidFile());
      return last.waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return -1;
    }
  }

  @Override
  public void close() {
    stop();
  }
}
