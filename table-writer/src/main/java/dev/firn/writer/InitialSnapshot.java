package dev.firn.writer;

import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;

/** The first reading of the source's tables: invisible until it is published as a whole. */
public final class InitialSnapshot {
  InitialSnapshot() {}

  /** Adds a row that was read. */
  public void add(TableIdentifier table, Record row) {
    throw new UnsupportedOperationException();
  }

  /** Makes all tables visible; streaming goes on after {@code end}. */
  public CommittedBatch publish(TransactionEnd end) {
    throw new UnsupportedOperationException();
  }

  /** Gives it up: nothing of it becomes visible. */
  public void abandon() {
    throw new UnsupportedOperationException();
  }
}
