package dev.firn.writer;

/** One table's part of a batch. */
final class TableBatch {
  private final RowFold fold;
  private boolean truncated;

  TableBatch(boolean keyed) {
    this.fold = keyed ? new KeyedFold() : new KeylessFold();
  }

  void apply(RowChange change) {
    switch (change) {
      case RowChange.Insert insert -> fold.insert(insert.key(), insert.row());
      case RowChange.Update update -> fold.update(update.before(), update.key(), update.row());
      case RowChange.Delete delete -> fold.delete(delete.key());
      case RowChange.Truncate truncate -> {
        fold.clear();
        truncated = true;
      }
    }
  }

  /** Whether all rows from before the batch are gone. */
  boolean isTruncated() {
    return truncated;
  }

  RowFold fold() {
    return fold;
  }
}
