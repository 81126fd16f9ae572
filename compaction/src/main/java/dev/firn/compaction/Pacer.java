package dev.firn.compaction;

/** Holds a compaction back while something else needs the machine, and stops it. */
@FunctionalInterface
public interface Pacer {
  /** Neither waits nor stops. */
  Pacer NONE = () -> {};

  /**
   * Is called before each group of files and every few thousand rows; may wait.
   *
   * @throws CompactionStoppedException to end the run
   */
  void pace();
}
