package dev.firn.writer;

import java.util.Optional;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotAncestryValidator;
import org.jspecify.annotations.Nullable;

/**
 * What a commit demands of the table's main branch: that its newest snapshot is the one this writer
 * knows. Runs again on every retry of the commit, on fresh metadata, so that it fences a writer
 * that was replaced and refuses a commit that has happened already.
 *
 * @param snapshotId the newest snapshot that this writer knows; -1: none
 * @param commit the commit's unique id
 */
record Head(String table, String pipeline, long epoch, long snapshotId, String commit)
    implements SnapshotAncestryValidator {

  /** The commit happened already; only its answer was lost. */
  static final class AlreadyCommittedException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Somebody else committed to the table; what is known of it must be read again. */
  static final class ForeignCommitException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final boolean isOnTop;

    ForeignCommitException(String message) {
      super(message);
      this.isOnTop = false;
    }

    private ForeignCommitException(String message, boolean isOnTop) {
      super(message);
      this.isOnTop = isOnTop;
    }

    /**
     * Whether it lies on top of what this writer knows, with nothing of this writer's between: its
     * own commit has not happened, and cannot any more.
     */
    boolean isOnTop() {
      return isOnTop;
    }

    ForeignCommitException(String message, @Nullable RuntimeException cause) {
      super(message, cause);
      this.isOnTop = false;
    }
  }

  @Override
  public boolean validate(Iterable<Snapshot> ancestors) {
    boolean foreign = false;
    for (Snapshot snapshot : ancestors) {
      if (snapshot.snapshotId() == snapshotId) {
        if (foreign) {
          throw new ForeignCommitException(
              "table %s: changed by someone else".formatted(table), true);
        }
        return true;
      }
      if (commit.equals(snapshot.summary().get(SummaryKeys.COMMIT))) {
        throw new AlreadyCommittedException();
      }
      requireNotFenced(Mark.in(snapshot.summary()));
      foreign = true;
    }
    if (snapshotId != -1) {
      throw new ForeignCommitException(
          "table %s: snapshot %d is no longer in its history".formatted(table, snapshotId));
    }
    if (foreign) {
      throw new ForeignCommitException("table %s: changed by someone else".formatted(table));
    }
    return true;
  }

  private void requireNotFenced(Optional<Mark> mark) {
    if (mark.isPresent()
        && mark.orElseThrow().pipeline().equals(pipeline)
        && mark.orElseThrow().epoch() > epoch) {
      throw fenced(pipeline, epoch, mark.orElseThrow());
    }
  }

  static FencedException fenced(String pipeline, long epoch, Mark other) {
    return new FencedException(
        "pipeline %s was taken over by %s (epoch %d; this writer has epoch %d): it commits nothing more"
            .formatted(pipeline, other.writer(), other.epoch(), epoch));
  }
}
