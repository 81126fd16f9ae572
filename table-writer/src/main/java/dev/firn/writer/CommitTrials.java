package dev.firn.writer;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * Tries a commit again until its outcome is known, and finds it in the table by its id.
 *
 * @param branch which has the commit's snapshot afterwards
 * @param commit unique to the commit, through all trials: {@link SummaryKeys#COMMIT} of its
 *     snapshot's summary
 * @param after a snapshot that is older than the commit; -1: none
 */
public record CommitTrials(Table table, String branch, String commit, long after) {
  /** Of a commit to main. */
  public CommitTrials(Table table, String commit, long after) {
    this(table, SnapshotRef.MAIN_BRANCH, commit, after);
  }

  /** A trial is not in the table, or that is not known; an earlier one may be. */
  public static final class NotCommittedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final RuntimeException reason;

    public NotCommittedException(RuntimeException reason) {
      super(reason);
      this.reason = reason;
    }

    public RuntimeException reason() {
      return reason;
    }
  }

  /**
   * Runs trials with growing pauses until one returns.
   *
   * @param trial throws {@link NotCommittedException} to be run again, anything else to end it
   */
  public <R> R run(Patience patience, Supplier<R> trial) {
    return run(table, patience, trial);
  }

  /**
   * Does the same for a commit that makes no snapshot.
   *
   * @param trial throws {@link NotCommittedException} to be run again, anything else to end it
   */
  public static <R> R run(Table table, Patience patience, Supplier<R> trial) {
    return patience
        .of(table)
        .run(trial, NotCommittedException.class::isInstance, new CountDownLatch(1));
  }

  /**
   * The snapshot that the commit has made, if it is in the history of the branch as last loaded.
   */
  public Optional<Snapshot> find() {
    for (Snapshot snapshot : ancestors(table, branch)) {
      if (commit.equals(snapshot.summary().get(SummaryKeys.COMMIT))) {
        return Optional.of(snapshot);
      }
      if (snapshot.snapshotId() == after) {
        break;
      }
    }
    return Optional.empty();
  }

  /** The snapshot of a commit that is said to be there. */
  public Snapshot found() {
    return find()
        .orElseThrow(() ->
            new NotCommittedException(
                new CommitFailedException("%s: the commit is not in the table", table.name())));
  }

  /** The snapshots of a branch from its newest back; none when there is no such branch. */
  static Iterable<Snapshot> ancestors(Table table, String branch) {
    Snapshot newest = table.snapshot(branch);
    return newest == null
        ? List.of()
        : SnapshotUtil.ancestorsOf(newest.snapshotId(), table::snapshot);
  }
}
