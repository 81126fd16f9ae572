package dev.firn.ingest;

import dev.firn.writer.CommitLoop;
import dev.firn.writer.CommittedBatch;
import io.debezium.DebeziumException;
import io.debezium.embedded.EmbeddedEngineChangeEvent;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.apache.kafka.connect.source.SourceRecord;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;

/**
 * Debezium Server's sink {@code iceberg}: passes the engine's records on to an {@link IngestRun}.
 */
@Named("iceberg")
@Dependent
public class IcebergSink implements DebeziumEngine.ChangeConsumer<ChangeEvent<Object, Object>> {
  private final Operations operations;
  private @Nullable IngestRun run;
  private @Nullable MaintenanceThread maintenance;

  @Inject
  public IcebergSink(Operations operations) {
    this.operations = operations;
  }

  @PostConstruct
  void start() {
    ConfigFile config = ConfigFile.of(ConfigProvider.getConfig());
    IngestRun started = IngestRun.start(config.sink(), config.source(), new Commits());
    operations.started(started, config.sink(), config.source(), EngineOutcome::end);
    EngineOutcome.explainBy(started::replaced);
    run = started;
    if (config.sink().maintenance().isBeside()) {
      maintenance =
          new MaintenanceThread(
              config.sink(),
              () -> started.status(Instant.now()),
              started::tables,
              started::isLargeOpen,
              operations::maintained);
      maintenance.start();
    }
  }

  @Override
  public void handleBatch(
      List<ChangeEvent<Object, Object>> events,
      RecordCommitter<ChangeEvent<Object, Object>> committer)
      throws InterruptedException {
    IngestRun started = Objects.requireNonNull(run, "run is null");
    guarded(() -> started.handle(events, IcebergSink::sourceRecord, committer), EngineOutcome::end);
  }

  /** A piece of the engine's work. */
  @FunctionalInterface
  interface Work {
    void run() throws InterruptedException;
  }

  /**
   * Lets no failure out as it is: were it retriable, the engine would go on with the next batch.
   *
   * @param ends is told of it
   */
  static void guarded(Work work, Consumer<RuntimeException> ends) throws InterruptedException {
    try {
      work.run();
    } catch (RuntimeException e) {
      ends.accept(e);
      throw new DebeziumException("the sink has failed", e);
    }
  }

  @Override
  public boolean supportsTombstoneEvents() {
    return false;
  }

  @PreDestroy
  void stop() {
    try (MaintenanceThread ending = maintenance) {
      if (ending != null) {
        ending.stop();
      }
      if (run != null) {
        EngineOutcome.failure().ifPresentOrElse(run::closeAfter, run::close);
      }
    }
  }

  private static SourceRecord sourceRecord(ChangeEvent<Object, Object> event) {
    return ((EmbeddedEngineChangeEvent<?, ?, ?>) event).sourceRecord();
  }

  /** Passes commits on, and ends the process when there can be no more. */
  private final class Commits implements CommitLoop.Listener {
    @Override
    public void committed(CommittedBatch batch, Duration took) {
      operations.committed(batch, took);
    }

    @Override
    public void failed(RuntimeException failure) {
      EngineOutcome.end(failure);
    }
  }
}
