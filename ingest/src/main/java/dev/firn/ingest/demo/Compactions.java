package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/**
 * {@code firn compact} again and again in processes of its own, beside a sink that maintains its
 * tables itself. Each third one is killed at some instant.
 */
final class Compactions implements AutoCloseable {
  /** The sink compacts every second, forgets soon, and removes files at once. */
  static final List<String> OFTEN =
      List.of(
          "maintenance.interval=1s",
          "retention.recent=30s",
          "retention.recent-snapshots=10",
          "clean.grace=5s");

  private static final long PAUSE_SECONDS = 8;
  private static final int LONGEST_LIFE_MILLIS = 6_000;
  private static final int KILLED = 3;

  private final Program program;
  private final DemoFolder folder;
  private final RandomGenerator random;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final Thread thread;
  private final AtomicInteger ended = new AtomicInteger();
  private final AtomicInteger killed = new AtomicInteger();
  private volatile String failure = "";

  private Compactions(Program program, DemoFolder folder, RandomGenerator random) {
    this.program = program;
    this.folder = folder;
    this.random = random;
    this.thread = Thread.ofPlatform().daemon().name("compactions").unstarted(this::run);
  }

  /**
   * Starts them.
   *
   * @param program the application
   */
  static Compactions start(Program program, DemoFolder folder, RandomGenerator random) {
    Compactions compactions = new Compactions(program, folder, random);
    compactions.thread.start();
    return compactions;
  }

  /** How many came to their end. */
  int ended() {
    return ended.get();
  }

  /** How many were killed. */
  int killed() {
    return killed.get();
  }

  /**
   * @throws CommandException one has failed
   */
  void requireNoFailure() {
    if (!failure.isEmpty()) {
      throw new CommandException(
          CommandException.FAILED, "a compaction beside the sink failed: " + failure);
    }
  }

  private void run() {
    try {
      while (failure.isEmpty() && !stopping.await(PAUSE_SECONDS, TimeUnit.SECONDS)) {
        compact();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      failure = e.toString();
    }
  }

  private void compact() throws IOException, InterruptedException {
    Path output = folder.root().resolve("compact.log");
    Process process =
        new ProcessBuilder(
                program
                    .with("-Xmx256m")
                    .shortRun()
                    .command("compact", "--config", folder.config().toString()))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean isToDie = random.nextInt(KILLED) == 0;
    boolean over =
        isToDie
            ? process.waitFor(1 + random.nextInt(LONGEST_LIFE_MILLIS), TimeUnit.MILLISECONDS)
            : process.waitFor() >= 0;
    if (!over) {
      process.destroyForcibly().waitFor();
      int unused = killed.incrementAndGet();
    } else if (process.exitValue() == 0) {
      int unused = ended.incrementAndGet();
    } else {
      failure = Files.readString(output, UTF_8).strip();
    }
  }

  @Override
  public void close() {
    stopping.countDown();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
