package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;

/** One whole transaction of the source: its changes in order, and its end. */
public record SourceTransaction(List<TableChange> changes, TransactionEnd end) {
  public SourceTransaction {
    changes = List.copyOf(changes);
    requireNonNull(end, "end is null");
  }

  /** An estimate of the memory that its changes hold. */
  public long bytes() {
    long bytes = 0;
    for (TableChange change : changes) {
      bytes += change.bytes();
    }
    return bytes;
  }
}
