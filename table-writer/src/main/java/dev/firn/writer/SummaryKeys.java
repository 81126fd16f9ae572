package dev.firn.writer;

/** What every commit says about itself in its snapshot summary, and in part in table properties. */
public final class SummaryKeys {
  public static final String PIPELINE = "firn.pipeline";
  public static final String EPOCH = "firn.epoch";
  public static final String BATCH = "firn.batch";
  public static final String POSITION = "firn.position";
  public static final String TRANSACTIONS = "firn.transactions";
  public static final String INSERTED = "firn.inserted";
  public static final String UPDATED = "firn.updated";
  public static final String DELETED = "firn.deleted";
  public static final String SOURCE_TIME_FIRST = "firn.source-time-first";
  public static final String SOURCE_TIME_LAST = "firn.source-time-last";
  public static final String SCHEMA_ID = "firn.schema-id";
  public static final String VERSION = "firn.version";

  /**
   * Unique to one commit, through all its retries: how it is found again when its answer is lost.
   */
  public static final String COMMIT = "firn.commit";

  /** Host and process id of the writer. */
  public static final String WRITER = "firn.writer";

  private SummaryKeys() {}
}
