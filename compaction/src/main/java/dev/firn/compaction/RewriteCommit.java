package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.CallerRuns;
import dev.firn.writer.SummaryKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.SnapshotSummary;
import org.apache.iceberg.SnapshotUpdate;
import org.apache.iceberg.Table;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.iceberg.util.Tasks;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces the files of a group until the outcome is known. Each attempt starts from the table as
 * it is then: what was deleted meanwhile is deleted in the new files, in the same snapshot.
 */
final class RewriteCommit {
  private static final Logger LOG = LoggerFactory.getLogger(RewriteCommit.class);
  private static final ExecutorService CALLER_RUNS = new CallerRuns();
  private static final int RETRIES = 12;
  private static final int GIVE_UP_AFTER_MILLIS = 600_000;
  private static final double GROWTH = 2.0;

  private final Table table;
  private final GroupRewrite rewrite;

  /** Unique to this rewrite, through all attempts: how it is found when its answer is lost. */
  private final String commit = UUID.randomUUID().toString();

  private int attempts;

  /** An attempt failed in a way that does not tell whether it happened. */
  private boolean uncertain;

  RewriteCommit(Table table, GroupRewrite rewrite) {
    this.table = table;
    this.rewrite = rewrite;
  }

  /** This attempt is not in the table; another one may be. */
  private static final class NotCommittedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotCommittedException(RuntimeException cause) {
      super(cause);
    }
  }

  /** The files that were read are no longer what they were: this can never be committed. */
  private static final class SupersededException extends RuntimeException {
    private static final long serialVersionUID = 1;

    SupersededException(String why) {
      super(why);
    }

    SupersededException(String why, Throwable cause) {
      super(why, cause);
    }
  }

  GroupOutcome run() {
    AtomicReference<GroupOutcome.Replaced> made = new AtomicReference<>();
    try {
      Tasks.foreach(rewrite)
          .retry(RETRIES)
          .exponentialBackoff(
              waitMillis("min", 100), waitMillis("max", 5_000), GIVE_UP_AFTER_MILLIS, GROWTH)
          .onlyRetryOn(NotCommittedException.class)
          .run(unused -> made.set(attempt()));
    } catch (SupersededException e) {
      removeWritten();
      return new GroupOutcome.GivenUp(requireNonNull(e.getMessage()));
    } catch (NotCommittedException e) {
      removeWritten();
      throw new CompactionException(
          "%s: could not be committed in %d attempts; the table is as it was: %s"
              .formatted(table.name(), attempts, requireNonNull(e.getCause()).getMessage()),
          e.getCause());
    }
    return requireNonNull(made.get());
  }

  private GroupOutcome.Replaced attempt() {
    attempts++;
    List<DeleteFile> deletes = List.of();
    try {
      table.refresh();
      Snapshot landed = find();
      if (landed != null) {
        return replaced(landed);
      }
      Current current = current();
      RemappedDeletes remapped = remap(current);
      deletes = remapped.write();
      change(current, remapped, deletes).commit();
    } catch (SupersededException e) {
      throw e;
    } catch (RuntimeException e) {
      return look(e, deletes);
    }
    return replaced(found());
  }

  /**
   * The table as an attempt finds it.
   *
   * @param files those of the old files that are part of it, by location
   * @param removableDeletes delete files that apply to no other data file
   */
  private record Current(
      long snapshotId, Map<String, FileScanTask> files, Set<DeleteFile> removableDeletes) {}

  private Current current() {
    Set<String> old =
        rewrite.sources().stream()
            .map(source -> source.file().location())
            .collect(Collectors.toSet());
    Snapshot snapshot = table.currentSnapshot();
    if (snapshot == null) {
      throw new SupersededException("the table was made empty meanwhile");
    }
    Map<String, FileScanTask> files = new HashMap<>();
    Map<String, DeleteFile> removable = new HashMap<>();
    Set<String> needed = new HashSet<>();
    try (CloseableIterable<FileScanTask> tasks =
        table.newScan().useSnapshot(snapshot.snapshotId()).planFiles()) {
      for (FileScanTask task : tasks) {
        if (old.contains(task.file().location())) {
          files.put(task.file().location(), task);
          task.deletes().forEach(delete -> removable.put(identity(delete), delete));
        } else {
          task.deletes().forEach(delete -> needed.add(identity(delete)));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of " + table.name(), e);
    }
    removable.keySet().removeAll(needed);
    requireOnlyDead(old, files.keySet());
    return new Current(snapshot.snapshotId(), files, Set.copyOf(removable.values()));
  }

  /** Vectors of several data files share one location. */
  private static String identity(DeleteFile delete) {
    return "%s@%s".formatted(delete.location(), delete.contentOffset());
  }

  /** The old files that are gone have no live row: their rows did not move to other files. */
  private void requireOnlyDead(Set<String> old, Set<String> present) {
    Set<String> gone = new HashSet<>(old);
    gone.removeAll(present);
    if (present.isEmpty()) {
      throw new SupersededException("none of them is part of the table any more");
    }
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(table)) {
      if (gone.isEmpty() || snapshot.snapshotId() == rewrite.snapshotId()) {
        break;
      }
      if (removesOnlyDeadFiles(snapshot)) {
        SnapshotChanges.builderFor(table)
            .snapshot(snapshot)
            .build()
            .removedDataFiles()
            .forEach(file -> gone.remove(file.location()));
      }
    }
    if (!gone.isEmpty()) {
      throw new SupersededException(
          "%d of the %d files were replaced by someone else meanwhile"
              .formatted(gone.size(), old.size()));
    }
  }

  /** A writer of Firn takes a file away when its last row is deleted, and never moves a row. */
  private static boolean removesOnlyDeadFiles(Snapshot snapshot) {
    return snapshot.summary().containsKey(SnapshotSummary.DELETED_FILES_PROP)
        && (snapshot.summary().containsKey(SummaryKeys.PIPELINE)
            || snapshot.operation().equals(DataOperations.DELETE));
  }

  private RemappedDeletes remap(Current current) {
    RemappedDeletes remapped = new RemappedDeletes(table, rewrite.written());
    long live = 0;
    for (SourceFile source : rewrite.sources()) {
      long before = remapped.rows();
      try {
        source.remap(deletedNow(source, current), remapped::add);
      } catch (SourceFile.UndeletedException e) {
        throw new SupersededException("deleted rows are live again: it was rolled back", e);
      }
      live += source.live() - (remapped.rows() - before);
    }
    if (live != rewrite.rowsWritten() - remapped.rows()) {
      throw new CompactionException(
          "%s: %d rows are live, the new files have %d; nothing is committed"
              .formatted(table.name(), live, rewrite.rowsWritten() - remapped.rows()));
    }
    return remapped;
  }

  private PositionDeleteIndex deletedNow(SourceFile source, Current current) {
    FileScanTask task = current.files().get(source.file().location());
    if (task == null) {
      return SourceFile.allDeleted(source.file().recordCount());
    }
    if (CompactionPlan.hasEqualityDeletes(task)) {
      throw new SupersededException("someone else wrote equality deletes meanwhile");
    }
    return GroupRewrite.deleted(table, task.file(), task.deletes());
  }

  private SnapshotUpdate<?> change(
      Current current, RemappedDeletes remapped, List<DeleteFile> deletes) {
    long replaced =
        current.files().values().stream().mapToLong(task -> task.file().recordCount()).sum();
    SnapshotUpdate<?> change =
        rewrite.rowsWritten() <= replaced ? replace(current, deletes) : overwrite(current, deletes);
    change.scanManifestsWith(CALLER_RUNS);
    summary(remapped.rows()).forEach(change::set);
    return change;
  }

  private RewriteFiles replace(Current current, List<DeleteFile> deletes) {
    RewriteFiles replace =
        table
            .newRewrite()
            .validateFromSnapshot(current.snapshotId())
            .writeManifestsWith(CALLER_RUNS, 1);
    current.files().values().forEach(task -> replace.deleteFile(task.file()));
    current.removableDeletes().forEach(replace::deleteFile);
    rewrite.written().forEach(replace::addFile);
    deletes.forEach(replace::addFile);
    return replace;
  }

  /**
   * Says the same as {@link #replace}, which Iceberg refuses where the new files hold more rows,
   * deleted ones included, than the old ones: of these some are gone, with all their rows.
   */
  private RowDelta overwrite(Current current, List<DeleteFile> deletes) {
    RowDelta overwrite =
        table
            .newRowDelta()
            .validateFromSnapshot(current.snapshotId())
            .validateDeletedFiles()
            .validateNoConflictingDeleteFiles()
            .writeManifestsWith(CALLER_RUNS, 1);
    current.files().values().forEach(task -> overwrite.removeRows(task.file()));
    current.removableDeletes().forEach(overwrite::removeDeletes);
    rewrite.written().forEach(overwrite::addRows);
    deletes.forEach(overwrite::addDeletes);
    return overwrite;
  }

  private Map<String, String> summary(long remapped) {
    String rows = Long.toString(rewrite.rowsWritten() - remapped);
    return Map.of(
        SummaryKeys.COMMIT, commit,
        CompactionKeys.WHY, rewrite.why(),
        CompactionKeys.FILES_IN, Integer.toString(rewrite.sources().size()),
        CompactionKeys.FILES_OUT, Integer.toString(rewrite.written().size()),
        CompactionKeys.ROWS_IN, rows,
        CompactionKeys.ROWS_OUT, rows,
        CompactionKeys.DELETED_ROWS_REMOVED, Long.toString(rewrite.deletedRowsRemoved()),
        CompactionKeys.DELETED_ROWS_REMAPPED, Long.toString(remapped));
  }

  private GroupOutcome.Replaced look(RuntimeException failure, List<DeleteFile> deletes) {
    boolean refused =
        failure instanceof CommitFailedException || failure instanceof ValidationException;
    if (!refused) {
      LOG.warn(
          "{}: a commit failed, looking whether it is there: {}", table.name(), failure.toString());
    }
    Snapshot landed = null;
    try {
      table.refresh();
      landed = find();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
      refused = false;
    }
    if (landed != null) {
      return replaced(landed);
    }
    if (failure instanceof CompactionException) {
      throw failure;
    }
    uncertain |= !refused;
    if (refused) {
      deletes.stream().map(DeleteFile::location).distinct().forEach(table.io()::deleteFile);
    }
    throw new NotCommittedException(failure);
  }

  private Snapshot found() {
    Snapshot snapshot = find();
    if (snapshot == null) {
      uncertain = true;
      throw new NotCommittedException(
          new CommitFailedException("%s: the commit is not in the table", table.name()));
    }
    return snapshot;
  }

  private @Nullable Snapshot find() {
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(table)) {
      if (commit.equals(snapshot.summary().get(SummaryKeys.COMMIT))) {
        return snapshot;
      }
    }
    return null;
  }

  private GroupOutcome.Replaced replaced(Snapshot snapshot) {
    Map<String, String> summary = snapshot.summary();
    return new GroupOutcome.Replaced(
        snapshot.snapshotId(),
        rewrite.sources().size(),
        rewrite.written().size(),
        number(summary, CompactionKeys.ROWS_OUT),
        rewrite.deletedRowsRemoved(),
        number(summary, CompactionKeys.DELETED_ROWS_REMAPPED),
        rewrite.sources().stream().mapToLong(source -> source.file().fileSizeInBytes()).sum(),
        rewrite.written().stream().mapToLong(DataFile::fileSizeInBytes).sum(),
        attempts);
  }

  private static long number(Map<String, String> summary, String key) {
    return Long.parseLong(requireNonNull(summary.get(key)));
  }

  /** What may have been committed after all stays where it is. */
  private void removeWritten() {
    if (!uncertain) {
      rewrite.abandon();
    }
  }

  private int waitMillis(String which, int otherwise) {
    String set = table.properties().get("commit.retry.%s-wait-ms".formatted(which));
    return set == null ? otherwise : Integer.parseInt(set);
  }
}
