package dev.firn.ingest.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;

/** Where the demo says what it does: lines, and on a terminal one line that keeps changing. */
public final class Screen {
  private final PrintStream out;
  private final boolean terminal;
  private int live;

  public Screen(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** Standard output. */
  public static Screen standard() {
    return new Screen(System.out, isTerminal());
  }

  private static boolean isTerminal() {
    try {
      Process test = new ProcessBuilder("sh", "-c", "test -t 1").inheritIO().start();
      return test.waitFor(2, TimeUnit.SECONDS) && test.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  boolean terminal() {
    return terminal;
  }

  synchronized void line(String text) {
    eraseLive();
    out.println(text);
    out.flush();
  }

  /** Shows a line in the place of the last live one; without a terminal, a line as any other. */
  synchronized void live(String text) {
    if (!terminal) {
      line(text);
      return;
    }
    eraseLive();
    out.print(text);
    out.flush();
    live = text.length();
  }

  private void eraseLive() {
    if (live > 0) {
      out.print("\r" + " ".repeat(live) + "\r");
      live = 0;
    }
  }
}
