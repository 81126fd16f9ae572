package dev.firn.ingest;

import io.debezium.server.events.ConnectorCompletedEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says why Debezium's engine has stopped, unless it was told to or the sink has said so already.
 */
@ApplicationScoped
public class EngineOutcome {
  private static final Logger LOG = LoggerFactory.getLogger(EngineOutcome.class);

  void completed(@Observes ConnectorCompletedEvent event) {
    if (event.isSuccess()) {
      return;
    }
    Throwable error = event.getError().orElse(null);
    for (Throwable t = error; t != null; t = t.getCause()) {
      if ("the sink has failed".equals(t.getMessage()) || t instanceof InterruptedException) {
        return;
      }
    }
    LOG.error("stopping: Debezium's engine has failed: {}", event.getMessage(), error);
  }
}
