package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.types.Types.NestedField;
import org.jspecify.annotations.Nullable;

/**
 * The changelog table of one table: every change since the baseline, in order, never altered.
 *
 * <p>Rows are added as batches are committed and become visible with {@link #commit}. A batch's
 * number with {@code _sequence} gives the order of all changes; the baseline is the snapshot of the
 * table under the tag {@value #BASELINE}, and changes of batches after the baseline's lead from it
 * to the table's present.
 */
final class Changelog {
  static final String BASELINE = "firn_baseline";

  private static final String SUFFIX = "_changelog";

  /** Ours come first, so that columns can be added behind. */
  static final List<NestedField> OWN =
      List.of(
          NestedField.required(1, "_op", Types.StringType.get(), "c, u, d or t (truncate)"),
          NestedField.required(2, "_batch", Types.LongType.get(), "number of the batch"),
          NestedField.required(3, "_sequence", Types.LongType.get(), "order within the batch"),
          NestedField.required(
              4, "_position", Types.StringType.get(), "where the transaction ends at the source"),
          NestedField.required(5, "_transaction", Types.StringType.get(), "the source's id of it"),
          NestedField.required(6, "_order", Types.IntegerType.get(), "order in the transaction"),
          NestedField.required(
              7,
              "_committed_at",
              Types.TimestampType.withZone(),
              "when the source committed the transaction"));

  private final TableIdentifier name;
  private final Table table;
  private final long targetFileBytes;
  private final Troubles troubles;
  private BatchNumbers numbers;
  private ChangelogRecords records;

  /** What writes the rows that are not committed yet, in order. */
  private final List<Runnable> pending = new ArrayList<>();

  /** Where they are written; null: they must be written anew. */
  private @Nullable RowFiles files;

  private Mark mark;
  private long snapshotId;
  private long lastBatch;
  private long sequence;

  /**
   * @param mark what this writer's claim left in it
   * @param numbers of the batches that its table has and that it may lack
   */
  Changelog(
      TableIdentifier name,
      Table table,
      Mark mark,
      BatchNumbers numbers,
      long targetFileBytes,
      Troubles troubles) {
    this.name = name;
    this.table = table;
    this.mark = mark;
    this.numbers = numbers;
    this.targetFileBytes = targetFileBytes;
    this.troubles = troubles;
    this.snapshotId = newest();
    this.records = new ChangelogRecords(table.schema());
  }

  TableIdentifier name() {
    return name;
  }

  /** The name of a table's changelog. */
  static TableIdentifier nameFor(TableIdentifier table) {
    return TableIdentifier.of(table.namespace(), table.name() + SUFFIX);
  }

  static Schema schema(TableDefinition definition) {
    List<NestedField> fields = new ArrayList<>(OWN);
    List<NestedField> columns = definition.schema().columns();
    AtomicInteger nested = new AtomicInteger(fields.size() + columns.size());
    for (NestedField column : columns) {
      Type type = TypeUtil.assignFreshIds(column.type(), nested::incrementAndGet);
      fields.add(NestedField.optional(fields.size() + 1, column.name(), type, column.doc()));
    }
    return new Schema(fields);
  }

  static PartitionSpec partitions(Schema schema) {
    return PartitionSpec.builderFor(schema).day("_committed_at").build();
  }

  static Map<String, String> properties(TableDefinition definition) {
    return Map.of(LakeTables.CHANGELOG_OF, definition.table().toString());
  }

  /** Writes changes into files that {@link #commit} will make part of the table. */
  void add(List<ChangelogRow> rows, long batch) {
    for (ChangelogRow row : rows) {
      if (row.isIncomplete()) {
        throw new PipelineException(
            "%s: an unchanged large value of batch %d is not in the lake; take a new initial snapshot"
                .formatted(name, batch));
      }
    }
    if (!rows.isEmpty()) {
      add(() -> rows.forEach(row -> write(records.of(row), row.end(), batch)));
    }
  }

  /**
   * Writes rows by {@link #write}.
   *
   * @param rows gives the same rows again when they must be written anew
   */
  void add(Runnable rows) {
    if (pending.isEmpty()) {
      begin();
    }
    pending.add(rows);
    if (files == null) {
      return;
    }
    try {
      rows.run();
    } catch (RuntimeException e) {
      discard();
      if (!Failures.mayPass(e)) {
        throw e;
      }
      troubles.failed(name.toString(), e);
    }
  }

  private void begin() {
    files = new RowFiles(table, table.schema(), new LiveFiles(), targetFileBytes);
    lastBatch = mark.batch();
    sequence = -1;
  }

  private void discard() {
    RowFiles incomplete = files;
    files = null;
    if (incomplete != null) {
      incomplete.abandon();
    }
  }

