package dev.firn.compaction;

import dev.firn.writer.CallerRuns;
import dev.firn.writer.CommitTrials;
import dev.firn.writer.CommitTrials.NotCommittedException;
import dev.firn.writer.Patience;
import dev.firn.writer.SummaryKeys;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.function.Supplier;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotUpdate;
import org.apache.iceberg.Table;

/** A change that is made anew from the table as it is, until it is known to be committed. */
final class RepeatedCommit {
  private static final ExecutorService CALLER_RUNS = new CallerRuns();

  private final Table table;
  private final Patience patience;
  private final Supplier<? extends Optional<? extends SnapshotUpdate<?>>> change;
  private final CommitTrials trials;

  /**
   * @param change of the table as it was just loaded; empty: there is nothing to do (any more)
   */
  RepeatedCommit(
      Table table, int retries, Supplier<? extends Optional<? extends SnapshotUpdate<?>>> change) {
    this.table = table;
    this.patience =
        new Patience(
            retries, Duration.ofMillis(100), Duration.ofMillis(250), Duration.ofMinutes(10));
    this.change = change;
    Snapshot before = table.currentSnapshot();
    this.trials =
        new CommitTrials(
            table, UUID.randomUUID().toString(), before == null ? -1 : before.snapshotId());
  }

  /**
   * @throws CompactionException it could not be done
   */
  void run(String why) {
    try {
      trials.run(patience, () -> attempt(why));
    } catch (NotCommittedException e) {
      throw new CompactionException(
          "%s: could not be committed; the table is as it was: %s"
              .formatted(table.name(), e.reason().getMessage()),
          e.reason());
    }
  }

  private boolean attempt(String why) {
    try {
      table.refresh();
      return trials.find().isPresent() || commit(why);
    } catch (CompactionException e) {
      throw e;
    } catch (RuntimeException e) {
      // Whether it happened all the same is seen at the beginning of the next trial.
      if (landed(e)) {
        return true;
      }
      throw new NotCommittedException(e);
    }
  }

  private boolean commit(String why) {
    Optional<? extends SnapshotUpdate<?>> update = change.get();
    update.ifPresent(some -> {
      some.set(SummaryKeys.COMMIT, trials.commit());
      some.set(CompactionKeys.WHY, why);
      some.scanManifestsWith(CALLER_RUNS);
      some.commit();
    });
    return update.isPresent();
  }

  private boolean landed(RuntimeException failure) {
    try {
      table.refresh();
      return trials.find().isPresent();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
      return false;
    }
  }
}
