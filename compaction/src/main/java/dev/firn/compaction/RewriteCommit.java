package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.CallerRuns;
import dev.firn.writer.CommitTrials;
import dev.firn.writer.CommitTrials.NotCommittedException;
import dev.firn.writer.Patience;
import dev.firn.writer.SummaryKeys;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotUpdate;
import org.apache.iceberg.Table;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.ValidationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces the files of a group until the outcome is known. Each attempt starts from the table as
 * it is then: what was deleted meanwhile is deleted in the new files, in the same snapshot.
 */
final class RewriteCommit {
  private static final Logger LOG = LoggerFactory.getLogger(RewriteCommit.class);
  private static final ExecutorService CALLER_RUNS = new CallerRuns();

  /** Beside a busy writer most trials lose, whatever the pause: many soon after each other. */
  private static final Patience PATIENCE =
      new Patience(60, Duration.ofMillis(100), Duration.ofMillis(250), Duration.ofMinutes(10));

  private final Table table;
  private final GroupRewrite rewrite;

  private final CommitTrials trials;

  /** What the attempts so far have read: most deletes are the same in the next one. */
  private final Map<String, PositionDeleteIndex> read = new HashMap<>();

  private int attempts;

  /** An attempt failed in a way that does not tell whether it happened. */
  private boolean uncertain;

  RewriteCommit(Table table, GroupRewrite rewrite) {
    this.table = table;
    this.rewrite = rewrite;
    this.trials = new CommitTrials(table, UUID.randomUUID().toString(), rewrite.snapshotId());
  }

  GroupOutcome run() {
    try {
      return trials.run(PATIENCE, this::attempt);
    } catch (SupersededException e) {
      removeWritten();
      return new GroupOutcome.GivenUp(requireNonNull(e.getMessage()));
    } catch (CompactionStoppedException e) {
      removeWritten();
      throw e;
    } catch (NotCommittedException e) {
      removeWritten();
      throw new CompactionException(
          "%s: could not be committed in %d attempts; the table is as it was: %s"
              .formatted(table.name(), attempts, e.reason().getMessage()),
          e.reason());
    }
  }

  private GroupOutcome.Replaced attempt() {
    attempts++;
    List<DeleteFile> deletes = List.of();
    try {
      table.refresh();
      Optional<Snapshot> landed = trials.find();
      if (landed.isPresent()) {
        return replaced(landed.orElseThrow());
      }
      CurrentFiles current = CurrentFiles.of(table, rewrite, read);
      RemappedDeletes remapped = remap(current);
      deletes = remapped.write();
      change(current, remapped, deletes).commit();
    } catch (SupersededException | CompactionStoppedException e) {
      throw e;
    } catch (RuntimeException e) {
      return look(e, deletes);
    }
    return replaced(found());
  }

  private RemappedDeletes remap(CurrentFiles current) {
    RemappedDeletes remapped = new RemappedDeletes(table, rewrite.written());
    long live = 0;
    for (SourceFile source : rewrite.sources()) {
      long before = remapped.rows();
      try {
        source.remap(current.deleted(source), remapped::add);
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

  private SnapshotUpdate<?> change(
      CurrentFiles current, RemappedDeletes remapped, List<DeleteFile> deletes) {
    long replaced = current.files().stream().mapToLong(DataFile::recordCount).sum();
    boolean replaces =
        rewrite.rowsWritten() <= replaced
            && (deletes.isEmpty() || !current.removableDeletes().isEmpty());
    SnapshotUpdate<?> change = replaces ? replace(current, deletes) : overwrite(current, deletes);
    change.scanManifestsWith(CALLER_RUNS);
    summary(remapped.rows()).forEach(change::set);
    return change;
  }

  private RewriteFiles replace(CurrentFiles current, List<DeleteFile> deletes) {
    RewriteFiles replace =
        table
            .newRewrite()
            .validateFromSnapshot(current.snapshotId())
            .writeManifestsWith(CALLER_RUNS, 1);
    current.files().forEach(replace::deleteFile);
    current.removableDeletes().forEach(replace::deleteFile);
    rewrite.written().forEach(replace::addFile);
    deletes.forEach(replace::addFile);
    return replace;
  }

  /**
   * Says the same as {@link #replace}, which Iceberg refuses where new deletes take the place of
   * none, and where the new files hold more rows, deleted ones included, than the old ones: of
   * these some are gone, with all their rows.
   */
  private RowDelta overwrite(CurrentFiles current, List<DeleteFile> deletes) {
    RowDelta overwrite =
        table
            .newRowDelta()
            .validateFromSnapshot(current.snapshotId())
            .validateDeletedFiles()
            .validateNoConflictingDeleteFiles()
            .writeManifestsWith(CALLER_RUNS, 1);
    current.files().forEach(overwrite::removeRows);
    current.removableDeletes().forEach(overwrite::removeDeletes);
    rewrite.written().forEach(overwrite::addRows);
    deletes.forEach(overwrite::addDeletes);
    return overwrite;
  }

  private Map<String, String> summary(long remapped) {
    String rows = Long.toString(rewrite.rowsWritten() - remapped);
    Map<String, String> summary = new TreeMap<>();
    summary.put(SummaryKeys.COMMIT, trials.commit());
    summary.put(CompactionKeys.WHY, rewrite.why());
    summary.put(CompactionKeys.MODE, rewrite.mode().name().toLowerCase(Locale.ROOT));
    summary.put(CompactionKeys.FILES_IN, Integer.toString(rewrite.sources().size()));
    summary.put(CompactionKeys.FILES_OUT, Integer.toString(rewrite.written().size()));
    summary.put(CompactionKeys.BYTES_IN, Long.toString(bytesIn()));
    summary.put(CompactionKeys.BYTES_OUT, Long.toString(rewrite.bytesWritten()));
    summary.put(CompactionKeys.ROWS_IN, rows);
    summary.put(CompactionKeys.ROWS_OUT, rows);
    summary.put(CompactionKeys.DIGEST_IN, rewrite.digest());
    summary.put(CompactionKeys.DIGEST_OUT, rewrite.digest());
    summary.put(CompactionKeys.DELETED_ROWS_REMOVED, Long.toString(rewrite.deletedRowsRemoved()));
    summary.put(CompactionKeys.DELETED_ROWS_REMAPPED, Long.toString(remapped));
    summary.put(
        CompactionKeys.EQUALITY_DELETES_MERGED, Integer.toString(rewrite.equalityDeletesMerged()));
    return summary;
  }

  private long bytesIn() {
    return rewrite.sources().stream().mapToLong(source -> source.file().fileSizeInBytes()).sum();
  }

  private GroupOutcome.Replaced look(RuntimeException failure, List<DeleteFile> deletes) {
    boolean refused =
        failure instanceof CommitFailedException || failure instanceof ValidationException;
    if (!refused) {
      LOG.warn(
          "{}: a commit failed, looking whether it is there: {}", table.name(), failure.toString());
    }
    Optional<Snapshot> landed = Optional.empty();
    try {
      table.refresh();
      landed = trials.find();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
      refused = false;
    }
    if (landed.isPresent()) {
      return replaced(landed.orElseThrow());
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
    try {
      return trials.found();
    } catch (NotCommittedException e) {
      uncertain = true;
      throw e;
    }
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
        bytesIn(),
        rewrite.bytesWritten(),
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
}
