package dev.firn.writer;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.DeleteFiles;
import org.apache.iceberg.ManageSnapshots;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.UpdateProperties;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expressions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One table's part of an initial snapshot: a branch on top of main that begins without rows and
 * gets data files as they are complete, until main is moved to its head.
 */
final class SnapshotBranch {
  static final String NAME = "firn_snapshot";

  private static final Logger LOG = LoggerFactory.getLogger(SnapshotBranch.class);

  private final TableWriter writer;
  private final TableWrite write;
  private final Table table;
  private final Troubles troubles;

  /** Main's newest snapshot, this writer's claim: publishing asks that it still is. */
  private final long main;

  /** The branch's newest snapshot, and the id of the commit that made it. */
  private Tip tip;

  private @Nullable CompletableFuture<Void> appending;
  private long appendedAt = System.nanoTime();

  private record Tip(long snapshotId, String commit) {}

  private SnapshotBranch(TableWriter writer, Troubles troubles) {
    this.writer = writer;
    this.troubles = troubles;
    this.table = writer.state().table();
    this.write = writer.writeAtOnce();
    this.main = writer.state().snapshotId();
    this.tip = create();
    write.truncate();
    writer.state().files().clear();
  }

  /**
   * Makes the branch; one that an unfinished initial snapshot left behind is made anew.
   *
   * @throws FencedException another writer has taken over
   */
  static SnapshotBranch begin(TableWriter writer, Troubles troubles) {
    return new SnapshotBranch(writer, troubles);
  }

  /** Removes what an unfinished initial snapshot left in a table that is read no more. */
  static void drop(Table table) {
    if (table.refs().containsKey(NAME)) {
      table.manageSnapshots().removeBranch(NAME).commit();
    }
  }

  /** Main's history stays in that of the branch; its rows do not. */
  private Tip create() {
    Head onMain = head(main);
    Snapshot made =
        undisturbed(() ->
            new CommitAttempts(table, onMain, SnapshotRef.MAIN_BRANCH, NAME, troubles)
                .commit(() -> create(onMain)));
    return new Tip(made.snapshotId(), onMain.commit());
  }

  private void create(Head onMain) {
    Transaction transaction = table.newTransaction();
    onMain.validate(CommitTrials.ancestors(transaction.table(), SnapshotRef.MAIN_BRANCH));
    ManageSnapshots refs = transaction.manageSnapshots();
    if (transaction.table().refs().containsKey(NAME)) {
      refs.replaceBranch(NAME, main);
    } else {
      refs.createBranch(NAME, main);
    }
    refs.setMaxRefAgeMs(NAME, Long.MAX_VALUE).commit();
    DeleteFiles delete =
        transaction
            .newDelete()
            .deleteFromRowFilter(Expressions.alwaysTrue())
            .toBranch(NAME)
            .scanManifestsWith(TableWriter.CALLER_RUNS)
            .validateWith(onMain);
    delete.set(SummaryKeys.COMMIT, onMain.commit()).commit();
    transaction.commitTransaction();
  }

  void add(Record row) {
    write.append(writer.state().target().keys().keyOf(row), row);
  }

  /**
   * The same of a row whose key must not come twice.
   *
   * @throws PipelineException it has come before
   */
  void addOnce(Record row) {
    if (!write.appendOnce(writer.state().target().keys().keyOf(row), row)) {
      throw new PipelineException(
          "the initial snapshot of table %s has a row twice, as after a connection that was lost while it was read; start again: it is then read anew"
              .formatted(writer.state().name()));
    }
  }

  /** How many data files are complete and not yet appended. */
  int closedFiles() {
    return write.closedFiles();
  }

  /** When the last append began, in nanoseconds of the system's monotonic clock. */
  long appendedAt() {
    return appendedAt;
  }

  boolean isAppending() {
    return appending != null && !appending.isDone();
  }

  /** Waits for the append that is under way, if there is one, and throws what it threw. */
  void awaitAppend() {
    if (appending != null) {
      TableCommits.join(List.of(appending));
      appending = null;
    }
  }

  /**
   * Starts to append files, after the append before.
   *
   * @param open whether also those that are not full
   */
  void append(boolean open, Executor executor) {
    awaitAppend();
    appendedAt = System.nanoTime();
    List<LiveFile> files = write.takeFiles(open);
    if (!files.isEmpty()) {
      appending = CompletableFuture.runAsync(() -> append(files, Map.of()), executor);
    }
  }

