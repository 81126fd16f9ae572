package dev.firn.compaction;

/** How much of a table one run takes on. */
public enum CompactionMode {
  /** All that is worth it: for a run by hand, or by night. */
  ALL,

  /**
   * What pays by now, as a twentieth of one core's time at most: for runs one after the other
   * beside a writer.
   */
  TIERED
}