  /** All files with the rows that are pending. */
  private List<LiveFile> complete() {
    try {
      if (files == null) {
        begin();
        pending.forEach(Runnable::run);
      }
      return requireNonNull(files).close();
    } catch (RuntimeException e) {
      discard();
      throw e;
    }
  }

  /** Whether there is nothing in it, and nothing to commit. */
  boolean isEmpty() {
    Snapshot current = table.currentSnapshot();
    return pending.isEmpty()
        && (current == null
            || "0".equals(current.summary().getOrDefault(SnapshotSummary.TOTAL_RECORDS_PROP, "0")));
  }

  /** Whether there is something to commit. */
  boolean isPending() {
    return !pending.isEmpty();
  }

  /** Writes a row as {@link ChangelogRecords} makes them, as one of a transaction that ended so. */
  void write(Record row, TransactionEnd end, long batch) {
    long number = numbers.of(end.position(), batch);
    if (number != lastBatch || sequence < 0) {
      sequence = number <= mark.batch() ? sequenceAfter(number) : 0;
      lastBatch = number;
    }
    row.set(1, number);
    row.set(2, sequence++);
    row.set(3, end.position().toString());
    row.set(4, end.transaction());
    row.set(6, end.committedAt().atOffset(ZoneOffset.UTC));
    requireNonNull(files, "files is null").write(row, RowLocation.INHERITED);
  }

  /** A batch that an earlier writer has told in part, as its large transactions, goes on there. */
  private long sequenceAfter(long batch) {
    long next = 0;
    try (CloseableIterable<Record> rows =
        IcebergGenerics.read(table)
            .where(Expressions.equal("_batch", batch))
            .select("_sequence")
            .build()) {
      for (Record row : rows) {
        // by name: what the filter asks for is among the columns, too
        next = Math.max(next, (Long) row.getField("_sequence") + 1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + name, e);
    }
    return next;
  }

  HeldChanges hold() {
    return new HeldChanges(name, table, targetFileBytes);
  }

  /**
   * Makes visible what was added; does nothing when that is nothing.
   *
   * @param info of the last batch that it belongs to
   */
  void commit(BatchInfo info) {
    if (pending.isEmpty()) {
      return;
    }
    List<LiveFile> added = troubles.overcome(name.toString(), table, this::complete);
    snapshotId = append(added, info).snapshotId();
    mark = info.mark();
    numbers = numbers.after(info.end().position());
    files = null;
    pending.clear();
  }

  private Snapshot append(List<LiveFile> added, BatchInfo info) {
    return commit(
        info.mark(),
        commit ->
            (transaction, head) -> {
              AppendFiles append = transaction.newFastAppend();
              append
                  .scanManifestsWith(TableWriter.CALLER_RUNS)
                  .writeManifestsWith(TableWriter.CALLER_RUNS, 1)
                  .validateWith(head);
              added.forEach(file -> append.appendFile(file.file()));
              info.summary().forEach(append::set);
              append.set(SummaryKeys.COMMIT, head.commit()).commit();
            });
  }

  /** Gives it the columns that its table has; nothing may be pending. */
  void follow(Schema columns) {
    ColumnChanges changes = ColumnChanges.between(table.schema(), columns);
    if (changes.isIn(table.schema())) {
      return;
    }
    snapshotId = commit(mark, commit -> commit.emptySnapshot(changes)).snapshotId();
    records = new ChangelogRecords(table.schema());
  }

  /**
   * Goes on after a new baseline. The positions that it told of before may count in another log,
   * where a later start would take them for what is there already.
   */
  void beginAfter(Mark baseline) {
    if (!mark.position().isEmpty()) {
      snapshotId = commit(baseline, MarkedCommit::emptySnapshot).snapshotId();
      mark = baseline;
    }
  }

  private Snapshot commit(Mark newMark, Function<MarkedCommit, MarkedCommit.Change> change) {
    while (true) {
      try {
        MarkedCommit commit =
            new MarkedCommit(name.toString(), table, newMark, snapshotId, troubles);
        return commit.commit(change.apply(commit));
      } catch (Head.ForeignCommitException e) {
        // Whatever they did, as a rewrite: no row here is ever looked up.
        table.refresh();
        Marks.requireSame(name.toString(), table, mark);
        snapshotId = newest();
      }
    }
  }

  private long newest() {
    Snapshot current = table.currentSnapshot();
    return current == null ? -1 : current.snapshotId();
  }

  ControlTable.Registered registered() {
    return new ControlTable.Registered(
        table.uuid().toString(), mark.batch(), mark.position(), snapshotId);
  }
}
