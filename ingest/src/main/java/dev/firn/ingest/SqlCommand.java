package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.firn.ingest.sql.AlignedTable;
import dev.firn.ingest.sql.Answer;
import dev.firn.ingest.sql.EmbeddedTrino;
import dev.firn.ingest.sql.JsonLines;
import dev.firn.ingest.sql.PrintedConfig;
import dev.firn.ingest.sql.Prompt;
import dev.firn.ingest.sql.QueriedLake;
import dev.firn.ingest.sql.Questions;
import dev.firn.ingest.sql.Statements;
import dev.firn.ingest.sql.TrinoCatalog;
import dev.firn.ingest.sql.TrinoInstallation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code firn sql}: questions to a lake, which an embedded Trino answers. */
@Command(
    name = "sql",
    description = {
      "Ask a lake in SQL: its tables are lake.SCHEMA.TABLE. An embedded Trino answers; it is started",
      "for this command alone, and only reads. Without -e and -f the statements come from standard",
      "input; at a terminal there is a prompt.",
      "Exit code 1: a statement failed; 2: asked wrongly, or there is no Trino."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class SqlCommand implements Callable<Integer> {
  @ArgGroup(multiplicity = "1")
  private LakePlace place = new LakePlace();

  @ArgGroup private Asked asked = new Asked();

  @Option(
      names = "--json",
      description = "Print a JSON object for each row, on a line of its own, in place of a table.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** What is asked. */
  static final class Asked {
    @Option(
        names = {"-e", "--execute"},
        paramLabel = "STATEMENT",
        description = "Run this, or several with ; between them.")
    private @Nullable String text;

    @Option(
        names = {"-f", "--file"},
        paramLabel = "FILE",
        description = "Run the statements of this file, up to the first that fails.")
    private @Nullable Path file;

    @Option(
        names = "--print-config",
        paramLabel = "ENGINE",
        description =
            "Run nothing; print the settings with which one of ${COMPLETION-CANDIDATES} reads this lake.")
    private @Nullable PrintedConfig printed;

    /** All statements, if they do not come from standard input. */
    @Nullable String given() {
      if (file == null) {
        return text;
      }
      try {
        return Files.readString(file);
      } catch (IOException e) {
        throw new SettingsException("cannot read %s: %s".formatted(file, e), e);
      }
    }
  }

  @Override
  public Integer call() throws Exception {
    QueriedLake lake = place.queriedLake();
    CommandOutput.silenceLogs();
    PrintWriter out = spec.commandLine().getOut();
    if (asked.printed != null) {
      out.println(asked.printed.text(lake, place.variables(lake.properties().keySet())));
      out.flush();
      return Outcome.OK;
    }
    String given = asked.given();
    Map<String, String> catalog = TrinoCatalog.embedded(lake);
    TrinoInstallation installation = TrinoInstallation.find();
    Answer answer = json ? new JsonLines() : new AlignedTable();
    Runnable started = sayStarting();
    try (EmbeddedTrino trino = EmbeddedTrino.start(installation, PrintedConfig.CATALOG, catalog);
        Connection connection = trino.connect(PrintedConfig.CATALOG)) {
      started.run();
      ask(new Questions(connection, answer, out), given);
    } catch (SQLException e) {
      throw new CommandException(CommandException.FAILED, "Trino cannot be reached: " + e, e);
    }
    return Outcome.OK;
  }

  private void ask(Questions questions, @Nullable String given) throws IOException {
    if (given == null && Prompt.isPossible()) {
      new Prompt(questions, spec.commandLine().getErr())
          .run(Path.of(System.getProperty("user.home"), ".firn_sql_history"));
      return;
    }
    Statements statements = new Statements();
    if (given != null) {
      questions.ask(statements.add(given));
    } else {
      askLines(questions, statements);
    }
    questions.ask(statements.last().map(List::of).orElse(List.of()));
  }

  /** Each is asked as soon as it has ended. */
  private static void askLines(Questions questions, Statements statements) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    String line = lines.readLine();
    while (line != null) {
      questions.ask(statements.add(line + "\n"));
      line = lines.readLine();
    }
  }

  /** Says so to a person; what is returned takes it back. */
  private Runnable sayStarting() {
    if (!Prompt.isPossible()) {
      return () -> {};
    }
    PrintWriter err = spec.commandLine().getErr();
    err.print("starting Trino ...");
    err.flush();
    return () -> {
      err.print("\r\u001b[K");
      err.flush();
    };
  }
}
