package dev.firn.compaction;

/**
 * What a compaction says about itself in its snapshot's summary.
 *
 * <p>It never bears a pipeline's mark: that would shut the writer out.
 */
public final class CompactionKeys {
  /** Why these files were chosen. */
  public static final String WHY = "firn.compaction.why";

  public static final String FILES_IN = "firn.compaction.files-in";
  public static final String FILES_OUT = "firn.compaction.files-out";

  /** Live rows of the replaced files when the commit was made. */
  public static final String ROWS_IN = "firn.compaction.rows-in";

  /** Live rows of the new files; the same number. */
  public static final String ROWS_OUT = "firn.compaction.rows-out";

  /** Deleted rows that the new files no longer hold. */
  public static final String DELETED_ROWS_REMOVED = "firn.compaction.deleted-rows-removed";

  /** Rows deleted while the files were written: a vector on the new files says so. */
  public static final String DELETED_ROWS_REMAPPED = "firn.compaction.deleted-rows-remapped";

  private CompactionKeys() {}
}
