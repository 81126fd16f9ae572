package dev.firn.compaction;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.actions.BinPackRewriteFilePlanner;
import org.apache.iceberg.actions.RewriteFileGroup;
import org.apache.iceberg.actions.SizeBasedFileRewritePlanner;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;

/**
 * Which files of a table are to be replaced.
 *
 * @param groups one commit each; empty: nothing to do
 * @param files how many data files the table has
 * @param refusal why the table is left alone, if it is
 */
public record CompactionPlan(List<FileGroup> groups, long files, Optional<String> refusal) {
  /** Of the target size: what is smaller is merged. */
  static final double SMALL = 0.75;

  /** Of a file's rows: where more are deleted, the file is written again without them. */
  static final double MUCH_DELETED = 0.2;

  /** A file of format v2 that so many delete files apply to is written again. */
  private static final int MANY_DELETE_FILES = 10;

  /** One commit replaces no more than so many target sizes, so that little is lost with it. */
  private static final int TARGETS_PER_GROUP = 16;

  public CompactionPlan {
    groups = List.copyOf(groups);
  }

  /** Plans on the table as it is loaded. */
  public static CompactionPlan of(Table table, long targetBytes) {
    Snapshot snapshot = table.currentSnapshot();
    if (snapshot == null) {
      return new CompactionPlan(List.of(), 0, Optional.empty());
    }
    Seen seen = look(table, snapshot.snapshotId());
    if (seen.equalityDeletes > 0) {
      return refused(
          seen,
          "%d of its files have equality deletes, which another tool wrote: rewrite them with that tool"
              .formatted(seen.equalityDeletes));
    }
    if (seen.otherSpec > 0) {
      return refused(
          seen,
          "%d of its files have a partitioning that is no longer the table's: rewrite them first with another tool"
              .formatted(seen.otherSpec));
    }
    return new CompactionPlan(
        groups(table, snapshot.snapshotId(), targetBytes), seen.files, Optional.empty());
  }

  private record Seen(long files, long equalityDeletes, long otherSpec) {}

  private static Seen look(Table table, long snapshotId) {
    long files = 0;
    long equalityDeletes = 0;
    long otherSpec = 0;
    try (CloseableIterable<FileScanTask> tasks =
        table.newScan().useSnapshot(snapshotId).planFiles()) {
      for (FileScanTask task : tasks) {
        files++;
        equalityDeletes += hasEqualityDeletes(task) ? 1 : 0;
        otherSpec += task.file().specId() == table.spec().specId() ? 0 : 1;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of " + table.name(), e);
    }
    return new Seen(files, equalityDeletes, otherSpec);
  }

  /** Whether all files of a group are still part of the table. */
  static boolean has(Table table, FileGroup group) {
    table.refresh();
    Set<String> gone = new HashSet<>();
    group.dataFiles().forEach(file -> gone.add(file.location()));
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      tasks.forEach(task -> gone.remove(task.file().location()));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of " + table.name(), e);
    }
    return gone.isEmpty();
  }

  static boolean hasEqualityDeletes(FileScanTask task) {
    return task.deletes().stream()
        .anyMatch(delete -> delete.content() == FileContent.EQUALITY_DELETES);
  }

  private static CompactionPlan refused(Seen seen, String why) {
    return new CompactionPlan(List.of(), seen.files, Optional.of(why));
  }

  private static List<FileGroup> groups(Table table, long snapshotId, long targetBytes) {
    BinPackRewriteFilePlanner planner =
        new BinPackRewriteFilePlanner(table, Expressions.alwaysTrue(), snapshotId, true);
    planner.init(options(targetBytes));
    List<FileGroup> groups = new ArrayList<>();
    try (CloseableIterable<RewriteFileGroup> planned = planner.plan().groups()) {
      planned.forEach(group -> groups.add(new FileGroup(snapshotId, group.fileScanTasks())));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of " + table.name(), e);
    }
    groups.removeIf(group -> !group.isWorthIt());
    groups.sort(FileGroup.OLDEST_FIRST);
    return groups;
  }

  private static Map<String, String> options(long targetBytes) {
    return Map.of(
        SizeBasedFileRewritePlanner.TARGET_FILE_SIZE_BYTES,
        Long.toString(targetBytes),
        SizeBasedFileRewritePlanner.MIN_FILE_SIZE_BYTES,
        Long.toString(smallBytes(targetBytes)),
        // A file that is too large costs no reader anything: none is split.
        SizeBasedFileRewritePlanner.MAX_FILE_SIZE_BYTES,
        Long.toString(Long.MAX_VALUE / 4),
        SizeBasedFileRewritePlanner.MAX_FILE_GROUP_SIZE_BYTES,
        Long.toString(targetBytes * TARGETS_PER_GROUP),
        SizeBasedFileRewritePlanner.MIN_INPUT_FILES,
        "2",
        BinPackRewriteFilePlanner.DELETE_RATIO_THRESHOLD,
        Double.toString(MUCH_DELETED),
        BinPackRewriteFilePlanner.DELETE_FILE_THRESHOLD,
        Integer.toString(MANY_DELETE_FILES));
  }

  static long smallBytes(long targetBytes) {
    return (long) (targetBytes * SMALL);
  }
}
