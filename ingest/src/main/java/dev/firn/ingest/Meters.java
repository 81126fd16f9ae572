package dev.firn.ingest;

import dev.firn.writer.CommittedBatch;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
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
