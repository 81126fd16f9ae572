package dev.firn.compaction;

/** Holds a compaction back while something else needs the machine, and stops it. */
@FunctionalInterface
public interface Pacer {
  /** Neither waits nor stops. */
  Pacer NONE = () -> {};

  /**
   * Is called before each group of files, every few thousand rows, and for each file that is looked
   * at; may wait.
   *
   * @throws CompactionStoppedException to end the run
   */
  void pace();
}
