package dev.firn.compaction.maintenance;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.Compaction;
import dev.firn.compaction.CompactionPlan;
import dev.firn.compaction.CompactionStoppedException;
import dev.firn.compaction.FileGroup;
import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import dev.firn.compaction.TableResult;
import dev.firn.compaction.cleaning.Cleaning;
import dev.firn.compaction.cleaning.CleaningResult;
import dev.firn.compaction.cleaning.TableFolders;
import dev.firn.compaction.retention.ExpiryListener;
import dev.firn.compaction.retention.Mode;
import dev.firn.compaction.retention.Retention;
import dev.firn.compaction.retention.RetentionResult;
import dev.firn.writer.LakeTables;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;

/**
 * Keeps tables in shape: rewrites them, thins out their history, removes what nothing reaches.
 *
 * <p>It may be killed at any instant, and several may work on the same tables, beside the writer
 * and beside other engines. One object is for one thread.
 */
public final class Maintenance {
  private final Catalog catalog;
  private final MaintenanceSettings settings;
  private final Progress progress;
  private final Pacer pacer;
  private final Cleaning cleaning;
  private final Map<TableIdentifier, Compaction> compactions = new HashMap<>();

  /**
   * @param progress is told how far long work is
   * @param pacer may hold the work back and end it
   */
  public Maintenance(
      Catalog catalog, MaintenanceSettings settings, Progress progress, Pacer pacer) {
    this.catalog = requireNonNull(catalog, "catalog is null");
    this.settings = requireNonNull(settings, "settings is null");
    this.progress = requireNonNull(progress, "progress is null");
    this.pacer = requireNonNull(pacer, "pacer is null");
    this.cleaning = Cleaning.with(settings.cleaning()).telling(progress).paced(pacer);
  }

  /**
   * Does these parts. One that fails does not keep the others from being done.
   *
   * @param clock is asked for each part: one may take hours, and a grace begins after it
   * @throws CompactionStoppedException the pacer has ended it; what is done is done
   */
  public TableMaintenance run(TableIdentifier name, Set<Part> parts, InstantSource clock) {
    return new Run(name, parts, clock).run();
  }

  /** Tells what all parts would do. */
  public TablePlan plan(TableIdentifier name, Instant now) {
    CompactionPlan plan = CompactionPlan.of(catalog.loadTable(name), settings.compaction(), now);
    RetentionResult retention =
        Retention.run(catalog, name, settings.retention(), now, Mode.DRY_RUN, ExpiryListener.NONE);
    Cleaning trial = cleaning.dryRun();
    CleaningResult swept = trial.sweep(catalog.loadTable(name), now);
    CleaningResult orphans = trial.findOrphans(catalog.loadTable(name), folders(), now);
    return new TablePlan(
        name.toString(),
        plan.files(),
        plan.groups().size(),
        plan.groups().stream().mapToLong(FileGroup::size).sum(),
        plan.bytes(),
        plan.notes(),
        retention,
        swept.plus(orphans));
  }

  /** The folders of all tables that there are: those of one may lie within those of another. */
  private List<TableFolders> folders() {
    List<TableFolders> folders = new ArrayList<>();
    for (TableIdentifier name : LakeTables.all(catalog)) {
      try {
        folders.add(TableFolders.of(catalog.loadTable(name)));
      } catch (NoSuchTableException e) {
        // dropped since it was listed
      }
    }
    return folders;
  }

  private final class Run {
    private final TableIdentifier name;
    private final Set<Part> parts;
    private final InstantSource clock;
    private final List<String> failures = new ArrayList<>();

    Run(TableIdentifier name, Set<Part> parts, InstantSource clock) {
      this.name = name;
      this.parts = parts;
      this.clock = clock;
    }

    TableMaintenance run() {
      Optional<TableResult> rewrite = part(Part.REWRITE, this::rewrite);
      rewrite
          .flatMap(TableResult::failure)
          .ifPresent(failure -> failures.add(String.valueOf(failure.getMessage())));
      return new TableMaintenance(
          name.toString(),
          rewrite,
          part(Part.RETENTION, this::retain),
          part(Part.SWEEP, () -> cleaning.sweep(catalog.loadTable(name), clock.instant())),
          part(
              Part.ORPHANS,
              () -> cleaning.findOrphans(catalog.loadTable(name), folders(), clock.instant())),
          failures);
    }

    private TableResult rewrite() {
      return compactions
          .computeIfAbsent(
              name,
              table -> Compaction.of(table.toString(), settings.compaction(), progress, pacer))
          .run(catalog.loadTable(name), clock);
    }

    private RetentionResult retain() {
      return Retention.run(
          catalog, name, settings.retention(), clock.instant(), Mode.REAL, cleaning::beforeExpiry);
    }

    private <R> Optional<R> part(Part part, Supplier<R> work) {
      if (!parts.contains(part)) {
        return Optional.empty();
      }
      pacer.pace();
      try {
        return Optional.of(work.get());
      } catch (CompactionStoppedException e) {
        throw e;
      } catch (RuntimeException e) {
        failures.add(
            "%s: %s of it failed: %s".formatted(name, part.said(), String.valueOf(e.getMessage())));
        return Optional.empty();
      }
    }
  }
}
