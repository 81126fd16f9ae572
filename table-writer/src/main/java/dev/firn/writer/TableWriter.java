package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.PartitionField;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.types.Types.StructType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Commits batches to one table, each as one snapshot of data files, deletions and position. */
final class TableWriter {
  static final ExecutorService CALLER_RUNS = new CallerRuns();

  private static final Logger LOG = LoggerFactory.getLogger(TableWriter.class);

  private volatile TableState state;
  private final Troubles troubles;
  private volatile Mark mark;
  private @Nullable PlannedWrite inFlight;

  /**
   * @param mark what this writer's claim left in the table
   */
  TableWriter(TableState state, Mark mark, Troubles troubles) {
    this.state = state;
    this.mark = mark;
    this.troubles = troubles;
  }

  TableState state() {
    return state;
  }

  /** Number of rows in the key index; about, while a commit changes it. */
  long indexedRows() {
    // Without its lock, which is held for as long as the index is built.
    return state.index().size();
  }

  /** What the last commit left in the table. */
  Mark mark() {
    return mark;
  }

  /** Plans a batch on top of the one that is planned or committing, if there is one. */
  PlannedWrite plan(TableBatch batch) {
    PlannedWrite planned = new PlannedWrite(batch);
    planned.planOver(inFlight());
    inFlight(planned);
    return planned;
  }

  private synchronized @Nullable PlannedWrite inFlight() {
    return inFlight;
  }

  private synchronized void inFlight(PlannedWrite planned) {
    inFlight = planned;
  }

  private synchronized void landed(PlannedWrite planned) {
    if (inFlight == planned) {
      inFlight = null;
    }
  }

  /** A batch's part for this table; planned again when the table turns out to have changed. */
  final class PlannedWrite {
    private final TableBatch batch;
    private int generation;
    private @Nullable TableWrite write;

    private PlannedWrite(TableBatch batch) {
      this.batch = batch;
    }

    /** Leaves it to the commit where the one before must be planned again itself. */
    private void planOver(@Nullable PlannedWrite before) {
      int now = state.generation();
      TableWrite overlay = before == null ? null : before.plannedIn(now);
      if (before != null && overlay == null) {
        return;
      }
      try {
        planned(TableWrite.planned(state, batch, overlay), now);
      } catch (RuntimeException e) {
        if (now == state.generation()) {
          leaveToCommit(e);
        }
      }
    }

    /** There it is planned again, and again; what comes after it is not planned over it. */
    private void leaveToCommit(RuntimeException failure) {
      if (!Failures.mayPass(failure)) {
        throw failure;
      }
      troubles.failed(state.name(), failure);
    }

    private synchronized @Nullable TableWrite plannedIn(int now) {
      return generation == now ? write : null;
    }

    private synchronized void planned(TableWrite newWrite, int now) {
      write = newWrite;
      generation = now;
    }

    /**
     * Commits it; the one before it is committed.
     *
     * @param first done before the commit, once no value of the batch is missing any more
     * @return empty when the batch changes nothing in this table
     */
    Optional<CommittedBatch.TableCommit> commit(BatchInfo info, Runnable first) {
      while (true) {
        try {
          Written written = overcome(this::write);
          first.run();
          Optional<CommittedBatch.TableCommit> made =
              TableWriter.this.commit(written.write(), written.changes(), info);
          landed(this);
          return made;
        } catch (Head.ForeignCommitException e) {
          reload();
        }
      }
    }

    /**
     * Nothing of it is part of a commit yet: what was written in part is thrown away. Files that it
     * reads may be gone because somebody else has rewritten the table.
     */
    private Written write() {
      try {
        TableWrite current = plannedIn(state.generation());
        if (current == null) {
          current = planAgain();
        }
        return new Written(current, FileChanges.of(state, current));
      } catch (RuntimeException e) {
        state.planAgain();
        if (Failures.mayPass(e) && isBehind()) {
          throw changed(e);
        }
        throw e;
      }
    }

    /** Gives it up; nothing of it is part of a commit. */
    void abandon() {
      // First: what is planned over it must not look for its files.
      state.planAgain();
      landed(this);
      TableWrite planned = write;
      if (planned != null) {
        planned.abandon();
      }
    }

