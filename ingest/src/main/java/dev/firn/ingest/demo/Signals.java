package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Stops processes (SIGSTOP) and lets them go on (SIGCONT), which Java itself cannot: by a shell
 * that waits for orders, within a fraction of a millisecond.
 */
final class Signals implements AutoCloseable {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Process shell;
  private final Writer orders;
  private final BufferedReader answers;

  private Signals(Process shell) {
    this.shell = shell;
    this.orders = shell.outputWriter(US_ASCII);
    this.answers = shell.inputReader(US_ASCII);
  }

  static Signals open() {
    try {
      return new Signals(new ProcessBuilder("sh").redirectErrorStream(true).start());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run sh", e);
    }
  }

  /** Returns when the process is stopped, or if there is no such process. */
  void stop(long pid) {
    send("STOP", pid);
    long start = System.nanoTime();
    while (!isStopped(pid) && System.nanoTime() - start < PATIENCE_NANOS) {
      Thread.onSpinWait();
    }
  }

  /** Whether none of its threads runs any more: the signal reaches each where it is. */
  private static boolean isStopped(long pid) {
    try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
      return threads.allMatch(Signals::isThreadStopped);
    } catch (IOException | UncheckedIOException e) {
      // there is no such process, or no such folder on this system
      return true;
    }
  }

  private static boolean isThreadStopped(Path thread) {
    try {
      String stat = Files.readString(thread.resolve("stat"), US_ASCII);
      return "TtXZ".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) >= 0;
    } catch (IOException e) {
      return true;
    }
  }

  void resume(long pid) {
    send("CONT", pid);
  }

  private void send(String signal, long pid) {
    try {
      orders.write("kill -%s %d 2>/dev/null; echo\n".formatted(signal, pid));
      orders.flush();
      if (answers.readLine() == null) {
        throw new IOException("the shell has ended");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot send a signal", e);
    }
  }

  @Override
  public void close() {
    shell.destroy();
  }
}
