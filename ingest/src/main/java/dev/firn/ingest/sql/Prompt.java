package dev.firn.ingest.sql;

import dev.firn.ingest.CommandException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** Reads statements from a person at a terminal, until {@code quit} or the end of the input. */
public final class Prompt {
  private static final String FIRST = "firn> ";
  private static final String MORE = "   -> ";
  private static final String WELCOME =
      "Statements end with ; and may have several lines. Ctrl-C ends one that runs, quit ends this.";

  private final Questions questions;
  private final PrintWriter err;
  private final Statements statements = new Statements();

  public Prompt(Questions questions, PrintWriter err) {
    this.questions = questions;
    this.err = err;
  }

  /** Whether a person is at a terminal: for standard input and for standard output. */
  // The launcher chooses the console (jdk.console) that is null without a terminal.
  @SuppressWarnings("SystemConsoleNull")
  public static boolean isPossible() {
    return System.console() != null;
  }

  /**
   * Reads and asks until the person has enough.
   *
   * @param history a file with the lines of earlier times
   */
  public void run(Path history) throws IOException {
    try (Terminal terminal = TerminalBuilder.builder().system(true).jni(false).build()) {
      terminal.handle(Terminal.Signal.INT, signal -> questions.cancel());
      LineReader lines = reader(terminal, history);
      err.println(WELCOME);
      err.flush();
      Optional<String> line = next(lines);
      while (line.isPresent()) {
        take(line.orElseThrow());
        line = next(lines);
      }
    }
  }

  private static LineReader reader(Terminal terminal, Path history) {
    DefaultParser verbatim = new DefaultParser();
    verbatim.setEscapeChars(null);
    verbatim.setQuoteChars(new char[0]);
    return LineReaderBuilder.builder()
        .terminal(terminal)
        .appName("firn")
        .parser(verbatim)
        .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
        .option(LineReader.Option.HISTORY_IGNORE_SPACE, true)
        .variable(LineReader.HISTORY_FILE, history)
        .build();
  }

  /** The next line; empty: it is time to end. */
  private Optional<String> next(LineReader lines) {
    while (true) {
      try {
        String line = lines.readLine(statements.isEmpty() ? FIRST : MORE);
        boolean ends = statements.isEmpty() && isQuit(line);
        return ends ? Optional.empty() : Optional.of(line);
      } catch (UserInterruptException e) {
        statements.clear();
      } catch (EndOfFileException e) {
        return Optional.empty();
      }
    }
  }

  private static boolean isQuit(String line) {
    return line.strip().toLowerCase(Locale.ROOT).matches("(quit|exit)\\s*;?");
  }

  private void take(String line) {
    try {
      questions.ask(statements.add(line + "\n"));
    } catch (CommandException e) {
      err.println(e.getMessage());
      err.flush();
    }
    if (statements.isEmpty()) {
      statements.clear();
    }
  }
}
