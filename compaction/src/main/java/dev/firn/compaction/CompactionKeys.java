package dev.firn.compaction;

/**
 * What a compaction says about itself in its snapshot's summary.
 *
 * <p>It never bears a pipeline's mark: that would shut the writer out.
 */
public final class CompactionKeys {
  /** Why these files were chosen. */
  public static final String WHY = "firn.compaction.why";

  /** {@link CompactionMode}, in small letters. */
  public static final String MODE = "firn.compaction.mode";

  public static final String FILES_IN = "firn.compaction.files-in";
  public static final String FILES_OUT = "firn.compaction.files-out";

  public static final String BYTES_IN = "firn.compaction.bytes-in";
  public static final String BYTES_OUT = "firn.compaction.bytes-out";

  /** Live rows of the replaced files when the commit was made. */
  public static final String ROWS_IN = "firn.compaction.rows-in";

  /** Live rows of the new files; the same number. */
  public static final String ROWS_OUT = "firn.compaction.rows-out";

  /** Deleted rows that the new files no longer hold. */
  public static final String DELETED_ROWS_REMOVED = "firn.compaction.deleted-rows-removed";

  /** Rows deleted while the files were written: a vector on the new files says so. */
  public static final String DELETED_ROWS_REMAPPED = "firn.compaction.deleted-rows-remapped";

  /** Files of equality deletes that applied to the old files. */
  public static final String EQUALITY_DELETES_MERGED = "firn.compaction.equality-deletes-merged";

  /** A digest, in any order, of the rows that were live in the old files when they were read. */
  public static final String DIGEST_IN = "firn.compaction.digest-in";

  /** The same of the rows of the new files, read again after they were written; the same value. */
  public static final String DIGEST_OUT = "firn.compaction.digest-out";

  private CompactionKeys() {}
}
