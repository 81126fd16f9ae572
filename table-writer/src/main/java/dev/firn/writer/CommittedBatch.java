package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.Map;

/**
 * What a commit did.
 *
 * @param number the batch's number, one higher than the batch before it
 * @param end the end of its last transaction
 * @param tables per table that changed
 */
public record CommittedBatch(
    long number,
    TransactionEnd end,
    long transactions,
    Instant firstCommittedAt,
    Map<org.apache.iceberg.catalog.TableIdentifier, TableCommit> tables) {

  /** One table's part: its snapshot and its rows by what happened to them. */
  public record TableCommit(long snapshotId, long inserted, long updated, long deleted) {}

  public CommittedBatch {
    requireNonNull(end, "end is null");
    requireNonNull(firstCommittedAt, "firstCommittedAt is null");
    tables = Map.copyOf(tables);
  }

  /** Rows over all tables. */
  public long rows() {
    return tables.values().stream().mapToLong(t -> t.inserted() + t.updated() + t.deleted()).sum();
  }
}
