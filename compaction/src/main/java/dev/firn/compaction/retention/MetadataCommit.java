package dev.firn.compaction.retention;

import dev.firn.compaction.CompactionException;
import dev.firn.writer.CommitTrials;
import dev.firn.writer.CommitTrials.NotCommittedException;
import dev.firn.writer.Patience;
import java.time.Duration;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.jspecify.annotations.Nullable;

/**
 * Changes refs, snapshots and properties of a table in one commit, and nothing else: unlike
 * Iceberg's expiry it deletes no file and leaves the refs of others alone.
 *
 * <p>Each attempt plans anew on the metadata as it is then. A commit whose answer was lost is found
 * by that: when there is nothing left to do, it has happened.
 *
 * @param <R> what a plan says of itself
 */
final class MetadataCommit<R> {
  /** Beside a busy writer many trials lose, whatever the pause. */
  private static final Patience PATIENCE =
      new Patience(60, Duration.ofMillis(50), Duration.ofMillis(250), Duration.ofMinutes(10));

  /**
   * @param updated null: there is nothing to do
   */
  record Change<R>(@Nullable TableMetadata updated, R result) {}

  /** Plans a change on metadata as it is; may be asked again. */
  @FunctionalInterface
  interface Planning<R> {
    Change<R> on(TableMetadata base);
  }

  private final TableOperations operations;
  private final Planning<R> planning;
  private boolean stale;

  /** What was planned in an attempt of which it is not known whether it happened. */
  private @Nullable R uncertain;

  private MetadataCommit(Table table, Planning<R> planning) {
    this.operations = operations(table);
    this.planning = planning;
  }

  /**
   * Returns once the change is made, or there is nothing to do.
   *
   * @throws CompactionException others were faster for too long, or the catalog cannot do it
   */
  static <R> R run(Table table, Planning<R> planning) {
    MetadataCommit<R> commit = new MetadataCommit<>(table, planning);
    try {
      return CommitTrials.run(table, PATIENCE, commit::attempt);
    } catch (NotCommittedException e) {
      throw new CompactionException(
          "%s: its metadata could not be changed: %s"
              .formatted(table.name(), e.reason().getMessage()),
          e.reason());
    }
  }

  /**
   * @throws CompactionException the catalog gives no access to the table's metadata
   */
  static TableOperations operations(Table table) {
    if (table instanceof HasTableOperations access) {
      return access.operations();
    }
    throw new CompactionException(
        "%s: its catalog gives no access to the table's metadata".formatted(table.name()));
  }

  private R attempt() {
    TableMetadata base = stale ? operations.refresh() : operations.current();
    stale = true;
    Change<R> change = planning.on(base);
    TableMetadata updated = change.updated();
    if (updated == null) {
      return uncertain == null ? change.result() : uncertain;
    }
    try {
      operations.commit(base, updated);
      return change.result();
    } catch (CommitFailedException e) {
      throw new NotCommittedException(e);
    } catch (CommitStateUnknownException e) {
      uncertain = change.result();
      throw new NotCommittedException(e);
    }
  }
}
