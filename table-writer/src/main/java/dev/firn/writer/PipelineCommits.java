package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.TableIdentifier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The commits of a pipeline: of batches, of large transactions, of tables that were read, and what
 * completes them, the changelogs and the control table.
 */
final class PipelineCommits {
  private static final Logger LOG = LoggerFactory.getLogger(PipelineCommits.class);

  private final String pipeline;
  private final ControlTable control;
  private final ClaimedTables claimed;
  private final TablesToRead toRead;
  private final Progress progress;
  private final Changelogs changelogs;
  private final OpenTables open;
  private final TableCommits tableCommits;
  private final Supplier<BatchCommit> batchCommits;

  /** The last batch that is visible while its changelog rows and its offset are not yet. */
  private @Nullable BatchInfo unsettled;

  /**
   * @param pipeline its name
   * @param batchCommits begins the commit of a batch
   */
  PipelineCommits(
      String pipeline,
      ControlTable control,
      ClaimedTables claimed,
      TablesToRead toRead,
      Progress progress,
      Changelogs changelogs,
      OpenTables open,
      TableCommits tableCommits,
      Supplier<BatchCommit> batchCommits) {
    this.pipeline = pipeline;
    this.control = control;
    this.claimed = claimed;
    this.toRead = toRead;
    this.progress = progress;
    this.changelogs = changelogs;
    this.open = open;
    this.tableCommits = tableCommits;
    this.batchCommits = batchCommits;
  }

  /** Makes a prepared batch visible. */
  CommittedBatch commit(PreparedBatch prepared) {
    Batch batch = prepared.batch();
    BatchInfo info = info(batch.end().orElseThrow(), batch.first(), batch.transactions());
    CompleteOnly complete = new CompleteOnly();
    Map<TableIdentifier, Supplier<Optional<CommittedBatch.TableCommit>>> commits =
        new LinkedHashMap<>();
    prepared
        .writes()
        .forEach((table, write) -> {
          if (toRead.isHeldBack(table)) {
            // Since the batch was made: it is whole in what is read of the table.
            write.abandon();
            return;
          }
          TableBatch changes = requireNonNull(batch.tables().get(table), "changes is null");
          Runnable first = () -> changelogs.addFirst(table, changes, info);
          commits.put(table, complete.of(table, () -> write.commit(info, first), write::abandon));
        });
    CommittedBatch committed = committed(info, tableCommits.commit(info.visible(), commits));
    complete
        .holdBackIncomplete()
        .forEach(table -> {
          TableBatch changes = requireNonNull(batch.tables().get(table), "changes is null");
          changelogs.addReplayed(table, changes, info);
        });
    batch
        .tables()
        .forEach((table, changes) -> {
          if (!toRead.isHeldBack(table)) {
            changelogs.add(table, changes, info);
          }
        });
    changelogs.addToQuarantine(batch.setAside(), info);
    return committed;
  }

  /** Commits a large transaction; one that all tables have already changes nothing. */
  CommittedBatch commitLarge(
      Map<TableIdentifier, TableWrite> writes,
      Map<TableIdentifier, HeldChanges> held,
      Optional<HeldChanges> aside,
      TransactionEnd end) {
    Recovery recovery = progress.recovery();
    if (recovery.allHave(end.position())) {
      writes.forEach((table, write) -> open.writer(table).abandonAtOnce(write));
      held.values().forEach(HeldChanges::abandon);
      aside.ifPresent(HeldChanges::abandon);
      return new CommittedBatch(progress.lastBatch(), end, 1, end.committedAt(), Map.of());
    }
    BatchInfo info = info(end, end.committedAt(), 1);
    aside.ifPresent(
        entries -> changelogs.commitLarge(changelogs.quarantine(), entries, info, recovery));
    CompleteOnly complete = new CompleteOnly();
    Map<TableIdentifier, Supplier<Optional<CommittedBatch.TableCommit>>> commits =
        new LinkedHashMap<>();
    writes.forEach((table, write) -> {
      Runnable abandon =
          () -> {
            open.writer(table).abandonAtOnce(write);
            Optional.ofNullable(held.get(table)).ifPresent(HeldChanges::abandon);
          };
      if (toRead.isHeldBack(table)) {
        // Since a part of it had come: it is whole in what is read of the table.
        abandon.run();
        return;
      }
      Runnable first = () -> changelogs.commitLarge(table, held.get(table), info, recovery);
      commits.put(
          table,
          complete.of(table, () -> commitLarge(table, write, info, recovery, first), abandon));
    });
    CommittedBatch committed = committed(info, tableCommits.commit(info.visible(), commits));
    complete.holdBackIncomplete();
    return committed;
  }

  private Optional<CommittedBatch.TableCommit> commitLarge(
      TableIdentifier table, TableWrite write, BatchInfo info, Recovery recovery, Runnable first) {
    TableWriter writer = open.writer(table);
    if (!recovery.has(table, info.end().position())) {
      return writer.commitAtOnce(write, info, first);
    }
    // The changelog may lack it still, with all of its values.
    write.writeWaiting();
    writer.abandonAtOnce(write);
    first.run();
    return Optional.empty();
  }

  /**
   * The commits of a batch's tables, but for those of which a change lacks a value that is not in
   * the lake: these are read again, with the batch in what is read.
   */
  private final class CompleteOnly {
    private final Set<TableIdentifier> incomplete = ConcurrentHashMap.newKeySet();

