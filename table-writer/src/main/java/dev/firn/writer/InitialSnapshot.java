package dev.firn.writer;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/**
 * The first reading of the source's tables. Each table's rows go to a branch of it, {@value
 * SnapshotBranch#NAME}, while they are read; when it is published main becomes that branch in all
 * tables, and each table has lost whatever it had.
 *
 * <p>Used by one thread at a time.
 */
public final class InitialSnapshot {
  /** A table's files are appended when there are so many ... */
  private static final int FILES = 16;

  /** ... or one has waited for so long. */
  private static final long CLOSED_NANOS = Duration.ofSeconds(10).toNanos();

  /** A file that is not full is closed after this, so that none is out of the lake for longer. */
  private static final long OPEN_NANOS = Duration.ofMinutes(5).toNanos();

  private static final int ROWS_BETWEEN_LOOKS = 1_000;

  private final Pipeline pipeline;
  private final Map<TableIdentifier, SnapshotBranch> branches;
  private final Executor appends;
  private long rows;

  /** What goes to the quarantine; null: nothing so far. */
  private @Nullable HeldChanges aside;

  private int asides;

  /**
   * @param appends runs appends to the branches while more rows are added
   */
  InitialSnapshot(
      Pipeline pipeline, Map<TableIdentifier, SnapshotBranch> branches, Executor appends) {
    this.pipeline = pipeline;
    // In an order that is the same in each process: a seed of the simulation repeats.
    this.branches = new LinkedHashMap<>(branches);
    this.appends = appends;
  }

  /**
   * Adds a row that was read; now and then what has been read is appended to the tables' branches.
   *
   * @throws FencedException another writer has taken over
   */
  public void add(TableIdentifier table, Record row) {
    branch(table).add(row);
    added();
  }

  /**
   * The same of a source that may read a row twice without saying so.
   *
   * @throws PipelineException a row of its key was added before: the initial snapshot is void
   */
  public void addOnce(TableIdentifier table, Record row) {
    branch(table).addOnce(row);
    added();
  }

  /**
   * Takes in a table that was opened since it began. Only while nothing else is being committed.
   *
   * @throws FencedException another writer has taken over
   */
  public void include(TableIdentifier table) {
    branches.put(table, pipeline.beginBranch(table));
  }

  private SnapshotBranch branch(TableIdentifier table) {
    SnapshotBranch branch = branches.get(table);
    if (branch == null) {
      throw new PipelineException("table %s is not open".formatted(table));
    }
    return branch;
  }

  private void added() {
    if (++rows % ROWS_BETWEEN_LOOKS == 0) {
      branches.values().forEach(this::appendWhenDue);
    }
  }

  private void appendWhenDue(SnapshotBranch branch) {
    if (branch.isAppending()) {
      return;
    }
    branch.awaitAppend();
    long waiting = System.nanoTime() - branch.appendedAt();
    if (waiting >= OPEN_NANOS) {
      branch.append(true, appends);
    } else if (branch.closedFiles() >= FILES
        || (branch.closedFiles() > 0 && waiting >= CLOSED_NANOS)) {
      branch.append(false, appends);
    }
  }

  /** Tells of a row that was read and that the table could not take as it is. */
  public void setAside(TableIdentifier table, SetAside what) {
    if (aside == null) {
      aside = pipeline.holdForQuarantine();
    }
    aside.add(Quarantine.entry(table, what, TransactionEnd.UNKNOWN, asides++));
  }

  /** Appends all that was added so far to the tables' branches; returns when it is there. */
  public void append() {
    branches.values().forEach(branch -> branch.append(true, appends));
    branches.values().forEach(SnapshotBranch::awaitAppend);
  }

  /**
   * Makes all tables visible; streaming goes on after {@code end}. A crash in between leaves some
   * of the tables published: the next start reads all of them again and replaces them.
   *
   * @throws FencedException another writer has taken over
   */
  public CommittedBatch publish(TransactionEnd end) {
    branches.values().forEach(SnapshotBranch::awaitAppend);
    return pipeline.publish(branches, Optional.ofNullable(aside), end);
  }

  /** Gives it up: nothing of it becomes visible. */
  public void abandon() {
    pipeline.abandon(branches.values());
    if (aside != null) {
      aside.abandon();
    }
  }
}
