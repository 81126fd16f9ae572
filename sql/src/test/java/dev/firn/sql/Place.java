package dev.firn.sql;

import dev.firn.writer.Position;
import dev.firn.writer.SourceOffset;
import dev.firn.writer.SummaryKeys;
import dev.firn.writer.TransactionEnd;
import java.time.Instant;
import java.util.Optional;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;

/** A place in a log that only counts. */
record Place(long at) implements Position {
  static Place parse(String text) {
    return new Place(Long.parseLong(text));
  }

  /** The place that a snapshot's rows reach to; empty where the history before is gone. */
  static Optional<Place> of(Table table, Snapshot snapshot) {
    for (Snapshot before : SnapshotUtil.ancestorsOf(snapshot.snapshotId(), table::snapshot)) {
      String text = before.summary().get(SummaryKeys.POSITION);
      if (text != null && !text.isEmpty()) {
        return Optional.of(parse(text));
      }
    }
    return Optional.empty();
  }

  /** The end of a transaction here. */
  TransactionEnd end() {
    return new TransactionEnd(
        toString(),
        this,
        Instant.ofEpochSecond(at),
        new SourceOffset("{}", "{\"at\":%d}".formatted(at)));
  }

  @Override
  public boolean contains(Position other) {
    return at >= ((Place) other).at;
  }

  @Override
  public String toString() {
    return Long.toString(at);
  }
}
