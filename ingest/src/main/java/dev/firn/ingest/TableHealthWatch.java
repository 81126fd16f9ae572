package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.compaction.health.HealthSettings;
import dev.firn.compaction.health.Prices;
import dev.firn.compaction.health.TableHealth;
import dev.firn.writer.LakeTables;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks now and then at the health of a pipeline's tables and changelogs; on a thread that nothing
 * else waits for.
 */
final class TableHealthWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TableHealthWatch.class);

  /** Not while the pipeline starts. */
  private static final Duration FIRST = Duration.ofSeconds(3);

  /** It rests for so many times what a look takes: tables in ill health take long. */
  private static final int REST = 20;

  private final Catalog catalog;
  private final Supplier<Set<TableIdentifier>> tables;
  private final HealthSettings settings;
  private final InstantSource clock;
  private final BiConsumer<TableHealthWatch, TableIdentifier> found;
  private final Map<TableIdentifier, Seen> seen = new ConcurrentHashMap<>();

  /** Tables that could not be looked at the last time. */
  private final Set<TableIdentifier> unseen = ConcurrentHashMap.newKeySet();

  private final Set<TableIdentifier> told = ConcurrentHashMap.newKeySet();

  @SuppressWarnings("ThreadPriorityCheck") // nothing relies on it: its rests are what bounds it
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform()
              .daemon()
              .priority(Thread.MIN_PRIORITY)
              .name("firn-table-health")
              .factory());

  /** A table's health when its metadata was there. */
  private record Seen(@Nullable String metadata, TableHealth health) {
    Seen {
      requireNonNull(health, "health is null");
    }
  }

  /**
   * @param tables those of the pipeline, without changelogs
   * @param found told of each table when its health is first known
   */
  TableHealthWatch(
      Catalog catalog,
      Supplier<Set<TableIdentifier>> tables,
      HealthSettings settings,
      InstantSource clock,
      BiConsumer<TableHealthWatch, TableIdentifier> found) {
    this.catalog = catalog;
    this.tables = tables;
    this.settings = settings;
    this.clock = clock;
    this.found = found;
  }

  static TableHealthWatch of(
      IngestRun run, SinkSettings settings, BiConsumer<TableHealthWatch, TableIdentifier> found) {
    return new TableHealthWatch(
        run.catalog(),
        run::tables,
        new HealthSettings(settings.pipeline().targetFileBytes(), Prices.DEFAULT),
        InstantSource.system(),
        found);
  }

  /** What the last look saw of a table; empty when it saw none. */
  Optional<TableHealth> seen(TableIdentifier table) {
    return Optional.ofNullable(seen.get(table)).map(Seen::health);
  }

  /** Looks from now on, until it is closed. */
  void start(Duration period) {
    next(FIRST, period);
  }

  private void next(Duration pause, Duration period) {
    var unused =
        thread.schedule(
            () -> {
              long begin = System.nanoTime();
              look();
              // Refused once closed, which ends it.
              next(pause(period, Duration.ofNanos(System.nanoTime() - begin)), period);
            },
            pause.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  static Duration pause(Duration period, Duration took) {
    Duration rest = took.multipliedBy(REST);
    return Collections.max(List.of(rest, period));
  }

  /** Looks at all tables, of which some may not be there. */
  void look() {
    for (TableIdentifier table : tables.get()) {
      look(table);
      look(LakeTables.changelogOf(table));
    }
  }

  private void look(TableIdentifier name) {
    if (thread.isShutdown()) {
      return;
    }
    try {
      look(name, catalog.loadTable(name));
      unseen.remove(name);
    } catch (NoSuchTableException e) {
      seen.remove(name);
    } catch (RuntimeException e) {
      seen.remove(name);
      if (unseen.add(name) && !thread.isShutdown()) {
        LOG.info("cannot see the health of table {}: {}", name, ConnectionLoss.reason(e));
      }
    }
  }

  private void look(TableIdentifier name, Table table) {
    @Nullable String metadata = TableUtil.metadataFileLocation(table);
    @Nullable Seen before = seen.get(name);
    if (before != null && metadata != null && metadata.equals(before.metadata())) {
      return;
    }
    TableHealth health = TableHealth.of(table, settings, clock.instant());
    seen.put(name, new Seen(metadata, health));
    if (told.add(name)) {
      found.accept(this, name);
    }
  }

  /** Nothing is waited for. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
