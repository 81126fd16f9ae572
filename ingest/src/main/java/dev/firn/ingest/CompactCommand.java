package dev.firn.ingest;

import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionStoppedException;
import dev.firn.compaction.maintenance.Maintenance;
import dev.firn.compaction.maintenance.Part;
import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.compaction.maintenance.TablePlan;
import dev.firn.writer.LakeTables;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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

/** {@code firn compact}: keeps tables in shape, beside a writer or without one. */
@Command(
    name = "compact",
    description = {
      "Merge small data files and apply deletes, thin out the history, and remove the files that",
      "nothing reaches. The pipeline may run meanwhile, in another process; rows keep their",
      "identity, and readers see the same before and after."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class CompactCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "TABLE",
      arity = "0..*",
      description = {
        "Names, such as orders or shop.orders (default: all tables that Firn keeps).",
        "A table that another tool keeps is named in full."
      })
  private List<String> tables = List.of();

  @ArgGroup(multiplicity = "0..1")
  private When when = new When();

  @Option(names = "--dry-run", description = "Only say what would be done; nothing is changed.")
  private boolean isTrial;

  @ArgGroup(multiplicity = "1")
  private LakePlace place = new LakePlace();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write the result to this file, as JSON.")
  private @Nullable Path json;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** How often. */
  static final class When {
    @Option(
        names = "--once",
        description = "Go through the tables once and end (this is the default).")
    @SuppressWarnings("UnusedVariable") // said for who reads the command line
    private boolean once;

    @Option(
        names = "--schedule",
        paramLabel = "CRON",
        description = "Stay, and do it at these times, such as '*/15 * * * *'.")
    private @Nullable String cron;
  }

  @Override
  public Integer call() {
    // Before the configuration is read, which sets the time zone of the process to UTC.
    Optional<Schedule> schedule = Optional.ofNullable(when.cron).map(Schedule::parse);
    MaintainedLake lake = place.lake();
    CommandOutput.silenceLogs();
    if (isTrial) {
      return tell(lake);
    }
    Stop stop = Stop.withProcess();
    return schedule
        .map(times -> again(lake, times, stop))
        .orElseGet(() -> stop.work(() -> once(lake, stop)));
  }

  private int tell(MaintainedLake lake) {
    return with(
        lake,
        new Stop(),
        (catalog, maintenance) -> {
          List<TablePlan> plans = new ArrayList<>();
          for (TableIdentifier table : chosen(catalog)) {
            TablePlan plan = maintenance.plan(table, Instant.now());
            CompactReport.plan(plan).forEach(this::say);
            plans.add(plan);
          }
          write(CompactReport.planJson(plans));
          return Outcome.OK;
        });
  }

  private int once(MaintainedLake lake, Stop stop) {
    return with(
        lake,
        stop,
        (catalog, maintenance) -> {
          List<TableMaintenance> results = new ArrayList<>();
          for (TableIdentifier table : chosen(catalog)) {
            results.add(maintain(maintenance, table, EnumSet.allOf(Part.class)));
          }
          say(CompactReport.sum(results));
          if (tables.isEmpty()) {
            results.addAll(controls(catalog, maintenance));
          }
          write(CompactReport.json(results));
          boolean failed = results.stream().anyMatch(result -> !result.failures().isEmpty());
          return failed ? Outcome.FAILED : Outcome.OK;
        });
  }

  /** They are compact; only a killed process may have left files there. */
  private List<TableMaintenance> controls(Catalog catalog, Maintenance maintenance) {
    List<TableMaintenance> results = new ArrayList<>();
    for (TableIdentifier control : LakeTables.controls(catalog)) {
      TableMaintenance done =
          maintenance.run(control, EnumSet.of(Part.ORPHANS), InstantSource.system());
      if (!done.isNothing()) {
        CompactReport.lines(done).forEach(this::say);
        results.add(done);
      }
    }
    return results;
  }

  private TableMaintenance maintain(
      Maintenance maintenance, TableIdentifier table, Set<Part> parts) {
    TableMaintenance done = maintenance.run(table, parts, InstantSource.system());
    CompactReport.lines(done).forEach(this::say);
    return done;
  }

  /** What fails is tried again the next time; only the end of the process ends it. */
  private int again(MaintainedLake lake, Schedule times, Stop stop) {
    while (true) {
      Optional<ZonedDateTime> next = times.after(ZonedDateTime.now(Schedule.ZONE));
      if (next.isEmpty()) {
        say("  the schedule has no more times");
        return Outcome.OK;
      }
      say("  next run at " + next.orElseThrow().toOffsetDateTime());
      if (stop.awaitUntil(next.orElseThrow().toInstant())) {
        return Outcome.OK;
      }
      try {
        int unused = stop.work(() -> once(lake, stop));
      } catch (CompactionStoppedException e) {
        return Outcome.OK;
      } catch (RuntimeException e) {
        say("  failed: " + ConnectionLoss.reason(e));
      }
    }
  }

  /** Work with an open catalog. */
  private interface Work {
    int on(Catalog catalog, Maintenance maintenance);
  }

  private int with(MaintainedLake lake, Stop stop, Work work) {
    long heap = Runtime.getRuntime().maxMemory();
    try (OpenedCatalog opened = new OpenedCatalog(lake.open())) {
      return work.on(
          opened.catalog(),
          new Maintenance(
              opened.catalog(),
              lake.settings(CompactionMode.ALL, heap),
              line -> say("    " + line),
              stop));
    }
  }

  private void say(String line) {
    CommandOutput.say(spec, line);
  }

  private void write(String text) {
    if (json != null) {
      CommandOutput.write(text, json);
    }
  }

  private List<TableIdentifier> chosen(Catalog catalog) {
    List<TableIdentifier> chosen = AskedTables.of(catalog, tables);
    if (chosen.isEmpty()) {
      say("  Firn keeps no table here; others are named in full: firn compact NAMESPACE.TABLE");
    }
    return chosen;
  }
}
