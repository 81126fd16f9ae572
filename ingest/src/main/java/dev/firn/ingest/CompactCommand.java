package dev.firn.ingest;

import dev.firn.compaction.Compaction;
import dev.firn.compaction.TableResult;
import dev.firn.writer.Lake;
import dev.firn.writer.LakeTables;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code firn compact}: merges small files and applies deletes, beside a writer or without one. */
@Command(
    name = "compact",
    description = {
      "Merge small data files and apply deletes. The pipeline may run meanwhile, in another",
      "process; rows keep their identity, and readers see the same before and after."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class CompactCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "TABLE",
      arity = "0..*",
      description = "Names, such as orders or shop.orders (default: all tables that Firn keeps).")
  private List<String> tables = List.of();

  @Option(
      names = "--once",
      required = true,
      description = "Go through the tables once and end; the one way there is.")
  @SuppressWarnings("UnusedVariable") // required: picocli refuses a command without it
  private boolean once;

  @ArgGroup(multiplicity = "1")
  private LakePlace place = new LakePlace();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write the result to this file, as JSON.")
  private @Nullable Path json;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Where the lake is. */
  static final class LakePlace {
    @Option(
        names = "--config",
        paramLabel = "FILE",
        description = "The properties file that firn ingest gets.")
    private @Nullable Path config;

    @Option(
        names = "--dir",
        paramLabel = "FOLDER",
        description = "An embedded lake, such as firn-home/lake of the demo.")
    private @Nullable Path folder;

    CompactionTarget open() {
      if (config != null) {
        return CompactionTarget.of(ConfigFile.load(config).sink());
      }
      return CompactionTarget.embedded(folder == null ? Path.of("") : folder);
    }
  }

  /**
   * A lake and how large its files should be.
   *
   * @param catalog the catalog's properties
   */
  record CompactionTarget(String catalogName, Map<String, String> catalog, long targetFileBytes) {
    static CompactionTarget of(SinkSettings settings) {
      return new CompactionTarget(
          settings.catalogName(), settings.catalog(), settings.pipeline().targetFileBytes());
    }

    static CompactionTarget embedded(Path folder) {
      if (!Files.isRegularFile(folder.resolve("catalog.db"))) {
        throw new SettingsException(
            "--dir %s: no embedded lake there (it has a file catalog.db)".formatted(folder));
      }
      return new CompactionTarget(
          Lake.DEFAULT_NAME, Lake.embedded(folder), SinkSettings.DEFAULT_TARGET_FILE_BYTES);
    }
  }

  @Override
  public Integer call() {
    CompactionTarget target = place.open();
    CommandOutput.silenceLogs();
    List<TableResult> results = compact(target);
    out().println(CompactReport.sum(results));
    out().flush();
    if (json != null) {
      CommandOutput.write(CompactReport.json(results), json);
    }
    return results.stream().anyMatch(result -> result.failure().isPresent())
        ? Outcome.FAILED
        : Outcome.OK;
  }

  private List<TableResult> compact(CompactionTarget target) {
    Catalog catalog = Lake.open(target.catalogName(), target.catalog());
    try (Closeable closing = Lake.closing(catalog)) {
      List<TableResult> results = new ArrayList<>();
      for (TableIdentifier name : chosen(LakeTables.in(catalog))) {
        TableResult result =
            Compaction.run(catalog.loadTable(name), name.toString(), target.targetFileBytes());
        out().println(CompactReport.line(result));
        out().flush();
        results.add(result);
      }
      return results;
    } catch (IOException e) {
      throw new CommandException(
          CommandException.FAILED, "cannot close the catalog: " + e.getMessage(), e);
    }
  }

  private List<TableIdentifier> chosen(List<TableIdentifier> known) {
    return tables.isEmpty()
        ? known
        : new NamedTables<>(known, "the tables that Firn keeps here", TableIdentifier::name)
            .of(tables);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
