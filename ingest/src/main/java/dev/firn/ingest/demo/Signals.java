package dev.firn.ingest.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;

/**
 * Stops processes (SIGSTOP) and lets them go on (SIGCONT), which Java itself cannot: by a shell
 * that waits for orders, within a fraction of a millisecond.
 */
final class Signals implements AutoCloseable {
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
