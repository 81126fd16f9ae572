package dev.firn.writer;

import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * How the tables of one batch become visible. Each table's commit runs on a thread of its own and
 * ends by one of {@link #landed} and {@link #failed}. For many threads.
 */
interface BatchCommit {
  /** Each table by a commit of its own. */
  BatchCommit EACH =
      new BatchCommit() {
        @Override
        public void begin(int tables) {}

        @Override
        public Transaction transaction(TableIdentifier name, Table table) {
          return table.newTransaction();
        }

        @Override
        public void landed() {}

        @Override
        public void failed(Throwable cause) {}
      };

  /** So many tables are about to be committed. */
  void begin(int tables);

  /** Begins a table's transaction; committing it may wait for those of other tables. */
  Transaction transaction(TableIdentifier name, Table table);

  /** A table is committed, or has nothing to commit. */
  void landed();

  /** A table cannot be committed: no other one is from here on, where they are committed as one. */
  void failed(Throwable cause);
}
