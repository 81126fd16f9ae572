package dev.firn.ingest;

import dev.firn.compaction.health.HealthSettings;
import dev.firn.compaction.health.Prices;
import dev.firn.compaction.health.TableHealth;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code firn tables}: says how the tables of a lake stand, and changes nothing. */
@Command(
    name = "tables",
    description = {
      "Say how the tables of a lake stand: rows, files, deletes, metadata, what reading and",
      "writing them costs, and what mends what is wrong. Reads metadata and manifests alone.",
      "Exit code 0: all tables were read, whatever they are like; 1: some were not."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class TablesCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "TABLE",
      arity = "0..*",
      description = {
        "Say all of these, such as orders or shop.orders; of a table that Firn does not keep the",
        "whole name (default: a line for each that Firn keeps)."
      })
  private List<String> tables = List.of();

  @ArgGroup(multiplicity = "1")
  private LakePlace place = new LakePlace();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write all figures to this file, as JSON.")
  private @Nullable Path json;

  @Option(
      names = "--price-put",
      paramLabel = "PRICE",
      description = "Price of 1,000 requests that write (default: ${DEFAULT-VALUE}).")
  private double thousandPuts = Prices.DEFAULT.thousandPuts();

  @Option(
      names = "--price-get",
      paramLabel = "PRICE",
      description = "Price of 1,000 requests that read (default: ${DEFAULT-VALUE}).")
  private double thousandGets = Prices.DEFAULT.thousandGets();

  @Option(
      names = "--price-storage",
      paramLabel = "PRICE",
      description = "Price of a GB for a month (default: ${DEFAULT-VALUE}).")
  private double gigabyteMonth = Prices.DEFAULT.gigabyteMonth();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Prices prices = prices();
    MaintainedLake target = place.lake();
    CommandOutput.silenceLogs();
    List<TablesReport.Entry> entries =
        look(target, new HealthSettings(target.targetFileBytes(), prices));
    TablesReport report = new TablesReport(entries);
    PrintWriter out = spec.commandLine().getOut();
    out.println(tables.isEmpty() ? report.text() : report.details());
    out.flush();
    if (json != null) {
      CommandOutput.write(TablesJson.of(entries), json);
    }
    return report.isComplete() ? Outcome.OK : Outcome.FAILED;
  }

  private Prices prices() {
    try {
      return new Prices(thousandPuts, thousandGets, gigabyteMonth);
    } catch (IllegalArgumentException e) {
      throw new SettingsException(
          "--price-put, --price-get and --price-storage: numbers from 0 on (%s)"
              .formatted(e.getMessage()),
          e);
    }
  }

  private List<TablesReport.Entry> look(MaintainedLake target, HealthSettings settings) {
    try (OpenedCatalog opened = new OpenedCatalog(target.open())) {
      Catalog catalog = opened.catalog();
      List<TablesReport.Entry> entries = new ArrayList<>();
      for (TableIdentifier name : AskedTables.of(catalog, tables)) {
        entries.add(new TablesReport.Entry(name.toString(), look(catalog, name, settings)));
      }
      return entries;
    }
  }

  private static Asked<TableHealth> look(
      Catalog catalog, TableIdentifier name, HealthSettings settings) {
    try {
      return Asked.of(TableHealth.of(catalog.loadTable(name), settings, Instant.now()));
    } catch (NoSuchTableException e) {
      return Asked.nothing("is gone");
    } catch (RuntimeException e) {
      return Asked.nothing("cannot be read: " + ConnectionLoss.reason(e));
    }
  }
}
