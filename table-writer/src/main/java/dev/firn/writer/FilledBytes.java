package dev.firn.writer;

import java.util.Map;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.util.PropertyUtil;

/**
 * Estimates the memory that values take which are filled in where the source leaves them out: per
 * row, in bytes. For many threads.
 */
final class FilledBytes {
  /** How much larger a row is in memory than in a compressed file, about. */
  private static final long EXPANSION = 4;

  /** One row is not expected to be larger. */
  private static final long MAX_ROW = 64L << 20;

  /** The estimate comes up to larger rows soon, and down slowly. */
  private static final int RISE = 8;

  private static final int FALL = 64;

  private boolean observed;
  private long perRow;

  /** As long as no value was filled in the size of the table's files has to tell. */
  synchronized void suggestedBy(Map<String, String> summary) {
    long rows = PropertyUtil.propertyAsLong(summary, SnapshotSummary.TOTAL_RECORDS_PROP, 0);
    long bytes = PropertyUtil.propertyAsLong(summary, SnapshotSummary.TOTAL_FILE_SIZE_PROP, 0);
    if (!observed && rows > 0) {
      perRow = Math.min(MAX_ROW, bytes / rows * EXPANSION);
    }
  }

  /** The values of a row were filled in. */
  synchronized void filled(long bytes) {
    perRow =
        observed
            ? perRow + (Math.min(MAX_ROW, bytes) - perRow) / (bytes > perRow ? RISE : FALL)
            : Math.min(MAX_ROW, bytes);
    observed = true;
  }

  synchronized int perRow() {
    return (int) perRow;
  }
}
