package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** The built application in a process of its own, which is ended with the test. */
public final class Application implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** What a command printed, and its exit code. */
  public record Printed(int exit, String text) {}

  private final Process process;
  private final Thread reader;
  private final List<String> lines = new ArrayList<>();
  private final BlockingQueue<String> coming = new LinkedBlockingQueue<>();

  private Application(Process process) {
    this.process = process;
    this.reader = Thread.ofVirtual().start(this::read);
  }

  static Application start(Map<String, String> environment, String... arguments)
      throws IOException {
    return new Application(launch(shortRun(), environment, arguments));
  }

  static Application start(Program program, String... arguments) throws IOException {
    return new Application(launch(program, Map.of(), arguments));
  }

  /** Runs a command to its end. */
  static Printed run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    return run(shortRun(), environment, arguments);
  }

  /** Runs a command to its end, in a JVM with options of its own. */
  public static Printed run(Program program, String... arguments)
      throws IOException, InterruptedException {
    return run(program, Map.of(), arguments);
  }

  private static Printed run(Program program, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    Process process = launch(program, environment, arguments);
    String text = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Printed(process.waitFor(), text);
  }

  private static Program shortRun() {
    return BuiltApplication.program().shortRun();
  }

  private static Process launch(
      Program program, Map<String, String> environment, String... arguments) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(program.command(arguments)).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    return process;
  }

  private void read() {
    try (BufferedReader reader = process.inputReader()) {
      reader.lines().forEach(coming::add);
    } catch (UncheckedIOException | IOException e) {
      // The process has ended.
    }
  }

  /** Waits a moment, or less if it says something. */
  void listen() throws InterruptedException {
    String line = coming.poll(200, TimeUnit.MILLISECONDS);
    if (line != null) {
      lines.add(line);
    }
  }

  /** Waits for a line of its output. */
  void await(String text) throws InterruptedException {
    await("'%s'".formatted(text), () -> lines.stream().anyMatch(line -> line.contains(text)));
  }

  /**
   * Waits for something that it does.
   *
   * @param what it is, if it does not happen
   */
  void await(String what, BooleanSupplier happened) throws InterruptedException {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!happened.getAsBoolean()) {
      assertThat(Instant.now()).as("waiting for %s in %s", what, lines).isBefore(deadline);
      assertThat(process.isAlive() || !coming.isEmpty()).as("ended: %s", lines).isTrue();
      listen();
    }
  }

  /** Ends it as SIGTERM does. */
  int terminate() throws InterruptedException {
    // Process.destroy would close the stream of its output as well.
    process.toHandle().destroy();
    return exitCode();
  }

  int exitCode() throws InterruptedException {
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as("%s", lines).isTrue();
    reader.join();
    return process.exitValue();
  }

  List<String> lines() {
    coming.drainTo(lines);
    return List.copyOf(lines);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
