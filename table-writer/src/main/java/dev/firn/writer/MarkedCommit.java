package dev.firn.writer;

import java.util.UUID;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.UpdateProperties;
import org.apache.iceberg.UpdateSchema;

/**
 * A commit to a table that leaves a mark, in its snapshot and as a copy in the table's properties,
 * and lands only on the snapshot that this writer knows.
 *
 * @param name the table's name, for messages
 * @param onto the snapshot that the commit must land on; -1: none
 * @param troubles learns of each attempt that fails
 */
record MarkedCommit(
    String name, Table table, Mark mark, long onto, Troubles troubles, Begin begin) {

  /** How the table's transaction begins. */
  @FunctionalInterface
  interface Begin {
    Transaction of(Table table);
  }

  /** By itself. */
  MarkedCommit(String name, Table table, Mark mark, long onto, Troubles troubles) {
    this(name, table, mark, onto, troubles, Table::newTransaction);
  }

  /** Adds to a transaction what is to be committed, under the demands on the table's head. */
  @FunctionalInterface
  interface Change {
    void addTo(Transaction transaction, Head head);
  }

  /** A snapshot without changes of rows, and with it other columns. */
  Change emptySnapshot(ColumnChanges columns) {
    return (transaction, head) -> {
      UpdateSchema update = transaction.updateSchema();
      columns.addTo(update, transaction.table().schema());
      update.commit();
      emptySnapshot().addTo(transaction, head);
    };
  }

  /** A snapshot without changes of rows, and with it another layout. */
  Change emptySnapshot(TableLayout layout) {
    return (transaction, head) -> {
      layout.addTo(transaction);
      emptySnapshot().addTo(transaction, head);
    };
  }

  /** A snapshot without changes of rows. */
  Change emptySnapshot() {
    return (transaction, head) -> {
      AppendFiles append = transaction.newFastAppend();
      append
          .scanManifestsWith(TableWriter.CALLER_RUNS)
          .writeManifestsWith(TableWriter.CALLER_RUNS, 1)
          .validateWith(head);
      mark.values().forEach(append::set);
      append.set(SummaryKeys.COMMIT, head.commit()).commit();
    };
  }

  /**
   * @return the snapshot that it made
   * @throws FencedException another writer has taken over
   * @throws Head.ForeignCommitException somebody else committed to the table
   */
  Snapshot commit(Change change) {
    Head head = new Head(name, mark.pipeline(), mark.epoch(), onto, UUID.randomUUID().toString());
    return new CommitAttempts(table, head, troubles)
        .commit(() -> {
          var unused = Uploads.overlapping(() -> attempt(change, head));
        });
  }

  private Transaction attempt(Change change, Head head) {
    Transaction transaction = begin.of(table);
    change.addTo(transaction, head);
    UpdateProperties properties = transaction.updateProperties();
    mark.values().forEach(properties::set);
    properties.commit();
    transaction.commitTransaction();
    return transaction;
  }
}
