package dev.firn.ingest;

import dev.firn.compaction.health.TableHealth;
import dev.firn.writer.CommittedBatch;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.apache.iceberg.catalog.TableIdentifier;

/** The metrics of {@code /q/metrics}, in base units. */
final class Meters {
  private static final Duration[] COMMIT_SECONDS = {
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30)
  };

  private final MeterRegistry registry;
  private final Counter commits;
  private final Timer commitTime;

  Meters(MeterRegistry registry) {
    this.registry = registry;
    this.commits =
        Counter.builder("firn.commits").description("Committed batches").register(registry);
    this.commitTime =
        Timer.builder("firn.commit")
            .description("Duration of a batch's commit")
            .serviceLevelObjectives(COMMIT_SECONDS)
            .register(registry);
  }

  /** Registers what is asked of a run and its source when the metrics are read. */
  void show(IngestRun run, SourceWatch watch, String topicPrefix) {
    FunctionCounter.builder("firn.events", run, IngestRun::events)
        .description("Events that the source has sent")
        .register(registry);
    gauge("firn.lag", "seconds", "How far the lake is behind the source", run, Meters::lagSeconds);
    gauge(
        "firn.buffered",
        "bytes",
        "Changes in memory that are not committed and recorded",
        run,
        r -> r.status(Instant.now()).progress().pendingBytes());
    gauge(
        "firn.retained.wal",
        "bytes",
        "Log that the source keeps for the replication slot",
        watch,
        w -> slot(w, ReplicationSlot.State::retainedBytes));
    gauge(
        "firn.safe.wal",
        "bytes",
        "Log that the source may still write before it gives the replication slot up",
        watch,
        w -> slot(w, s -> s.safeBytes().map(Long::doubleValue).orElse(Double.NaN)));
    Gauge.builder("firn.lag.bytes", watch, w -> slot(w, ReplicationSlot.State::lagBytes))
        .description("Log that came after what the lake holds")
        .register(registry);
    Gauge.builder("firn.tables", run, r -> r.tables().size())
        .description("Captured tables")
        .register(registry);
    for (TableIdentifier table : run.tables()) {
      Gauge.builder("firn.index.keys", run, r -> (double) r.indexedRows(table))
          .description("Rows in the key index")
          .tag("table", table.toString())
          .register(registry);
    }
    EngineMetrics.bridge(registry, topicPrefix);
  }

  /** Registers what a watch sees of a table; NaN while it sees nothing. */
  void show(TableHealthWatch watch, TableIdentifier table) {
    TableGauges gauges = new TableGauges(registry, watch, table);
    gauges.add("rows", "Live rows", health -> health.files().rows());
    gauges.add("data.files", "Data files", health -> health.files().dataFiles());
    gauges.add("data.bytes", "Size of the data files", health -> health.files().dataBytes());
    gauges.add(
        "small.file.ratio",
        "Data files smaller than three quarters of the target size, of all",
        health -> health.files().smallFileRatio());
    gauges.add(
        "deleted.row.ratio",
        "Rows in the data files that are deleted, of all",
        health -> health.files().deletedRowRatio());
    gauges.add("deletion.vectors", "Deletion vectors", health -> health.deletes().vectors());
    gauges.add(
        "equality.deletes",
        "Equality delete files, which only other tools write",
        health -> health.deletes().equalityDeleteFiles());
    gauges.add("snapshots", "Snapshots kept", health -> health.metadata().snapshots());
    gauges.add(
        "metadata.bytes",
        "Size of the current metadata.json",
        health -> health.metadata().metadataBytes());
    gauges.add(
        "last.commit.timestamp.seconds",
        "When the current snapshot was committed",
        health -> seconds(health.activity().lastCommit().map(TableHealth.Commit::at)));
    gauges.add(
        "last.compaction.timestamp.seconds",
        "When files were last rewritten",
        health -> seconds(health.activity().lastCompaction()));
    gauges.add(
        "read.cost.ratio",
        "Estimated time of a full scan, of that of a freshly written copy",
        health -> health.cost().readRatio());
  }

  /** Registers what a watch sees of the quarantine. */
  void show(QuarantineWatch watch) {
    Gauge.builder("firn.quarantine.entries", watch, w -> (double) w.entries())
        .description("Events in quarantine whose tables were not read again since")
        .register(registry);
  }

  private record TableGauges(
      MeterRegistry registry, TableHealthWatch watch, TableIdentifier table) {
    void add(String name, String description, ToDoubleFunction<TableHealth> figure) {
      Gauge.builder("firn.table." + name, watch, w -> value(w, table, figure))
          .description(description)
          .tag("table", table.toString())
          .register(registry);
    }

    private static double value(
        TableHealthWatch watch, TableIdentifier table, ToDoubleFunction<TableHealth> figure) {
      return watch.seen(table).map(figure::applyAsDouble).orElse(Double.NaN);
    }
  }

  private static double seconds(Optional<Instant> time) {
    return time.map(at -> at.toEpochMilli() / 1000.0).orElse(Double.NaN);
  }

  void committed(CommittedBatch batch, Duration took) {
    commits.increment();
    commitTime.record(took);
    batch
        .tables()
        .forEach((table, commit) -> {
          rows(table, "insert", commit.inserted());
          rows(table, "update", commit.updated());
          rows(table, "delete", commit.deleted());
        });
  }

  private void rows(TableIdentifier table, String op, long rows) {
    Counter.builder("firn.rows")
        .description("Rows changed in the lake")
        .tag("table", table.toString())
        .tag("op", op)
        .register(registry)
        .increment((double) rows);
  }

  private <T> void gauge(
      String name, String unit, String description, T of, ToDoubleFunction<T> value) {
    Gauge.builder(name, of, value).description(description).baseUnit(unit).register(registry);
  }

  private static double lagSeconds(IngestRun run) {
    RunStatus status = run.status(Instant.now());
    return status.initialSnapshot() ? Double.NaN : status.lag().toMillis() / 1000.0;
  }

  private static double slot(SourceWatch watch, ToDoubleFunction<ReplicationSlot.State> value) {
    return watch.seen().slot().map(value::applyAsDouble).orElse(Double.NaN);
  }
}
