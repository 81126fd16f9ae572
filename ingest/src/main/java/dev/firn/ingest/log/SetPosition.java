package dev.firn.ingest.log;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Position;
import org.jspecify.annotations.Nullable;

/**
 * The end of a transaction in a log without one single order. What is contained in such a position
 * is asked of a transaction alone: those before it may have come in another order the last time.
 *
 * @param reached all transactions up to this one; two positions are equal by it
 * @param own this transaction alone; all that is reached if the position was read from a text
 */
record SetPosition(LogSet reached, LogSet own) implements Position {
  SetPosition {
    requireNonNull(reached, "reached is null");
    requireNonNull(own, "own is null");
  }

  static SetPosition of(LogSet reached) {
    return new SetPosition(reached, reached);
  }

  @Override
  public boolean contains(Position other) {
    return other instanceof SetPosition set && reached.containsAll(set.own);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SetPosition set && reached.equals(set.reached);
  }

  @Override
  public int hashCode() {
    return reached.hashCode();
  }

  @Override
  public String toString() {
    return reached.toString();
  }
}
