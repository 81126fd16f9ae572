package dev.firn.testing.simulation;

import dev.firn.writer.Position;

/** A place in the model source's log: the number of a transaction, with gaps. */
record ModelPosition(long at) implements Position {
  /** Before everything. */
  static final ModelPosition START = new ModelPosition(0);

  static ModelPosition parse(String text) {
    return new ModelPosition(Long.parseUnsignedLong(text, 16));
  }

  @Override
  public boolean contains(Position other) {
    return at >= ((ModelPosition) other).at;
  }

  boolean isAfter(ModelPosition other) {
    return at > other.at;
  }

  @Override
  public String toString() {
    return Long.toHexString(at);
  }
}
