package dev.firn.ingest;

import io.debezium.DebeziumException;
import io.debezium.embedded.EmbeddedEngineChangeEvent;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.quarkus.runtime.Quarkus;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Named;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.connect.source.SourceRecord;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Debezium Server's sink {@code iceberg}: passes the engine's records on to an {@link IngestRun}.
 */
@Named("iceberg")
@Dependent
public class IcebergSink implements DebeziumEngine.ChangeConsumer<ChangeEvent<Object, Object>> {
  private static final Logger LOG = LoggerFactory.getLogger(IcebergSink.class);

  private @Nullable IngestRun run;

  @PostConstruct
  void start() {
    Config config = ConfigProvider.getConfig();
    Map<String, String> debezium = new HashMap<>();
    ServerConfig.below(config, "debezium.")
        .forEach((key, value) -> debezium.put("debezium." + key, value));
    ServerConfig.check(debezium);
    SinkSettings settings =
        SinkSettings.parse(
            ServerConfig.below(config, SinkSettings.PREFIX), Runtime.getRuntime().maxMemory());
    PostgresSource source =
        new PostgresSource(ServerConfig.below(config, ServerConfig.SOURCE_PREFIX));
    run = IngestRun.start(settings, source, IcebergSink::end);
  }

  @Override
  public void handleBatch(
      List<ChangeEvent<Object, Object>> events,
      RecordCommitter<ChangeEvent<Object, Object>> committer)
      throws InterruptedException {
    try {
      Objects.requireNonNull(run, "run is null")
          .handle(events, IcebergSink::sourceRecord, committer);
    } catch (RuntimeException e) {
      end(e);
      // Never the exception itself: were it retriable, the engine would go on with the next batch.
      throw new DebeziumException("the sink has failed", e);
    }
  }

  @Override
  public boolean supportsTombstoneEvents() {
    return false;
  }

  @PreDestroy
  void stop() {
    if (run != null) {
      run.close();
    }
  }

  private static SourceRecord sourceRecord(ChangeEvent<Object, Object> event) {
    return ((EmbeddedEngineChangeEvent<?, ?, ?>) event).sourceRecord();
  }

  /** Ends the process, with one line of why. */
  private static void end(RuntimeException failure) {
    Outcome.of(failure).log(LOG);
    Quarkus.asyncExit(Outcome.of(failure).exitCode());
  }
}
