package dev.firn.testing;

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
public record CountedPosition(long at) implements Position {
  /** The place that {@link #toString} has written. */
  public static CountedPosition parse(String text) {
    return new CountedPosition(Long.parseLong(text));
  }

  /** The place that a snapshot's rows reach to; empty where the history before is gone. */
  public static Optional<CountedPosition> of(Table table, Snapshot snapshot) {
    for (Snapshot before : SnapshotUtil.ancestorsOf(snapshot.snapshotId(), table::snapshot)) {
      String text = before.summary().get(SummaryKeys.POSITION);
      if (text != null && !text.isEmpty()) {
        return Optional.of(parse(text));
      }
    }
    return Optional.empty();
  }

  /** The end of a transaction here, committed so many seconds after 1970. */
  public static TransactionEnd end(long at) {
    return new TransactionEnd(
        "x" + at,
        new CountedPosition(at),
        Instant.ofEpochSecond(at),
        new SourceOffset("{}", "{\"at\":%d}".formatted(at)));
  }

  @Override
  public boolean contains(Position other) {
    return at >= ((CountedPosition) other).at;
  }

  @Override
  public String toString() {
    return Long.toString(at);
  }
}
