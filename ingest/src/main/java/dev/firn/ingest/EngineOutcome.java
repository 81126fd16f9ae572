package dev.firn.ingest;

import io.debezium.server.events.ConnectorCompletedEvent;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
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
  private static volatile boolean failed;

  /** Whether the process has been told to stop, or has begun to. */
  static boolean isStopping() {
    return stopping;
  }

  /** Whether a failure has been reported. */
  static boolean hasFailed() {
    return failed;
  }

  /** Reports a failure; the first one counts, and none while the process stops. */
  static void report(RuntimeException failure) {
    if (!stopping && !failed) {
      failed = true;
      Outcome.of(failure).log(LOG);
    }
  }

  /** Before Debezium Server's own observer, which stops the engine. */
  void stops(@Observes @Priority(1) ShutdownEvent event) {
    stopping = true;
  }

  void completed(@Observes ConnectorCompletedEvent event) {
    if (event.isSuccess() || stopping || failed) {
      return;
    }
    failed = true;
    LOG.error(
        "stopping: Debezium's engine has failed: {}",
        event.getMessage(),
        event.getError().orElse(null));
  }
}
