package dev.firn.ingest;

import dev.firn.writer.PipelineException;
import io.debezium.server.events.ConnectorCompletedEvent;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether the process ends by a failure or because it was told to, and says why Debezium's
 * engine has failed, unless the sink has said so already.
 *
 * <p>An engine that is told to stop may fail on the way, when records come while its threads end:
 * that is no failure, since nothing of them was acknowledged.
 */
@ApplicationScoped
public class EngineOutcome {
  private static final Logger LOG = LoggerFactory.getLogger(EngineOutcome.class);

  private static volatile boolean stopping;
  private static volatile Optional<String> failure = Optional.empty();

  /** Whether the process has been told to stop, or has begun to. */
  static boolean isStopping() {
    return stopping;
  }

  /** Whether a failure has been reported. */
  static boolean hasFailed() {
    return failure.isPresent();
  }

  /** What has ended the pipeline, in one line. */
  static Optional<String> failure() {
    return failure;
  }

  /** Reports a failure; the first one counts, and none while the process stops. */
  static void report(RuntimeException cause) {
    if (stopping && failure.isEmpty()) {
      LOG.warn(
          "stopped before all was committed; the next start reads the rest again: {}",
          Outcome.of(cause).message());
    }
    if (!stopping && failure.isEmpty()) {
      Outcome outcome = Outcome.of(cause);
      failure = Optional.of(outcome.message());
      outcome.log(LOG);
    }
  }

  /** Before Debezium Server's own observer, which stops the engine. */
  void stops(@Observes @Priority(1) ShutdownEvent event) {
    stopping = true;
  }

  void completed(@Observes ConnectorCompletedEvent event) {
    if (event.isSuccess() || stopping || hasFailed()) {
      return;
    }
    Optional<Throwable> error = event.getError();
    Optional<PipelineException> ours = error.flatMap(EngineOutcome::ours);
    if (ours.isPresent()) {
      report(ours.orElseThrow());
      return;
    }
    failure = Optional.of(error.map(ConnectionLoss::reason).orElse(event.getMessage()));
    LOG.error("stopping: Debezium's engine has failed: {}", event.getMessage(), error.orElse(null));
  }

  /** What one of our own parts inside the engine has thrown. */
  private static Optional<PipelineException> ours(Throwable error) {
    for (Throwable t = error; t != null; t = t.getCause()) {
      if (t instanceof PipelineException e) {
        return Optional.of(e);
      }
    }
    return Optional.empty();
  }
}
