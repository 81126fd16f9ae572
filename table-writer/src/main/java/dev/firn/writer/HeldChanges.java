package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;

/**
 * One large transaction's changes of one table on their way to its changelog, or what is set aside
 * while tables are read: they wait in files of their own, because only the end tells where and when
 * the source committed it.
 */
final class HeldChanges {
  private final TableIdentifier name;
  private final Table table;
  private final RowFiles files;
  private final Deque<ChangelogRow> incomplete = new ArrayDeque<>();
  private ChangelogRecords records;

  /** A value is missing that nobody will fill in: what comes after it cannot be told either. */
  private boolean broken;

  HeldChanges(TableIdentifier name, Table table, long targetFileBytes) {
    this.name = name;
    this.table = table;
    this.files = new RowFiles(table, table.schema(), new LiveFiles(), targetFileBytes);
    this.records = new ChangelogRecords(table.schema());
  }

  /**
   * Takes the next change, which has been applied to the table.
   *
   * @param areFilledLater whether rows wait there for values, which these share
   */
  void add(RowChange change, int order, boolean areFilledLater) {
    incomplete.addAll(ChangelogRow.of(change, TransactionEnd.UNKNOWN, order));
    if (areFilledLater) {
      writeComplete();
    } else {
      areFilled();
    }
  }

  /** Takes a row that lacks nothing. */
  void add(ChangelogRow complete) {
    files.write(records.of(complete), RowLocation.INHERITED);
  }

  /** All values that are in the lake have been filled in. */
  void areFilled() {
    writeComplete();
    broken |= !incomplete.isEmpty();
    if (broken) {
      incomplete.clear();
    }
  }

  private void writeComplete() {
    while (!incomplete.isEmpty() && !incomplete.getFirst().isIncomplete()) {
      files.write(records.of(incomplete.removeFirst()), RowLocation.INHERITED);
    }
  }

  /** Goes on with the changelog's new columns. */
  void columnsChanged() {
    writeComplete();
    files.columnsChanged(table.schema());
    records = new ChangelogRecords(table.schema());
  }

  /** Completes the files of them: nothing is added any more. */
  void requireComplete() {
    writeComplete();
    if (broken || !incomplete.isEmpty()) {
      throw new IncompleteChangeException(name);
    }
    var unused = files.close();
  }

  /** Gives the changes to the changelog as those of a transaction that ended so; repeatable. */
  void readInto(Changelog changelog, TransactionEnd end, long batch) {
    for (LiveFile file : files.close()) {
      read(file, changelog, end, batch);
    }
  }

  private void read(LiveFile file, Changelog changelog, TransactionEnd end, long batch) {
    try (CloseableIterable<Record> rows =
        FormatModelRegistry.<Record, Schema>readBuilder(
                FileFormat.PARQUET, Record.class, table.io().newInputFile(file.file().location()))
            .project(table.schema())
            .build()) {
      rows.forEach(row -> changelog.write(row, end, batch));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read a file of " + table.name(), e);
    }
  }

  void abandon() {
    incomplete.clear();
    files.abandon();
  }
}
