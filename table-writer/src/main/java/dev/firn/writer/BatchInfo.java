package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * What the commits of one batch say about it.
 *
 * @param first when the source committed its first transaction
 * @param visible how its tables become so
 */
record BatchInfo(
    Mark mark, TransactionEnd end, Instant first, long transactions, BatchCommit visible) {
  BatchInfo {
    requireNonNull(mark, "mark is null");
    requireNonNull(end, "end is null");
    requireNonNull(first, "first is null");
    requireNonNull(visible, "visible is null");
  }

  Map<String, String> summary() {
    Map<String, String> summary = new HashMap<>(mark.values());
    summary.put(SummaryKeys.TRANSACTIONS, Long.toString(transactions));
    summary.put(SummaryKeys.SOURCE_TIME_FIRST, first.toString());
    summary.put(SummaryKeys.SOURCE_TIME_LAST, end.committedAt().toString());
    summary.put(SummaryKeys.VERSION, version());
    return summary;
  }

  private static String version() {
    String version = BatchInfo.class.getPackage().getImplementationVersion();
    return version == null ? "unknown" : version;
  }
}
