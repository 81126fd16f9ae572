package dev.firn.writer;

import dev.firn.writer.CommitTrials.NotCommittedException;
import java.time.Duration;
import java.util.Optional;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits until the outcome is known. After any failure it looks for the commit in the table before
 * it tries again, and it never removes a file that a commit may have made part of the table.
 */
final class CommitAttempts {
  private static final Logger LOG = LoggerFactory.getLogger(CommitAttempts.class);
  private static final CommitTrials.Patience PATIENCE =
      new CommitTrials.Patience(4, Duration.ofSeconds(5), Duration.ofMinutes(1));

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
    try {
      Snapshot made = trials.run(PATIENCE, () -> attempt(attempt));
      troubles.over(head.table());
      return made;
    } catch (NotCommittedException e) {
      throw e.reason();
    }
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
    LOG.warn(
        "{}: a commit failed, looking whether it is there: {}",
        table.name(),
        Troubles.reason(failure));
    troubles.failed(head.table(), failure);
    try {
      table.refresh();
      head.validate(CommitTrials.ancestors(table, validated));
      Optional<Snapshot> made = trials.find();
      if (made.isPresent()) {
        return made.orElseThrow();
      }
    } catch (Head.AlreadyCommittedException e) {
      return trials.found();
    } catch (FencedException | Head.ForeignCommitException e) {
      e.addSuppressed(failure);
      throw e;
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    throw new NotCommittedException(failure);
  }
}