    Supplier<Optional<CommittedBatch.TableCommit>> of(
        TableIdentifier table,
        Supplier<Optional<CommittedBatch.TableCommit>> commit,
        Runnable abandon) {
      return () -> {
        try {
          return commit.get();
        } catch (IncompleteChangeException e) {
          LOG.warn("table {} has to be read again: {}", table, IncompleteChangeException.REASON);
          abandon.run();
          incomplete.add(table);
          return Optional.empty();
        }
      };
    }

    /** Before anything tells that the batch is complete; returns those tables. */
    Set<TableIdentifier> holdBackIncomplete() {
      incomplete.forEach(table -> toRead.addWithBatch(table, IncompleteChangeException.REASON));
      return incomplete;
    }
  }

  /** Makes the initial snapshot visible, and complete. */
  CommittedBatch publish(
      Map<TableIdentifier, SnapshotBranch> branches,
      Optional<HeldChanges> aside,
      TransactionEnd end) {
    progress.startOver();
    BatchInfo info = info(end, end.committedAt(), 1);
    tableCommits.runAll(
        branches.values().stream().<Runnable>map(branch -> () -> branch.complete(info)).toList());
    Map<TableIdentifier, Supplier<Optional<CommittedBatch.TableCommit>>> commits =
        new LinkedHashMap<>();
    branches.forEach(
        (table, branch) -> commits.put(table, () -> Optional.of(branch.publish(info))));
    CommittedBatch published = committed(info, tableCommits.commit(info.visible(), commits));
    changelogs.beginAfter(info.mark());
    claimed.forgetPositions(name -> !open.isOpen(name) && !changelogs.isOpen(name));
    tellQuarantine(branches.keySet(), aside, List.of(), info);
    var unused = settle();
    aside.ifPresent(HeldChanges::abandon);
    return published;
  }

  /** Whether a reading can be completed now. */
  boolean mayComplete() {
    return progress.isWhole();
  }

  /**
   * Lets what was read take the place of the table, and completes it.
   *
   * @param at when the source was as the rows were read
   */
  Optional<CommittedBatch> complete(TableReading reading, Instant at) {
    if (!mayComplete() || unsettled != null) {
      throw new IllegalStateException("a reading ends only where all tables are complete");
    }
    TransactionEnd end =
        new TransactionEnd(
            "", progress.position().orElseThrow(), at, control.state().offset().orElseThrow());
    BatchInfo info = info(end, at, 0);
    TableReading.Made made;
    try {
      made = reading.commit(info);
    } catch (IncompleteChangeException e) {
      LOG.warn(
          "table {} has to be read once more: {}",
          reading.table(),
          IncompleteChangeException.REASON);
      reading.abandon();
      return Optional.empty();
    }
    CommittedBatch batch = committed(info, Map.of(reading.table(), made.table()));
    tellQuarantine(Set.of(reading.table()), made.aside(), made.streamed(), info);
    toRead.apply(reading.table());
    settle(toRead.notesWithout(reading.table()));
    made.aside().ifPresent(HeldChanges::abandon);
    return Optional.of(batch);
  }

  /** What was told of these tables is settled, but for what is told now; before {@link #settle}. */
  private void tellQuarantine(
      Set<TableIdentifier> read,
      Optional<HeldChanges> aside,
      List<ChangelogRow> streamed,
      BatchInfo info) {
    if (changelogs.hasSetAside()) {
      changelogs.addToQuarantine(
          read.stream().map(table -> Quarantine.read(table, info.end())).toList(), info);
    }
    aside.ifPresent(entries -> changelogs.addToQuarantine(entries, info));
    changelogs.addToQuarantine(streamed, info);
  }

  /** Completes the batches that were committed since the last call. */
  Optional<TransactionEnd> settle() {
    return settle(toRead.notes());
  }

  private Optional<TransactionEnd> settle(Map<String, String> notes) {
    BatchInfo last = unsettled;
    if (last == null) {
      return Optional.empty();
    }
    changelogs.commit(last);
    ControlTable.State complete =
        new ControlTable.State(
            progress.lastBatch(),
            last.mark().position(),
            Optional.of(last.end().offset()),
            open.registry(control.state().tables()),
            notes);
    tableCommits.steps().during(Step.CONTROL_TABLE, () -> control.commit(complete));
    toRead.noted();
    unsettled = null;
    return Optional.of(last.end());
  }

  /** Moves the control table on over a part of the log in which nothing was for the tables. */
  boolean advance(Position to, SourceOffset offset) {
    if (!mayComplete() || unsettled != null) {
      return false;
    }
    ControlTable.State state = control.state();
    control.commit(
        new ControlTable.State(
            state.batch(), to.toString(), Optional.of(offset), state.tables(), state.notes()));
    return true;
  }

  private BatchInfo info(TransactionEnd end, Instant first, long transactions) {
    Mark mark =
        new Mark(
            pipeline,
            control.epoch(),
            progress.lastBatch() + 1,
            end.position().toString(),
            claimed.writer());
    return new BatchInfo(mark, end, first, transactions, batchCommits.get());
  }

  private CommittedBatch committed(
      BatchInfo info, Map<TableIdentifier, CommittedBatch.TableCommit> made) {
    progress.made(info);
    unsettled = info;
    return new CommittedBatch(
        info.mark().batch(), info.end(), info.transactions(), info.first(), made);
  }
}
