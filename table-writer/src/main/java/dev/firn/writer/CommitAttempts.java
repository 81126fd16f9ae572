package dev.firn.writer;

import dev.firn.writer.CommitTrials.NotCommittedException;
import java.util.Optional;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;

/**
 * Commits until the outcome is known. After any failure it looks for the commit in the table before
 * it tries again, and it never removes a file that a commit may have made part of the table.
 */
final class CommitAttempts {
  private final Table table;
  private final Head head;
  private final String validated;
  private final Troubles troubles;
  private final CommitTrials trials;

  /** Of a commit to main. */
  CommitAttempts(Table table, Head head, Troubles troubles) {
    this(table, head, SnapshotRef.MAIN_BRANCH, SnapshotRef.MAIN_BRANCH, troubles);
  }

  /**
   * @param validated the branch of which the head makes its demands
   * @param target the branch that has the commit's snapshot afterwards
   */
  CommitAttempts(Table table, Head head, String validated, String target, Troubles troubles) {
    this.table = table;
    this.head = head;
    this.validated = validated;
    this.troubles = troubles;
    this.trials = new CommitTrials(table, target, head.commit(), head.snapshotId());
  }

  /**
   * Returns once the commit is in the table.
   *
   * @param attempt commits under the head's demands; may be run again
   * @return the snapshot that the commit made
   */
  Snapshot commit(Runnable attempt) {
    return troubles.overcome(head.table(), table, () -> attempt(attempt));
  }

  private Snapshot attempt(Runnable attempt) {
    try {
      attempt.run();
      return trials.found();
    } catch (FencedException | Head.ForeignCommitException e) {
      throw e;
    } catch (Head.AlreadyCommittedException e) {
      table.refresh();
      return trials.found();
    } catch (RuntimeException e) {
      return look(e);
    }
  }

  private Snapshot look(RuntimeException failure) {
    try {
      table.refresh();
      head.validate(CommitTrials.ancestors(table, validated));
      Optional<Snapshot> made = trials.find();
      if (made.isPresent()) {
        return made.orElseThrow();
      }
    } catch (Head.AlreadyCommittedException e) {
      return trials.found();
    } catch (RuntimeException e) {
      if (!Failures.mayPass(e)) {
        e.addSuppressed(failure);
        throw e;
      }
      failure.addSuppressed(e);
    }
    throw new NotCommittedException(ClockBehindException.orElse(failure, head.table(), table));
  }
}
