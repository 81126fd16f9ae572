package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.iceberg.util.Tasks;

/**
 * Tries a commit again until its outcome is known, and finds it in the table by its id.
 *
 * @param branch which has the commit's snapshot afterwards
 * @param commit unique to the commit, through all trials: {@link SummaryKeys#COMMIT} of its
 *     snapshot's summary
 * @param after a snapshot that is older than the commit; -1: none
 */
public record CommitTrials(Table table, String branch, String commit, long after) {
  private static final double GROWTH = 2.0;

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
   * How long to go on.
   *
   * @param retries how many trials may follow the first one
   * @param longestPause between two trials, unless the table's properties ask for another one
   * @param within no trial begins later
   */
  public record Patience(int retries, Duration longestPause, Duration within) {}

  /**
   * Runs trials with growing pauses until one returns.
   *
   * @param trial throws {@link NotCommittedException} to be run again, anything else to end it
   */
  public <R> R run(Patience patience, Supplier<R> trial) {
    AtomicReference<R> result = new AtomicReference<>();
    Tasks.foreach(trial)
        .retry(patience.retries())
        .exponentialBackoff(
            waitMillis("min", 100),
            waitMillis("max", (int) patience.longestPause().toMillis()),
            patience.within().toMillis(),
            GROWTH)
        .onlyRetryOn(NotCommittedException.class)
        .run(one -> result.set(one.get()));
    return requireNonNull(result.get());
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

  private int waitMillis(String which, int otherwise) {
    String set = table.properties().get("commit.retry.%s-wait-ms".formatted(which));
    return set == null ? otherwise : Integer.parseInt(set);
  }
}