  private void append(List<LiveFile> files, Map<String, String> summary) {
    Head onBranch = head(tip.snapshotId());
    Snapshot snapshot =
        undisturbed(() ->
            new CommitAttempts(table, onBranch, NAME, NAME, troubles)
                .commit(() -> append(files, summary, onBranch)));
    tip = new Tip(snapshot.snapshotId(), onBranch.commit());
    FileChanges.FirstRowIds firstRowIds = writer.firstRowIds(snapshot, files);
    files.forEach(file -> {
      file.committed(firstRowIds.of(file.file()));
      file.dropMetrics();
    });
    LOG.info(
        "{}: snapshot {} on branch {}, {} rows in {} files so far",
        writer.state().name(),
        snapshot.snapshotId(),
        NAME,
        snapshot.summary().get("total-records"),
        snapshot.summary().get("total-data-files"));
  }

  private void append(List<LiveFile> files, Map<String, String> summary, Head onBranch) {
    table.refresh();
    // Publishing would find it as well, which may be days later.
    head(main).validate(CommitTrials.ancestors(table, SnapshotRef.MAIN_BRANCH));
    AppendFiles append =
        table
            .newFastAppend()
            .toBranch(NAME)
            .scanManifestsWith(TableWriter.CALLER_RUNS)
            .writeManifestsWith(TableWriter.CALLER_RUNS, 1)
            .validateWith(onBranch);
    files.forEach(file -> append.appendFile(file.file()));
    summary.forEach(append::set);
    append.set(SummaryKeys.COMMIT, onBranch.commit()).commit();
  }

  /** Appends the last files, with the mark of the batch: main can be moved now. */
  void complete(BatchInfo info) {
    List<LiveFile> files = write.finish();
    append(files, writer.summary(write, info));
  }

  /**
   * Moves main to the branch's head, which is then gone. Iceberg neither validates nor repeats a
   * change of refs: both is done here, on the very metadata that the change is made to.
   */
  CommittedBatch.TableCommit publish(BatchInfo info) {
    Head onMain = head(main, tip.commit());
    Snapshot published =
        undisturbed(
            () -> new CommitAttempts(table, onMain, troubles).commit(() -> moveMain(onMain, info)));
    writer.published(published, info.mark());
    return new CommittedBatch.TableCommit(published.snapshotId(), write.inserted(), 0, 0);
  }

  private void moveMain(Head onMain, BatchInfo info) {
    Transaction transaction = info.visible().transaction(writer.state().identifier(), table);
    Table base = transaction.table();
    onMain.validate(CommitTrials.ancestors(base, SnapshotRef.MAIN_BRANCH));
    requireTip(base);
    transaction
        .manageSnapshots()
        .replaceBranch(SnapshotRef.MAIN_BRANCH, tip.snapshotId())
        .removeBranch(NAME)
        .commit();
    TableWriter.tag(transaction, Changelog.BASELINE);
    UpdateProperties properties = transaction.updateProperties();
    info.mark().values().forEach(properties::set);
    properties.commit();
    transaction.commitTransaction();
  }

  private void requireTip(Table base) {
    SnapshotRef branch = base.refs().get(NAME);
    if (branch == null || branch.snapshotId() != tip.snapshotId()) {
      throw new Head.ForeignCommitException(
          "table %s: branch %s was changed by someone else".formatted(writer.state().name(), NAME));
    }
  }

  /** Removes the branch, unless it is another's by now, and the files that are not on it. */
  void abandon() {
    if (appending != null) {
      var unused = appending.exceptionally(failed -> null).join();
      appending = null;
    }
    table.refresh();
    SnapshotRef branch = table.refs().get(NAME);
    if (branch != null && branch.snapshotId() == tip.snapshotId()) {
      drop(table);
    }
    writer.abandonAtOnce(write);
  }

  private Head head(long snapshotId) {
    return head(snapshotId, UUID.randomUUID().toString());
  }

  private Head head(long snapshotId, String commit) {
    Mark claim = writer.mark();
    return new Head(writer.state().name(), claim.pipeline(), claim.epoch(), snapshotId, commit);
  }

  private Snapshot undisturbed(Supplier<Snapshot> commit) {
    try {
      return commit.get();
    } catch (Head.ForeignCommitException e) {
      throw new PipelineException(
          "table %s was changed by someone else while its initial snapshot was being read; start again: it is then read anew"
              .formatted(writer.state().name()),
          e);
    }
  }
}
