package dev.firn.ingest;

import dev.firn.writer.LakeTables;
import dev.firn.writer.Pipeline;
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
      "identity. The request lies in the source's log: the pipeline finds it there, now or later.",
      "",
      "With --all --new-slot, for a stopped pipeline that cannot go on because the source's log is",
      "lost: the next start makes a new replication slot and reads all tables anew; together they",
      "take the place of the tables' old rows when the last row is read."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class ResnapshotCommand implements Callable<Integer> {
  private static final long LOOK_MILLIS = 500;

  @Parameters(
      paramLabel = "TABLE",
      arity = "0..*",
      description = "Names of the source's tables, such as orders or shop.orders.")
  private List<String> tables = List.of();

  @Mixin private ConfigOption config = new ConfigOption();

  @Option(names = "--all", description = "All tables that are captured.")
  private boolean all;

  @Option(
      names = "--new-slot",
      description = "With --all: forget where in the source the stopped pipeline is.")
  private boolean newSlot;

  @Option(names = "--wait", description = "Return when all of them have been replaced.")
  private boolean wait;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws InterruptedException {
    try {
      requireSense();
      ConfigFile file = config.load();
      CommandOutput.silenceLogs();
      if (newSlot) {
        readAnew(file);
        return Outcome.OK;
      }
      NamedTables<SourceTable> captured = captured(file.source());
      List<SourceTable> asked = all ? captured.tables() : captured.of(tables);
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

  private void requireSense() {
    if (all != tables.isEmpty()) {
      throw new SettingsException("name the tables to read again, or say --all");
    }
    if (newSlot && (!all || wait)) {
      throw new SettingsException(
          "--new-slot goes with --all, and not with --wait: the next start reads the tables");
    }
  }

  private void readAnew(ConfigFile file) throws SQLException {
    if (!file.source().readsInitialSnapshot()) {
      throw new SettingsException(
          "%ssnapshot.mode must be initial: without it the next start would read no rows"
              .formatted(ServerConfig.SOURCE_PREFIX));
    }
    requireStopped(file.source());
    try (OpenedCatalog opened = new OpenedCatalog(LakeProbe.open(file.sink()))) {
      Catalog catalog = opened.catalog();
      if (Pipeline.look(catalog, file.sink().pipeline()).isEmpty()) {
        throw new SettingsException(
            "the lake knows no pipeline %s".formatted(file.sink().pipeline().name()));
      }
      long unused =
          Pipeline.readAnew(
              catalog, file.sink().pipeline(), file.source().log()::parse, file.source().notes());
    }
    say(
        "pipeline %s has forgotten where in the source it is; start it: firn ingest --config %s reads all tables anew, which show what they hold until the last row is read"
            .formatted(file.sink().pipeline().name(), config.file()));
  }

  private static void requireStopped(Source source) throws SQLException {
    source
        .follower()
        .ifPresent(who -> {
          throw new SettingsException(who + "; stop the pipeline first");
        });
  }

  private static NamedTables<SourceTable> captured(Source source) throws SQLException {
    return new NamedTables<>(
        source.tableNames(), "the tables that are captured", SourceTable::name);
  }

  private void ask(ConfigFile file, List<SourceTable> asked) throws SQLException {
    file.source().ask(file.sink().pipeline().name(), asked);
    say(
        "asked pipeline %s to read %s again"
            .formatted(
                file.sink().pipeline().name(),
                asked.stream().map(SourceTable::toString).collect(Collectors.joining(", "))));
    if (file.source().slotName().isPresent() && file.source().follower().isEmpty()) {
      say(
          "nobody follows the source's log now, as while a pipeline is stopped, reads its first snapshot or reconnects: the request is found when it does");
    }
  }

  private void askAndWait(ConfigFile file, List<SourceTable> asked)
      throws SQLException, InterruptedException {
    try (OpenedCatalog opened = new OpenedCatalog(LakeProbe.open(file.sink()))) {
      Catalog catalog = opened.catalog();
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
    }
  }

  private static long baseline(Catalog catalog, TableIdentifier table) {
    return LakeTables.baseline(catalog, table).orElse(-1L);
  }

  private void say(String line) {
    CommandOutput.say(spec, line);
  }
}
