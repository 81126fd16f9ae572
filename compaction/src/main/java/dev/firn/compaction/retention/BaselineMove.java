package dev.firn.compaction.retention;

import java.time.Instant;

/**
 * How far the baseline of a table may be moved on.
 *
 * @param before to a snapshot that is older
 * @param upToBatch and whose batch is no later: of changes that are not told yet it is not known by
 *     what number they will be
 */
record BaselineMove(Instant before, long upToBatch) {
  /** Nowhere. */
  static final BaselineMove NONE = new BaselineMove(Instant.MIN, -1);
}
