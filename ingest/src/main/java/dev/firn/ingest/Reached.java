package dev.firn.ingest;

import dev.firn.writer.Position;
import java.util.Optional;

/**
 * Up to where the source's log is in the lake, and which records of the engine acknowledge it.
 * Nothing is acknowledged beyond what the control table says.
 *
 * <p>For the engine's thread; {@link #position} for any.
 */
final class Reached {
  private final Acknowledgements<Object> acknowledgements;
  private Optional<Position> durable;
  private volatile Optional<Position> position;

  /**
   * @param lake where the control table is; empty while the initial snapshot is not complete
   */
  Reached(Optional<Position> lake) {
    this.acknowledgements = new Acknowledgements<>(lake);
    this.durable = lake;
    this.position = lake;
  }

  /** A record ends a transaction that has something for the lake. */
  void ended(Position end, Object event) {
    acknowledgements.ended(end, event);
  }

  /**
   * A record came between transactions.
   *
   * @param last the end of the last one, which may have had nothing for the lake
   */
  void between(Optional<Position> last, Object event) {
    acknowledgements.between(last.orElse(null), event);
  }

  /** The control table is there now. */
  void durable(Position at) {
    if (durable.isEmpty() || at.contains(durable.orElseThrow())) {
      durable = Optional.of(at);
    }
  }

  /** Where the control table is. */
  Optional<Position> durable() {
    return durable;
  }

  /**
   * Notes up to where all is in the lake.
   *
   * @param assembler when it has given on nothing that is not in the lake, then that is as far as
   *     it has come
   */
  void follow(TransactionAssembler assembler) {
    boolean hasAll = durable.filter(assembler::hasGivenOnUpTo).isPresent();
    position = hasAll ? assembler.position() : durable;
  }

  /** The newest record all before which is in the lake; each is given once. */
  Optional<Object> takeCommitted() {
    return acknowledgements.takeCommitted(durable);
  }

  /** Up to where all that the source has committed is in the lake. */
  Optional<Position> position() {
    return position;
  }
}
