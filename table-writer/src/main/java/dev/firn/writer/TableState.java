package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.types.Types.NestedField;

/**
 * What the writer knows of one table: its files, their deleted positions, and where each key is.
 */
final class TableState {
  /** Makes row ids of a file that is not committed yet negative, unless a row has its own. */
  private static final long NO_ROW_ID = Long.MIN_VALUE;

  private final Table table;
  private volatile RowTarget target;
  private final long targetFileBytes;
  private final LiveFiles files = new LiveFiles();
  private final KeyIndex index = new HeapKeyIndex();
  private long snapshotId = -1;
  private volatile int generation;

  TableState(Table table, TableDefinition definition, long targetFileBytes) {
    this.table = table;
    this.targetFileBytes = targetFileBytes;
    this.target =
        RowTarget.of(
            definition.table(), table, Tables.keyOf(definition, table), definition.names());
  }

  private static boolean hasRowLineage(Table table) {
    return TableUtil.supportsRowLineage(table);
  }

  /** Reads everything anew from the table's newest snapshot. */
  void load() {
    synchronized (index) {
      files.clear();
      index.clear();
      generation++;
      Snapshot current = table.currentSnapshot();
      snapshotId = current == null ? -1 : current.snapshotId();
      if (current == null) {
        return;
      }
      try (CloseableIterable<FileScanTask> tasks =
          table.newScan().useSnapshot(snapshotId).planFiles()) {
        for (FileScanTask task : tasks) {
          load(task);
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot list the files of " + name(), e);
      }
    }
  }

  private void load(FileScanTask task) {
    LiveFile file = files.add();
    file.written(task.file().copy());
    Long firstRowId = task.file().firstRowId();
    file.committed(firstRowId == null ? -1 : firstRowId);
    if (!task.deletes().isEmpty()) {
      loadDeletes(file, task.deletes());
    }
    loadKeys(file, (id, position) -> true);
  }

  private void loadDeletes(LiveFile file, List<DeleteFile> deletes) {
    for (DeleteFile delete : deletes) {
      if (delete.content() == FileContent.EQUALITY_DELETES) {
        throw new PipelineException(
            "table %s has equality deletes, written by another tool; rewrite its data files with that tool first (they are merged away by it), then start again"
                .formatted(name()));
      }
    }
    PositionDeleteIndex positions =
        new BaseDeleteLoader(delete -> io().newInputFile(delete))
            .loadPositionDeletes(deletes, file.file().location());
    boolean vector = deletes.size() == 1 && deletes.getFirst().format() == FileFormat.PUFFIN;
    file.deleted(positions, vector ? deletes.getFirst().copy() : null);
  }

  /**
   * Takes over the table's columns as they are now; files, rows and their keys stay the same.
   *
   * @param sent the columns that the source has
   * @return whether rows are told apart by other columns than before, so that the index is void
   */
  boolean columnsChanged(Set<String> sent) {
    RowTarget before = target;
    target = RowTarget.of(before.table(), table, before.key(), sent);
    Set<Integer> now = target.keys().ids();
    // A column that is new is null in all rows there are, which does not count in their keys.
    return !isKeyed()
        && !(now.containsAll(before.keys().ids())
            && now.stream()
                .filter(id -> before.columns().findField(id) != null)
                .allMatch(before.keys().ids()::contains));
  }

  /** Reads the keys of some files again, but for rows that are not live. */
  void indexAgain(Predicate<LiveFile> which, KeyIndex.Liveness liveness) {
    synchronized (index) {
      index.clear();
      files.all().stream().filter(which).forEach(file -> loadKeys(file, liveness));
    }
  }

  private void loadKeys(LiveFile file, KeyIndex.Liveness liveness) {
    List<NestedField> fields = new ArrayList<>(target.keys().fields());
    RowKeys keys = RowKeys.of(new Schema(fields), List.of());
    int positionField = fields.size();
    fields.add(MetadataColumns.ROW_POSITION);
    Map<Integer, Object> constants = new HashMap<>();
    if (hasRowLineage()) {
      fields.add(MetadataColumns.ROW_ID);
      constants.put(
          MetadataColumns.ROW_ID.fieldId(),
          file.isCommitted()
              ? file.rowId(new RowLocation(file.id(), 0, RowLocation.INHERITED))
              : NO_ROW_ID);
    }
    try (CloseableIterable<Record> rows =
        FormatModelRegistry.<Record, Schema>readBuilder(
                FileFormat.PARQUET, Record.class, io().newInputFile(file.file().location()))
            .project(new Schema(fields))
            .idToConstant(constants)
            .reuseContainers()
            .build()) {
      for (Record row : rows) {
        int position = Math.toIntExact(row.get(positionField, Long.class));
        if (!file.deleted().isDeleted(position) && liveness.isLive(file.id(), position)) {
          index.add(keys.keyOf(row), location(file, position, row, positionField + 1));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read a data file of " + name(), e);
    }
  }

  private RowLocation location(LiveFile file, int position, Record row, int rowIdField) {
    RowLocation inherited = new RowLocation(file.id(), position, RowLocation.INHERITED);
    if (!hasRowLineage()) {
      return inherited;
    }
    Long rowId = row.get(rowIdField, Long.class);
    return rowId == null || rowId < 0 || rowId == file.rowId(inherited)
        ? inherited
        : new RowLocation(file.id(), position, rowId);
  }

  /** A live location of the key, or null; safe while another thread lets the index take over. */
  @org.jspecify.annotations.Nullable RowLocation find(RowKey key, KeyIndex.Liveness liveness) {
    synchronized (index) {
      return index.find(key, liveness);
    }
  }

  RowFiles newRowFiles() {
    return new RowFiles(table, target.written(), files, targetFileBytes);
  }

  /** The snapshot that the index reflects; -1: none. */
  long snapshotId() {
    return snapshotId;
  }

  /** Whether the table, as last loaded, has a newer snapshot than the one the index reflects. */
  boolean isBehind() {
    Snapshot current = table.currentSnapshot();
    return (current == null ? -1 : current.snapshotId()) != snapshotId;
  }

  void snapshotId(long id) {
    snapshotId = id;
  }

  /** Goes up when everything was read anew: what was planned before is void. */
  int generation() {
    return generation;
  }

  Table table() {
    return table;
  }

  RowTarget target() {
    return target;
  }

  LiveFiles files() {
    return files;
  }

  KeyIndex index() {
    return index;
  }

  Schema columns() {
    return target.columns();
  }

  boolean isKeyed() {
    return !target.key().isEmpty();
  }

  boolean hasRowLineage() {
    return hasRowLineage(table);
  }

  FileIO io() {
    return table.io();
  }

  String name() {
    return target.table().toString();
  }
}
