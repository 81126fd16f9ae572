package dev.firn.writer;

import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;

/**
 * Under which number the changelog tells a change that its table has already: that of the batch
 * with which the table got it. After a crash the batches that were not complete are read from the
 * source again as one, of which tables may have a part.
 *
 * @param batches those that the table has, in order
 */
record BatchNumbers(List<Made> batches) {
  static final BatchNumbers NONE = new BatchNumbers(List.of());

  /** A batch that a table has, and where it ended. */
  record Made(long batch, Position end) {}

  BatchNumbers {
    batches = List.copyOf(batches);
  }

  /**
   * Of the table's snapshots since its baseline: positions of before may count in another log.
   *
   * @param complete the position that all tables and changelogs have
   */
  static BatchNumbers of(Table table, Position complete, Function<String, Position> positions) {
    SnapshotRef tag = table.refs().get(LakeTables.BASELINE);
    long first = tag == null ? 0 : batch(table.snapshot(tag.snapshotId()));
    return new BatchNumbers(
        StreamSupport.stream(table.snapshots().spliterator(), false)
            .flatMap(snapshot -> Mark.in(snapshot.summary()).stream())
            .filter(mark -> mark.batch() >= first && !mark.position().isEmpty())
            .map(mark -> new Made(mark.batch(), positions.apply(mark.position())))
            .filter(made -> !complete.contains(made.end()))
            .sorted(Comparator.comparingLong(Made::batch))
            .toList());
  }

  private static long batch(Snapshot baseline) {
    return Mark.in(baseline.summary()).map(Mark::batch).orElse(0L);
  }

  /**
   * @param end of the transaction
   * @param batch that it is read in now
   */
  long of(Position end, long batch) {
    for (Made made : batches) {
      if (made.batch() < batch && made.end().contains(end)) {
        return made.batch();
      }
    }
    return batch;
  }

  /** The same, once all up to a position has been told. */
  BatchNumbers after(Position told) {
    return batches.stream().allMatch(made -> told.contains(made.end())) ? NONE : this;
  }
}
