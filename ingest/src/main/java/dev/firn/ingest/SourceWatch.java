package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.ingest.log.LsnPosition;
import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the source now and then what its replication slot holds back; on a thread that nothing else
 * waits for.
 */
final class SourceWatch {
  /**
   * What was seen last.
   *
   * @param slot empty when it was not there, or could not be asked for
   * @param isSlotExpected whether it had to be there
   * @param unreachable since when the source cannot be asked, and why
   * @param streamLives whether the stream may live all the same
   */
  record Seen(
      Instant at,
      Optional<ReplicationSlot.State> slot,
      boolean isSlotExpected,
      Optional<SourceConnection.Loss> unreachable,
      boolean streamLives) {
    Seen {
      requireNonNull(at, "at is null");
      requireNonNull(slot, "slot is null");
      requireNonNull(unreachable, "unreachable is null");
    }

    /** Whether the slot has gone, and with it the log that was not read yet. */
    boolean isSlotGone() {
      return isSlotExpected && slot.isEmpty() && unreachable.isEmpty();
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(SourceWatch.class);

  /** So much log without an acknowledgement on a log in which nothing is for the lake. */
  private final Source source;

  private final SourceAlarms alarms;
  private final Supplier<Optional<Position>> reached;
  private final Consumer<PipelineException> failed;
  private final RetentionAlarm retention;
  private final StreamPulse pulse;
  private volatile Seen seen =
      new Seen(Instant.now(), Optional.empty(), false, Optional.empty(), true);

  /**
   * @param reached up to where the changes are in the lake; empty while the initial snapshot is
   *     read, at whose begin the slot is made
   * @param failed told when the slot is not the pipeline's any more
   */
  SourceWatch(
      Source source,
      SourceAlarms alarms,
      Supplier<Optional<Position>> reached,
      Consumer<PipelineException> failed) {
    this.source = source;
    this.alarms = alarms;
    this.reached = reached;
    this.failed = failed;
    this.retention = new RetentionAlarm(source.slotName().orElse(""), alarms.maxRetainedBytes());
    this.pulse = new StreamPulse(alarms.maxSilence(), System.nanoTime());
  }

  Seen seen() {
    return seen;
  }

  void look() {
    boolean expected = reached.get().isPresent() && source.slotName().isPresent();
    try {
      Optional<ReplicationSlot.State> slot = source.slotState();
      requireOurs(slot);
      slot.ifPresent(retention::look);
      boolean lives =
          feel(
              expected && slot.isPresent()
                  ? new StreamPulse.Look.Answered(slot.orElseThrow().details().replied())
                  : new StreamPulse.Look.NoStream());
      seen = new Seen(Instant.now(), slot, expected, Optional.empty(), lives);
    } catch (SQLException | RuntimeException e) {
      boolean lives =
          feel(
              ConnectionLoss.isAnswered(e)
                  ? new StreamPulse.Look.Refused()
                  : new StreamPulse.Look.Unreachable());
      Instant now = Instant.now();
      SourceConnection.Loss loss =
          new SourceConnection.Loss(
              seen.unreachable().map(SourceConnection.Loss::since).orElse(now),
              ConnectionLoss.reason(e));
      seen = new Seen(now, Optional.empty(), expected, Optional.of(loss), lives);
    }
  }

  /** Closes the connections of a stream that is dead; returns whether it gave a sign of life. */
  private boolean feel(StreamPulse.Look look) {
    StreamPulse.State state = pulse.feel(look, SourceSockets.bytes(), System.nanoTime());
    if (state == StreamPulse.State.DEAD) {
      int closed = SourceSockets.closeAll();
      if (closed > 0) {
        LOG.warn(
            "no sign of life from the database for {} s: its {} connections are closed and made anew",
            alarms.maxSilence().toSeconds(),
            closed);
      }
    }
    return state == StreamPulse.State.ALIVE;
  }

  /** While the pipeline's stream is open nobody can take the slot; between two streams they can. */
  private void requireOurs(Optional<ReplicationSlot.State> slot) {
    Optional<Position> lake = reached.get();
    if (lake.isPresent() && slot.isPresent()) {
      String name = source.slotName().orElseThrow();
      ReplicationSlot.problem(name, slot, (LsnPosition) lake.orElseThrow())
          .map(PipelineException::new)
          .ifPresent(failed);
    }
  }
}