    private TableWrite planAgain() {
      TableWrite last = write;
      if (last != null) {
        last.abandon();
      }
      TableWrite again = TableWrite.planned(state, batch, null);
      planned(again, state.generation());
      return again;
    }
  }

  /** A write whose files are complete. */
  private record Written(TableWrite write, FileChanges changes) {}

  private <R> R overcome(Supplier<R> work) {
    return troubles.overcome(state.name(), state.table(), work);
  }

  /** A write that changes the key index as it goes; nothing else may be planned or committing. */
  TableWrite writeAtOnce() {
    if (overcome(this::isBehind)) {
      reload();
    }
    return TableWrite.atOnce(state);
  }

  /**
   * Commits a write at once.
   *
   * @param first done before the commit, once no value is missing any more
   * @throws PipelineException somebody else changed rows of the table meanwhile
   */
  Optional<CommittedBatch.TableCommit> commitAtOnce(
      TableWrite write, BatchInfo info, Runnable first) {
    while (true) {
      try {
        FileChanges changes = FileChanges.of(state, write);
        first.run();
        return commit(write, changes, info);
      } catch (Head.ForeignCommitException e) {
        carry(write, e);
      }
    }
  }

  private void carry(TableWrite write, Head.ForeignCommitException cause) {
    refresh();
    if (!state.carry(write)) {
      throw new PipelineException(
          "table %s was changed by someone else while one large transaction was being written; start again: nothing is lost"
              .formatted(state.name()),
          cause);
    }
  }

  /**
   * Commits a write of all rows anew, whatever somebody else made of the table meanwhile. What was
   * written takes the place of the table; nothing else may be planned or committing.
   *
   * @param anew the table as the write leaves it
   */
  CommittedBatch.TableCommit replace(TableState anew, TableWrite write, BatchInfo info) {
    FileChanges written = FileChanges.of(anew, write);
    Map<String, String> summary = summary(write, info);
    while (true) {
      FileChanges changes = written.removing(state.files().committed());
      try {
        Snapshot snapshot =
            commit(
                marked(info.mark(), Table::newTransaction),
                summary,
                changes,
                anew.files(),
                Optional.of(LakeTables.BASELINE));
        takeOver(anew, write, changes, snapshot);
        state.release();
        state = anew;
        mark = info.mark();
        return made(snapshot, write);
      } catch (Head.ForeignCommitException e) {
        reload();
      }
    }
  }

  /**
   * Gives the table other columns under the last commit's mark; no row changes. Nothing may be
   * planned or committing.
   */
  void changeColumns(ColumnChanges changes) {
    while (true) {
      try {
        Map<Integer, StructType> partitions = partitionTypes();
        boolean otherKeys = commitColumns(changes);
        if (!partitionTypes().equals(partitions)) {
          reload(new AtomicBoolean(true));
        } else if (otherKeys) {
          state.indexAgain(LiveFile::isCommitted, (file, position) -> true);
        }
        return;
      } catch (Head.ForeignCommitException e) {
        reload();
      }
    }
  }

  /**
   * Gives the table other columns while a write at once is open, which goes on with them.
   *
   * @throws PipelineException somebody else changed the table meanwhile, or a column that it is
   *     partitioned by got wider: files of the write are of the narrow one
   */
  void changeColumns(ColumnChanges changes, TableWrite open) {
    open.beforeColumnsChange();
    while (true) {
      try {
        Map<Integer, StructType> partitions = partitionTypes();
        open.columnsChanged(commitColumns(changes));
        if (!partitionTypes().equals(partitions)) {
          throw new PipelineException(
              "table %s: a column that it is partitioned by got wider within one large transaction; start again: nothing is lost, and then the column is wide from its begin"
                  .formatted(state.name()));
        }
        return;
      } catch (Head.ForeignCommitException e) {
        carry(open, e);
      }
    }
  }

