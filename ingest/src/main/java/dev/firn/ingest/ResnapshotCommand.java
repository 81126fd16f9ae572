package dev.firn.ingest;

import dev.firn.writer.Lake;
import dev.firn.writer.LakeTables;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
  private static final long LOOK_MILLIS = 500;

  @Parameters(
      paramLabel = "TABLE",
      arity = "1..*",
      description = "Names of the source's tables, such as orders or shop.orders.")
  private List<String> tables = List.of();

  @Mixin private ConfigOption config = new ConfigOption();

  @Option(names = "--wait", description = "Return when all of them have been replaced.")
  private boolean wait;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws InterruptedException {
    try {
      ConfigFile file = config.load();
      CommandOutput.silenceLogs();
      List<SourceTable> asked = captured(file.source()).of(tables);
      if (wait) {
        askAndWait(file, asked);
      } else {
        ask(file, asked);
        say("watch it with: firn status --config %s".formatted(config.file()));
      }
      return Outcome.OK;
    } catch (SQLException e) {
      throw new CommandException(CommandException.FAILED, ConnectionLoss.reason(e), e);
    }
  }

  private static NamedTables<SourceTable> captured(PostgresSource source) throws SQLException {
    return new NamedTables<>(
        new PostgresTables(source).read().stream().map(CapturedTable::source).toList(),
        "the tables that are captured",
        SourceTable::name);
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
    try (Closeable closing = Lake.closing(catalog)) {
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
