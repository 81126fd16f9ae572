package dev.firn.ingest;

import dev.firn.writer.CommitProgress;
import dev.firn.writer.CommittedBatch;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/** How far one run has come: noted by the threads that work, seen by any. */
final class RunProgress {
  /** When the source committed what was the last in the lake at the start. */
  private final Optional<Instant> startedFrom;

  private final LongAdder events = new LongAdder();
  private volatile Optional<RunStatus.LastCommit> lastCommit = Optional.empty();

  /** Since when the initial snapshot is being published. */
  private volatile Optional<Instant> publishing = Optional.empty();

  private volatile boolean handling;
  private volatile Instant heardAt = Instant.now();
  private volatile Optional<Instant> caughtUpAt = Optional.empty();

  RunProgress(Optional<Instant> startedFrom) {
    this.startedFrom = startedFrom;
  }

  /** Events have come from the source. */
  void handling() {
    handling = true;
    heardAt = Instant.now();
  }

  /**
   * The events that had come are handled.
   *
   * @param caughtUp whether readers of the lake see all that had come
   */
  void handled(int count, boolean caughtUp) {
    events.add(count);
    heardAt = Instant.now();
    if (caughtUp) {
      caughtUpAt = Optional.of(heardAt);
    }
    handling = false;
  }

  /** The initial snapshot is read and is being made visible. */
  void publishing() {
    publishing = Optional.of(Instant.now());
  }

  void committed(CommittedBatch batch) {
    publishing = Optional.empty();
    lastCommit =
        Optional.of(
            new RunStatus.LastCommit(
                batch.number(),
                batch.end().position().toString(),
                Instant.now(),
                batch.end().committedAt()));
  }

  /** Events that the source has sent so far. */
  long events() {
    return events.sum();
  }

  /** The last commit of this run. */
  Optional<RunStatus.LastCommit> lastCommit() {
    return lastCommit;
  }

  /**
   * What the times tell of the lag.
   *
   * @param patience how long a silence is nothing unusual
   */
  SourceClock clock(Instant now, Duration patience) {
    return new SourceClock(
        handling ? now : heardAt,
        caughtUpAt,
        lastCommit.map(RunStatus.LastCommit::sourceTime).or(() -> startedFrom),
        patience);
  }

  /**
   * How the publishing of the initial snapshot stands.
   *
   * @param trouble why it does not go through, if it is known
   */
  CommitProgress ofInitialSnapshot(Instant now, Supplier<Optional<String>> trouble) {
    Optional<Duration> waiting = publishing.map(since -> Duration.between(since, now));
    return new CommitProgress(0, waiting, waiting.flatMap(unused -> trouble.get()));
  }
}
