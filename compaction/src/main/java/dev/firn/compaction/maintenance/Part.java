package dev.firn.compaction.maintenance;

/** What can be done to a table, in this order. */
public enum Part {
  /** Small files are merged, deletes applied. */
  REWRITE("the rewrite"),

  /** Snapshots are thinned out. */
  RETENTION("the retention"),

  /** Files that expired snapshots were the last to reach are removed. */
  SWEEP("the cleaning"),

  /** Files that nothing ever reached are removed; all of the table's folder is listed for it. */
  ORPHANS("the search for orphans");

  private final String said;

  Part(String said) {
    this.said = said;
  }

  /** For people, in a sentence. */
  String said() {
    return said;
  }
}
