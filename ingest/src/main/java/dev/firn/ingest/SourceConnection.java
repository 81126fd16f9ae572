package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.Optional;

/** Whether the stream from the source is connected, as the task that Debezium makes tells it. */
final class SourceConnection {
  /** A connection that is lost: since when, and why. */
  record Loss(Instant since, String reason) {
    Loss {
      requireNonNull(since, "since is null");
      requireNonNull(reason, "reason is null");
    }
  }

  /** Debezium makes its task itself, by its class's name: what it knows it leaves here. */
  private static volatile Optional<Loss> loss = Optional.empty();

  private SourceConnection() {}

  /** It is lost, or still is for this reason. */
  static void lost(String reason) {
    loss = Optional.of(new Loss(loss.map(Loss::since).orElseGet(Instant::now), reason));
  }

  static void back() {
    loss = Optional.empty();
  }

  static Optional<Loss> loss() {
    return loss;
  }
}
