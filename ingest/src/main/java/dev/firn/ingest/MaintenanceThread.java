package dev.firn.ingest;

import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionStoppedException;
import dev.firn.compaction.maintenance.Maintenance;
import dev.firn.compaction.maintenance.MaintenanceSettings;
import dev.firn.compaction.maintenance.Part;
import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.writer.Lake;
import dev.firn.writer.LakeTables;
import dev.firn.writer.Quarantine;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Maintains the pipeline's tables beside it, on a thread and with a catalog of its own, and gives
 * way to it.
 *
 * <p>What fails is tried again later: the pipeline goes on.
 */
final class MaintenanceThread implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MaintenanceThread.class);

  /** The process may end at any instant; a commit that is on its way shall have its chance. */
  private static final long END_SECONDS = 5;

  private final SinkSettings settings;
  private final Supplier<RunStatus> status;
  private final Supplier<Set<TableIdentifier>> tables;
  private final Consumer<TableMaintenance> listener;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final GivingWay pacer;
  private final Map<TableIdentifier, DueParts> due = new HashMap<>();
  private final Instant started = Instant.now();
  private final Thread thread;
  private @Nullable Opened lake;

  /** The last reason that was told why nothing can be done. */
  private String said = "";

  /**
   * @param status how the pipeline stands
   * @param tables of the pipeline; their changelogs are maintained as well
   * @param largeIsOpen whether a large transaction is being written, which in format version 2
   *     cannot go on over a rewrite
   * @param listener is told what was done
   */
  MaintenanceThread(
      SinkSettings settings,
      Supplier<RunStatus> status,
      Supplier<Set<TableIdentifier>> tables,
      BooleanSupplier largeIsOpen,
      Consumer<TableMaintenance> listener) {
    this.settings = settings;
    this.status = status;
    this.tables = tables;
    this.listener = listener;
    this.pacer =
        new GivingWay(
            () -> status.get().lag(),
            settings.maintenance().maxLag(),
            () -> settings.pipeline().formatVersion() == 2 && largeIsOpen.getAsBoolean(),
            stopped,
            System::nanoTime);
    this.thread = Thread.ofPlatform().daemon().name("firn-maintenance").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Nothing more is begun. */
  void stop() {
    stopped.countDown();
  }

  @Override
  public void close() {
    stop();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(END_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (!stopped.await(settings.maintenance().interval().toMillis(), TimeUnit.MILLISECONDS)) {
        tryRound();
      }
    } catch (InterruptedException | CompactionStoppedException e) {
      LOG.debug("the maintenance ends", e);
    } finally {
      if (lake != null) {
        lake.close();
      }
    }
  }

  private void tryRound() {
    try {
      if (status.get().initialSnapshot()) {
        return;
      }
      if (lake == null) {
        lake = Opened.open(MaintainedLake.of(settings), pacer);
      }
      round(lake);
      said = "";
    } catch (CompactionStoppedException e) {
      throw e;
    } catch (RuntimeException | Error e) {
      // Whatever it is, this thread is not to end without anybody's notice.
      String reason = ConnectionLoss.reason(e);
      if (!reason.equals(said)) {
        said = reason;
        LOG.warn("the tables cannot be maintained, trying again: {}", reason);
      }
    }
  }

  /** A catalog of its own, and what maintains tables there. */
  private record Opened(Catalog catalog, Maintenance maintenance) {
    static Opened open(MaintainedLake lake, GivingWay pacer) {
      Catalog catalog = lake.open();
      // A half of what a command may take: the pipeline has most of this heap.
      MaintenanceSettings tiered =
          lake.settings(CompactionMode.TIERED, Runtime.getRuntime().maxMemory() / 2);
      return new Opened(
          catalog,
          new Maintenance(catalog, tiered, line -> LOG.info("maintenance of {}", line), pacer));
    }

    void close() {
      try {
        Lake.closing(catalog).close();
      } catch (IOException | RuntimeException e) {
        LOG.debug("the catalog of the maintenance could not be closed", e);
      }
    }
  }

  private void round(Opened opened) {
    pacer.begin();
    List<TableIdentifier> all = withChangelogs(opened.catalog(), tables.get());
    if (settings.mayQuarantine()) {
      all.add(Quarantine.of(settings.pipeline()));
    }
    for (TableIdentifier table : all) {
      maintain(opened.maintenance(), table, due(table).take(Instant.now()));
    }
    TableIdentifier control = settings.pipeline().controlTable();
    Set<Part> ofControl = due(control).take(Instant.now());
    // It is compact, and expires its snapshots itself.
    ofControl.retainAll(Set.of(Part.ORPHANS));
    maintain(opened.maintenance(), control, ofControl);
  }

  private DueParts due(TableIdentifier table) {
    return due.computeIfAbsent(
        table,
        unused ->
            new DueParts(
                settings.maintenance().interval(),
                settings.maintenance().cleaning().grace(),
                started));
  }

  private List<TableIdentifier> withChangelogs(
      Catalog catalog, Collection<TableIdentifier> states) {
    List<TableIdentifier> all = new ArrayList<>();
    for (TableIdentifier state : states) {
      all.add(state);
      TableIdentifier changelog = LakeTables.changelogOf(state);
      if (due.containsKey(changelog) || catalog.tableExists(changelog)) {
        all.add(changelog);
      }
    }
    return all;
  }

  private void maintain(Maintenance maintenance, TableIdentifier table, Set<Part> parts) {
    if (parts.isEmpty()) {
      return;
    }
    TableMaintenance done = maintenance.run(table, parts, InstantSource.system());
    if (!done.isNothing()) {
      LOG.info("{}", MaintenanceText.line(done));
    }
    done.failures().forEach(failure -> LOG.warn("{}; trying again later", failure));
    due(table).done(done.failures().isEmpty(), Instant.now());
    listener.accept(done);
  }
}
