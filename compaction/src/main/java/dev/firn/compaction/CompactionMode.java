package dev.firn.compaction;

/** How much of a table one run takes on. */
public enum CompactionMode {
  /** All that is worth it: for a run by hand, or by night. */
  ALL,

  /**
   * Like a log-structured merge tree: as many files of one tier as make a file of the next. For
   * runs one after the other beside a writer: each row is written again once for each tier.
   */
  TIERED
}
