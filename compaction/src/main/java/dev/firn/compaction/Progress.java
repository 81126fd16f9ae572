package dev.firn.compaction;

/** Is told how far a long compaction is. */
@FunctionalInterface
public interface Progress {
  /** Tells nobody. */
  Progress NONE = line -> {};

  /**
   * Hears one line, ten seconds after the last one at the earliest.
   *
   * @param line for people, such as "shop.orders: group 3 of 17, 1.2 of 4.0 GB, about 2 min left"
   */
  void say(String line);
}
