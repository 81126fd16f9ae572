package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Model.CommandSpec;

/** Where commands put their results, and what must not get between them. */
public final class CommandOutput {
  /** Held here: the levels of loggers that nobody holds are forgotten. */
  private static final Logger ROOT_LOGGER = Logger.getLogger("");

  private CommandOutput() {}

  /** Silences the libraries, for a command whose own lines say all that there is to say. */
  static void silenceLogs() {
    ROOT_LOGGER.setLevel(Level.OFF);
  }

  /** Says a line, at once. */
  static void say(CommandSpec spec, String line) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(line);
    out.flush();
  }

  /**
   * Writes a command's result to a file, as JSON.
   *
   * @throws CommandException it cannot be written there
   */
  static void writeJson(Object result, Path file) {
    try {
      write(
          new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(result),
          file);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a result that is no JSON", e);
    }
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
