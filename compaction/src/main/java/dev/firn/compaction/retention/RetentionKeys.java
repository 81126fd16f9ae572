package dev.firn.compaction.retention;

/** What retention says about itself in a table. */
public final class RetentionKeys {
  /** In the summary of a snapshot that removes old rows of a changelog: why. */
  public static final String WHY = "firn.retention.why";

  /** A table property: when retention moved the baseline, in milliseconds since 1970. */
  public static final String BASELINE_MOVED_AT = "firn.baseline-moved-at";

  private RetentionKeys() {}
}
