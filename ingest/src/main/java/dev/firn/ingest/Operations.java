package dev.firn.ingest;

import dev.firn.compaction.maintenance.TableMaintenance;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.PipelineException;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the running pipeline shows to the outside: health and metrics. */
@ApplicationScoped
public class Operations {
  private static final Logger LOG = LoggerFactory.getLogger(Operations.class);
  private static final int ALARM_SECONDS = 1;

  /** By then a new pipeline has made its slot. */
  private static final int FIRST_SECONDS = 2;

  private final Meters meters;
  private final MaintenanceMeters maintenance;
  private final ScheduledExecutorService threads =
      Executors.newScheduledThreadPool(
          2, Thread.ofPlatform().daemon().name("firn-operations-", 0).factory());
  private volatile Optional<Watched> watched = Optional.empty();

  /** A run and what looks after it. */
  private record Watched(
      IngestRun run,
      SinkSettings settings,
      Source source,
      SourceWatch watch,
      TableHealthWatch tables,
      QuarantineWatch quarantine) {}

  @Inject
  public Operations(MeterRegistry registry) {
    this.meters = new Meters(registry);
    this.maintenance = new MaintenanceMeters(registry);
  }

  /** From now on this run is shown. */
  void started(
      IngestRun run, SinkSettings settings, Source source, Consumer<PipelineException> failed) {
    SourceAlarms alarms = settings.sourceAlarms();
    SourceWatch watch = new SourceWatch(source, alarms, run::position, failed);
    CommitAlarm alarm = new CommitAlarm(settings.maxCommitAge());
    TableHealthWatch tables = TableHealthWatch.of(run, settings, meters::show);
    QuarantineWatch quarantine = new QuarantineWatch(run.catalog(), settings.pipeline());
    meters.show(quarantine);
    watched = Optional.of(new Watched(run, settings, source, watch, tables, quarantine));
    meters.show(run, watch, source.topicPrefix());
    tables.start(settings.tableHealthInterval());
    every(alarms.lookEvery(), watch::look);
    every(alarms.lookEvery(), run::endIfReplaced);
    every(settings.tableHealthInterval(), quarantine::look);
    every(
        Duration.ofSeconds(ALARM_SECONDS), () -> alarm.look(run.status(Instant.now()).progress()));
  }

  /** Before the engine is told, which waits for what it has given to the run. */
  void stops(@Observes @Priority(1) ShutdownEvent event) {
    watched.ifPresent(seen -> {
      seen.tables().close();
      seen.run().stopRetrying();
    });
  }

  void committed(CommittedBatch batch, Duration took) {
    meters.committed(batch, took);
  }

  void maintained(TableMaintenance done) {
    maintenance.done(done);
  }

  @PreDestroy
  void stop() {
    watched.ifPresent(seen -> seen.tables().close());
    threads.shutdownNow();
  }

  Verdict pipeline() {
    return judge(Readiness.PIPELINE, (w, run) -> Readiness.pipeline(run, EngineOutcome.failure()));
  }

  Verdict source() {
    return judge(
        Readiness.SOURCE,
        (w, run) ->
            Readiness.source(
                w.source().place(),
                w.source().slotName(),
                run,
                SourceConnection.loss(),
                w.watch().seen(),
                w.settings().sourceAlarms().maxRetainedBytes()));
  }

  Verdict commit() {
    return judge(
        Readiness.COMMIT,
        (w, run) -> Readiness.commit(run, w.settings().maxCommitAge(), Instant.now()));
  }

  Verdict memory() {
    return judge(
        Readiness.MEMORY,
        (w, run) ->
            Readiness.memory(run.progress(), w.settings().memoryBytes(), Readiness.Heap.now()));
  }

  Verdict quarantine() {
    return judge(Readiness.QUARANTINE, (w, run) -> Readiness.quarantine(w.quarantine().open()));
  }

  private Verdict judge(String name, BiFunction<Watched, RunStatus, Verdict> judgement) {
    if (EngineOutcome.isStopping() && EngineOutcome.failure().isEmpty()) {
      return Verdict.down(name, "the pipeline is stopping");
    }
    return watched
        .map(w -> judgement.apply(w, w.run().status(Instant.now())))
        .orElseGet(() -> Verdict.down(name, "the pipeline is starting"));
  }

  private void every(Duration period, Runnable look) {
    Runnable guarded =
        () -> {
          try {
            look.run();
          } catch (RuntimeException e) {
            // Thrown on, it would end the repetition.
            LOG.warn("cannot see how the pipeline stands: {}", ConnectionLoss.reason(e));
          }
        };
    var unused =
        threads.scheduleWithFixedDelay(
            guarded,
            TimeUnit.SECONDS.toMillis(FIRST_SECONDS),
            period.toMillis(),
            TimeUnit.MILLISECONDS);
  }
}