  /** What is known of files has partitions in the types of the columns as they were. */
  private Map<Integer, StructType> partitionTypes() {
    return state.table().specs().entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, spec -> spec.getValue().partitionType()));
  }

  /**
   * @return whether rows are told apart by other columns than before
   */
  private boolean commitColumns(ColumnChanges changes) {
    if (!changes.isIn(state.table().schema())) {
      requireFreeNames(changes);
      MarkedCommit commit = marked(mark, Table::newTransaction);
      state.reflects(commit.commit(commit.emptySnapshot(changes)));
    }
    return state.columnsChanged(changes.sent());
  }

  /** Iceberg takes no column that bears the name of a partition, of one that there was either. */
  private void requireFreeNames(ColumnChanges changes) {
    Set<String> partitions =
        state.table().specs().values().stream()
            .flatMap(spec -> spec.fields().stream())
            .map(PartitionField::name)
            .collect(Collectors.toSet());
    for (ColumnChanges.NewColumn column : changes.added()) {
      if (state.table().schema().findField(column.name()) == null
          && partitions.contains(column.name())) {
        throw new PipelineException(
            "table %s can have no column %s: a partition of it has had this name; give the column another name at the source, or leave it out"
                .formatted(state.name(), column.name()));
      }
    }
  }

  /**
   * Gives the table another layout, under the last commit's mark; files that are there stay as they
   * are. Nothing may be planned or committing.
   *
   * @throws LayoutException the table's columns do not allow it
   */
  void layOut(TableLayout layout) {
    while (!layout.isIn(state.table())) {
      try {
        MarkedCommit commit = marked(mark, Table::newTransaction);
        state.reflects(commit.commit(commit.emptySnapshot(layout)));
        LOG.info(
            "table {} is {} from here on; files that it has stay as they are",
            state.name(),
            layout);
      } catch (Head.ForeignCommitException e) {
        reload();
      }
    }
  }

  /** Gives up a write at once. */
  void abandonAtOnce(TableWrite write) {
    write.abandon();
    state.load();
  }

  private Optional<CommittedBatch.TableCommit> commit(
      TableWrite write, FileChanges changes, BatchInfo info) {
    if (changes.isEmpty()) {
      if (write.isTruncated()) {
        requireNoneAppended();
      }
      return Optional.empty();
    }
    Snapshot snapshot = commitOrDiscardDeletes(write, changes, info);
    takeOver(state, write, changes, snapshot);
    mark = info.mark();
    return Optional.of(made(snapshot, write));
  }

  /** After somebody else's commit the same rows may have to be deleted elsewhere. */
  private Snapshot commitOrDiscardDeletes(TableWrite write, FileChanges changes, BatchInfo info) {
    try {
      MarkedCommit commit =
          marked(info.mark(), table -> info.visible().transaction(state.identifier(), table));
      return commit(commit, summary(write, info), changes, state.files(), Optional.empty());
    } catch (Head.ForeignCommitException e) {
      if (e.isOnTop()) {
        changes.discardDeletes(state.table());
      }
      throw e;
    }
  }

  private void takeOver(TableState into, TableWrite write, FileChanges changes, Snapshot snapshot) {
    FileChanges.FirstRowIds firstRowIds = overcome(() -> firstRowIds(snapshot, changes.added()));
    synchronized (into.index()) {
      changes.takeOver(into.files(), firstRowIds);
      write.takeOver();
      into.reflects(snapshot);
    }
  }

  private static CommittedBatch.TableCommit made(Snapshot snapshot, TableWrite write) {
    return new CommittedBatch.TableCommit(
        snapshot.snapshotId(), write.inserted(), write.updated(), write.deleted());
  }

  /** What the snapshot of a write says about it. */
  Map<String, String> summary(TableWrite write, BatchInfo info) {
    Map<String, String> summary = info.summary();
    summary.put(SummaryKeys.INSERTED, Long.toString(write.inserted()));
    summary.put(SummaryKeys.UPDATED, Long.toString(write.updated()));
    summary.put(SummaryKeys.DELETED, Long.toString(write.deleted()));
    summary.put(SummaryKeys.SCHEMA_ID, Integer.toString(state.table().schema().schemaId()));
    return summary;
  }

  /** Main has become what the state reflects. */
  void published(Snapshot snapshot, Mark left) {
    synchronized (state.index()) {
      state.reflects(snapshot);
    }
    mark = left;
  }

  /** A table that this writer knows as empty may hold rows of somebody else, which go as well. */
  private void requireNoneAppended() {
    if (overcome(this::isBehind)) {
      throw changed(null);
    }
  }

  private Head.ForeignCommitException changed(@Nullable RuntimeException cause) {
    return new Head.ForeignCommitException(
        "table %s: changed by someone else".formatted(state.name()), cause);
  }

  private MarkedCommit marked(Mark newMark, MarkedCommit.Begin begin) {
    return new MarkedCommit(
        state.name(), state.table(), newMark, state.snapshotId(), troubles, begin);
  }

  private static Snapshot commit(
      MarkedCommit commit,
      Map<String, String> summary,
      FileChanges changes,
      LiveFiles files,
      Optional<String> tag) {
    return commit.commit((transaction, head) -> {
      RowDelta delta =
          transaction
              .newRowDelta()
              .scanManifestsWith(CALLER_RUNS)
              .writeManifestsWith(CALLER_RUNS, 1)
              .validateWith(head);
      if (head.snapshotId() != -1) {
        delta.validateFromSnapshot(head.snapshotId());
      }
      changes.addTo(delta, files);
      summary.forEach(delta::set);
      delta.set(SummaryKeys.COMMIT, head.commit());
      delta.commit();
      tag.ifPresent(name -> tag(transaction, name));
    });
  }

  static void tag(Transaction transaction, String name) {
    Table table = transaction.table();
    long snapshot = table.currentSnapshot().snapshotId();
    SnapshotRef earlier = table.refs().get(name);
    if (earlier != null) {
      keep(transaction, name, table.snapshot(earlier.snapshotId()), table.currentSnapshot());
      transaction.manageSnapshots().replaceTag(name, snapshot).commit();
    } else {
      transaction.manageSnapshots().createTag(name, snapshot).commit();
    }
  }

  /**
   * Names the snapshot that bore the name so far by its batch, unless it is that of {@code now}.
   */
  private static void keep(
      Transaction transaction, String name, @Nullable Snapshot earlier, Snapshot now) {
    long batch = batch(earlier);
    String kept = "%s_%d".formatted(name, batch);
    if (earlier != null
        && batch > 0
        && batch != batch(now)
        && !transaction.table().refs().containsKey(kept)) {
      transaction.manageSnapshots().createTag(kept, earlier.snapshotId()).commit();
    }
  }

  private static long batch(@Nullable Snapshot snapshot) {
    return Optional.ofNullable(snapshot)
        .flatMap(made -> Mark.in(made.summary()))
        .map(Mark::batch)
        .orElse(0L);
  }

  /** Gives the newest snapshot a name. */
  void tag(String name) {
    Transaction transaction = state.table().newTransaction();
    tag(transaction, name);
    transaction.commitTransaction();
  }

  /**
   * @param added the data files that the snapshot added
   */
  FileChanges.FirstRowIds firstRowIds(Snapshot snapshot, List<LiveFile> added) {
    if (!state.hasRowLineage() || added.isEmpty()) {
      return file -> -1;
    }
    Long first = snapshot.firstRowId();
    // Manifests that the snapshot wrote anew take ids as well, for rows that have theirs already,
    // and they come first where the table was partitioned in another way meanwhile.
    if (added.size() == 1 && first != null && hasOnly(snapshot, added.getFirst())) {
      return file -> first;
    }
    Map<String, Long> byLocation =
        StreamSupport.stream(
                SnapshotChanges.builderFor(state.table())
                    .snapshot(snapshot)
                    .build()
                    .addedDataFiles()
                    .spliterator(),
                false)
            .collect(Collectors.toMap(DataFile::location, DataFile::firstRowId));
    return file -> requireNonNull(byLocation.get(file.location()));
  }

  private static boolean hasOnly(Snapshot snapshot, LiveFile added) {
    return Objects.equals(snapshot.addedRows(), added.file().recordCount());
  }

  private boolean isBehind() {
    state.table().refresh();
    return state.isBehind();
  }

  private void reload() {
    reload(new AtomicBoolean());
  }

  private void reload(AtomicBoolean again) {
    boolean unused = overcome(() -> reload(again.getAndSet(true)));
  }

  /** A look that failed half-way has left half of what it saw: the next one begins with nothing. */
  private boolean reload(boolean anew) {
    refresh();
    if (anew) {
      state.load();
    } else {
      state.follow();
    }
    return true;
  }

  /** Looks at somebody else's commit; the table must still hold what this writer left. */
  private void refresh() {
    state.table().refresh();
    Marks.requireSame(state.name(), state.table(), mark);
  }
}
