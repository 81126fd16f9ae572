package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Where commands put their results, and what must not get between them. */
public final class CommandOutput {
  /** Held here: the levels of loggers that nobody holds are forgotten. */
  private static final Logger ROOT_LOGGER = Logger.getLogger("");

  private CommandOutput() {}

  /** Silences the libraries, for a command whose own lines say all that there is to say. */
  static void silenceLogs() {
    ROOT_LOGGER.setLevel(Level.OFF);
  }

  /**
   * Writes a command's result to a file.
   *
   * @throws CommandException it cannot be written there
   */
  public static void write(String text, Path file) {
    try {
      Files.writeString(file, text, UTF_8);
    } catch (IOException e) {
      throw new CommandException(
          CommandException.USAGE, "cannot write the result to %s: %s".formatted(file, e), e);
    }
  }
}
