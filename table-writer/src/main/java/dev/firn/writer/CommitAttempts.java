package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.iceberg.util.Tasks;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits until the outcome is known. After any failure it looks for the commit in the table before
 * it tries again, and it never removes a file that a commit may have made part of the table.
 */
final class CommitAttempts {
  private static final Logger LOG = LoggerFactory.getLogger(CommitAttempts.class);
  private static final int RETRIES = 4;
  private static final double GROWTH = 2.0;

  private final Table table;
  private final Head head;
  private final String validated;
  private final String target;
  private final Troubles troubles;

  /** The outcome is not known yet, or it is known that nothing was committed. */
  private static final class NotCommittedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final RuntimeException reason;

    NotCommittedException(RuntimeException reason) {
      super(reason);
      this.reason = reason;
    }

    RuntimeException reason() {
      return reason;
    }
  }

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
    this.target = target;
    this.troubles = troubles;
  }

  /** The snapshots of a branch from its newest back; none when there is no such branch. */
  static Iterable<Snapshot> ancestors(Table table, String branch) {
    Snapshot newest = table.snapshot(branch);
    return newest == null
        ? List.of()
        : SnapshotUtil.ancestorsOf(newest.snapshotId(), table::snapshot);
  }

  /**
   * Returns once the commit is in the table.
   *
   * @param attempt commits under the head's demands; may be run again
   * @return the snapshot that the commit made
   */
  Snapshot commit(Runnable attempt) {
    AtomicReference<Snapshot> made = new AtomicReference<>();
    try {
      Tasks.foreach(attempt)
          .retry(RETRIES)
          .exponentialBackoff(waitMillis("min", 100), waitMillis("max", 5_000), 60_000, GROWTH)
          .onlyRetryOn(NotCommittedException.class)
          .run(one -> made.set(attempt(one)));
      troubles.over(head.table());
    } catch (NotCommittedException e) {
      throw e.reason();
    }
    return requireNonNull(made.get());
  }

  private Snapshot attempt(Runnable attempt) {
    try {
      attempt.run();
      return found();
    } catch (FencedException | Head.ForeignCommitException e) {
      throw e;
    } catch (Head.AlreadyCommittedException e) {
      table.refresh();
      return found();
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
      head.validate(ancestors(table, validated));
      Snapshot made = find();
      if (made != null) {
        return made;
      }
    } catch (Head.AlreadyCommittedException e) {
      return found();
    } catch (FencedException | Head.ForeignCommitException e) {
      e.addSuppressed(failure);
      throw e;
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    throw new NotCommittedException(failure);
  }

  private Snapshot found() {
    Snapshot snapshot = find();
    if (snapshot == null) {
      throw new NotCommittedException(
          new CommitFailedException("%s: the commit is not in the table", table.name()));
    }
    return snapshot;
  }

  private @Nullable Snapshot find() {
    for (Snapshot snapshot : ancestors(table, target)) {
      if (head.commit().equals(snapshot.summary().get(SummaryKeys.COMMIT))) {
        return snapshot;
      }
      if (snapshot.snapshotId() == head.snapshotId()) {
        return null;
      }
    }
    return null;
  }

  private int waitMillis(String which, int otherwise) {
    String set = table.properties().get("commit.retry.%s-wait-ms".formatted(which));
    return set == null ? otherwise : Integer.parseInt(set);
  }
}
