package dev.firn.compaction;

/** What became of a group of files. */
public sealed interface GroupOutcome permits GroupOutcome.Replaced, GroupOutcome.GivenUp {

  /**
   * New files stand in the place of the old ones.
   *
   * @param rows live rows, as many before as after
   * @param deletedRowsRemoved which the new files no longer hold
   * @param deletedRowsRemapped which were deleted while the new files were written
   * @param attempts how often the commit was tried
   */
  record Replaced(
      long snapshotId,
      int filesIn,
      int filesOut,
      long rows,
      long deletedRowsRemoved,
      long deletedRowsRemapped,
      long bytesIn,
      long bytesOut,
      int attempts)
      implements GroupOutcome {}

  /** Somebody else has replaced some of the files; the table is as they left it. */
  record GivenUp(String why) implements GroupOutcome {}
}
