package dev.firn.ingest;

import dev.firn.writer.FencedException;
import dev.firn.writer.PipelineException;
import io.debezium.server.events.ConnectorCompletedEvent;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Optional;
import java.util.function.Supplier;
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
  private static volatile Supplier<Optional<FencedException>> replaced = Optional::empty;

  /**
   * Where another process has taken the pipeline over, that explains whatever else fails: its slot
   * is moved, its connections are closed.
   *
   * @param look sees whether one has
   */
  static void explainBy(Supplier<Optional<FencedException>> look) {
    replaced = look;
  }

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

  /** Ends the process, with one line of why. */
  static void end(RuntimeException failed) {
    RuntimeException cause = explained(failed);
    report(cause);
    int exitCode = Outcome.of(cause).exitCode();
    var unused = LastResort.OF_THIS_PROCESS.begin(exitCode);
    Quarkus.asyncExit(exitCode);
  }

  private static RuntimeException explained(RuntimeException failed) {
    return failed instanceof FencedException || stopping || hasFailed()
        ? failed
        : replaced.get().<RuntimeException>map(fenced -> fenced).orElse(failed);
  }

  /** Reports a failure; the first one counts, and none while the process stops. */
  private static void report(RuntimeException cause) {
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
    Optional<RuntimeException> ours = error.flatMap(EngineOutcome::ours).or(replaced);
    if (ours.isPresent()) {
      // Before the server ends the process by a code of its own.
      end(ours.orElseThrow());
      return;
    }
    failure = Optional.of(error.map(ConnectionLoss::reason).orElse(event.getMessage()));
    LOG.error("stopping: Debezium's engine has failed: {}", event.getMessage(), error.orElse(null));
    var unused = LastResort.OF_THIS_PROCESS.begin(Outcome.FAILED);
  }

  /** What one of our own parts inside the engine has thrown. */
  private static Optional<RuntimeException> ours(Throwable error) {
    for (Throwable t = error; t != null; t = t.getCause()) {
      if (t instanceof PipelineException e) {
        return Optional.of(e);
      }
    }
    return Optional.empty();
  }
}
