package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;
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
  private final Table table;
  private final RowTarget target;
  private final long targetFileBytes;
  private final LiveFiles files;
  private final KeyIndex index = new HeapKeyIndex();
  private long snapshotId = -1;
  private volatile int generation;

  TableState(Table table, TableDefinition definition, long targetFileBytes) {
    this.table = table;
    this.targetFileBytes = targetFileBytes;
    this.files = new LiveFiles();
    this.target =
        new RowTarget(
            definition.table(),
            table.schema(),
            hasRowLineage(table)
                ? MetadataColumns.schemaWithRowLineage(table.schema())
                : table.schema(),
            definition.key(),
            RowKeys.of(table.schema(), definition.key()));
  }

  /** One without rows, which may take the place of {@code before}. */
  private TableState(TableState before) {
    this.table = before.table;
    this.targetFileBytes = before.targetFileBytes;
    this.files = new LiveFiles(before.files);
    this.target = before.target;
    this.generation = before.generation + 1;
  }

  /** The same table as one without rows, to be filled and then to take this one's place. */
  TableState successor() {
    return new TableState(this);
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
    loadKeys(file);
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

  private void loadKeys(LiveFile file) {
    List<NestedField> fields = new ArrayList<>(columns().columns());
    if (isKeyed()) {
      fields.removeIf(field -> !target.key().contains(field.name()));
    }
    RowKeys keys = RowKeys.of(new Schema(fields), List.of());
    int positionField = fields.size();
    fields.add(MetadataColumns.ROW_POSITION);
    Map<Integer, Object> constants = new HashMap<>();
    if (hasRowLineage()) {
      fields.add(MetadataColumns.ROW_ID);
      constants.put(
          MetadataColumns.ROW_ID.fieldId(),
          file.rowId(new RowLocation(file.id(), 0, RowLocation.INHERITED)));
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
        if (!file.deleted().isDeleted(position)) {
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
    return rowId == null || rowId == file.rowId(inherited)
        ? inherited
        : new RowLocation(file.id(), position, rowId);
  }

  /** A live location of the key, or null; safe while another thread lets the index take over. */
  @org.jspecify.annotations.Nullable RowLocation find(RowKey key, KeyIndex.Liveness liveness) {
    synchronized (index) {
      return index.find(key, liveness);
    }
  }

  /**
   * The id of a committed row of the key, one that is wanted; {@link RowLocation#INHERITED}: none.
   */
  long rowId(RowKey key, LongPredicate wanted) {
    synchronized (index) {
      RowLocation found = index.findAny(key, at -> wanted.test(files.get(at.fileId()).rowId(at)));
      return found == null ? RowLocation.INHERITED : files.get(found.fileId()).rowId(found);
    }
  }

  /** A location of the key whose row inherits its id, or null. */
  @org.jspecify.annotations.Nullable RowLocation findWithoutId(RowKey key) {
    synchronized (index) {
      return index.findAny(key, at -> at.rowId() == RowLocation.INHERITED);
    }
  }

  /** Notes a row of a write at once. */
  void come(RowKey key, RowLocation location) {
    synchronized (index) {
      index.add(key, location);
    }
  }

  /** Notes that a write at once took a row away. */
  void gone(RowKey key, RowLocation location) {
    synchronized (index) {
      index.remove(key, location);
    }
  }

  /** Notes that a write at once took all rows away. */
  void allGone() {
    synchronized (index) {
      index.clear();
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
