package dev.firn.ingest;

import dev.firn.writer.Lake;
import dev.firn.writer.LakeTables;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code firn resnapshot}: asks the pipeline to read tables of its source again. */
@Command(
    name = "resnapshot",
    description = {
      "Read tables of the source again, while the pipeline goes on. Each table of the lake shows its",
      "rows as they were and as they change, until it is replaced in one commit; rows keep their",
      "identity. The request lies in the source's log: the pipeline finds it there, now or later."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class ResnapshotCommand implements Callable<Integer> {
  private static final Logger ROOT_LOGGER = Logger.getLogger("");
  private static final long LOOK_MILLIS = 500;

  @Parameters(
      paramLabel = "TABLE",
      arity = "1..*",
      description = "Names of the source's tables, such as orders or shop.orders.")
  private List<String> tables = List.of();

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "The properties file that firn ingest gets.")
  private Path config = Path.of("");

  @Option(names = "--wait", description = "Return when all of them have been replaced.")
  private boolean wait;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws InterruptedException {
    try {
      ConfigFile file = ConfigFile.load(config);
      ROOT_LOGGER.setLevel(Level.OFF);
      List<SourceTable> asked = chosen(captured(file.source()));
      if (wait) {
        askAndWait(file, asked);
      } else {
        ask(file, asked);
        say("watch it with: firn status --config %s".formatted(config));
      }
      return Outcome.OK;
    } catch (SettingsException e) {
      throw new CommandException(CommandException.USAGE, String.valueOf(e.getMessage()), e);
    } catch (SQLException e) {
      throw new CommandException(CommandException.FAILED, ConnectionLoss.reason(e), e);
    }
  }

  private static List<SourceTable> captured(PostgresSource source) throws SQLException {
    return new PostgresTables(source).read().stream().map(CapturedTable::source).toList();
  }

  private List<SourceTable> chosen(List<SourceTable> captured) {
    List<SourceTable> chosen = new ArrayList<>();
    for (String name : tables) {
      List<SourceTable> found =
          captured.stream()
              .filter(table -> table.toString().equals(name) || table.name().equals(name))
              .toList();
      if (found.size() != 1) {
        throw new SettingsException(
            "%s %s; the tables that are captured: %s"
                .formatted(
                    found.isEmpty() ? "unknown table" : "ambiguous table",
                    name,
                    captured.stream()
                        .map(SourceTable::toString)
                        .collect(Collectors.joining(", "))));
      }
      chosen.add(found.getFirst());
    }
    return chosen.stream().distinct().toList();
  }

  private void ask(ConfigFile file, List<SourceTable> asked) throws SQLException {
    try (PostgresConnection connection = file.source().connect();
        PreparedStatement message =
            connection
                .connection()
                .prepareStatement("SELECT pg_logical_emit_message(true, ?, ?)")) {
      message.setString(1, ReadingRequest.prefix(file.sink().pipeline().name()));
      message.setString(2, ReadingRequest.message(asked));
      message.execute();
    }
    say(
        "asked pipeline %s to read %s again"
            .formatted(
                file.sink().pipeline().name(),
                asked.stream().map(SourceTable::toString).collect(Collectors.joining(", "))));
  }

  private void askAndWait(ConfigFile file, List<SourceTable> asked)
      throws SQLException, InterruptedException {
    Catalog catalog = Lake.open(file.sink().catalogName(), file.sink().catalog());
    try (Closeable closing = catalog instanceof Closeable closeable ? closeable : () -> {}) {
      Map<TableIdentifier, Long> before = new LinkedHashMap<>();
      for (SourceTable table : asked) {
        TableIdentifier name = file.sink().routing().tableFor(file.source().topicPrefix(), table);
        before.put(name, baseline(catalog, name));
      }
      ask(file, asked);
      for (Map.Entry<TableIdentifier, Long> table : before.entrySet()) {
        while (baseline(catalog, table.getKey()) == table.getValue()) {
          TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        say("%s was read again".formatted(table.getKey()));
      }
    } catch (IOException e) {
      throw new CommandException(
          CommandException.FAILED, "cannot close the catalog: " + e.getMessage(), e);
    }
  }

  private static long baseline(Catalog catalog, TableIdentifier table) {
    return LakeTables.baseline(catalog, table).orElse(-1L);
  }

  private void say(String line) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(line);
    out.flush();
  }
}
