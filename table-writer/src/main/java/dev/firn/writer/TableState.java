package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.function.Predicate;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.FileIO;
import org.jspecify.annotations.Nullable;

/**
 * What the writer knows of one table: its files, their deleted positions, and where each key is.
 */
final class TableState {
  /** Of a table's rows: when so many are in new files, everything is read anew. */
  private static final double MUCH = 0.9;

  private final Table table;
  private volatile RowTarget target;
  private final long targetFileBytes;
  private final LiveFiles files;
  private final KeyMemory memory;
  private final KeyIndex index;
  private final FilledBytes filledBytes;
  private long snapshotId = -1;
  private long sequenceNumber;
  private volatile int generation;

  TableState(Table table, TableDefinition definition, long targetFileBytes, KeyMemory memory) {
    this.memory = memory;
    this.index = new HashKeyIndex(memory);
    this.table = table;
    this.targetFileBytes = targetFileBytes;
    this.files = new LiveFiles();
    this.filledBytes = new FilledBytes();
    this.target =
        RowTarget.of(
            definition.table(),
            table,
            Tables.keyOf(definition, table),
            definition.names(),
            filledBytes::perRow);
  }

  /** One without rows, which may take the place of {@code before}. */
  private TableState(TableState before) {
    this.memory = before.memory;
    this.index = new HashKeyIndex(memory);
    this.table = before.table;
    this.targetFileBytes = before.targetFileBytes;
    this.files = new LiveFiles(before.files);
    this.target = before.target;
    this.filledBytes = before.filledBytes;
    this.generation = before.generation + 1;
  }

  /** The same table as one without rows, to be filled and then to take this one's place. */
  TableState successor() {
    return new TableState(this);
  }

  /** Nobody needs it any more: its memory is for others. */
  void release() {
    synchronized (index) {
      index.clear();
    }
  }

  private static boolean hasRowLineage(Table table) {
    return TableUtil.supportsRowLineage(table);
  }

  /** Reads everything anew from the table's newest snapshot. */
  void load() {
    synchronized (index) {
      generation++;
      reflects(null);
      files.clear();
      index.clear();
      KeyColumns keys = new KeyColumns(this);
      try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
        for (FileScanTask task : tasks) {
          keys.read(add(task), (key, location, lastUpdated) -> index.add(key, location));
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot list the files of " + name(), e);
      }
      reflects(table.currentSnapshot());
    }
  }

  /** Comes to the table's newest snapshot by what somebody else has changed in it. */
  void follow() {
    synchronized (index) {
      generation++;
      reflects(null);
      FileDifference difference = FileDifference.of(table, files);
      if (difference.rowsAdded() > difference.rows() * MUCH) {
        load();
      } else {
        new Following(this, difference).index();
        reflects(table.currentSnapshot());
      }
    }
  }

  /**
   * Comes to the table's newest snapshot with a write at once, which has changed the index already.
   *
   * @return false when that cannot be: somebody else did more than move rows
   */
  boolean carry(TableWrite write) {
    synchronized (index) {
      generation++;
      boolean carried = new Following(this, FileDifference.of(table, files)).carry(write);
      reflects(table.currentSnapshot());
      return carried;
    }
  }

  /** Adds a file of the table, without its keys. */
  LiveFile add(FileScanTask task) {
    LiveFile file = files.add();
    file.written(task.file().copy());
    Long firstRowId = task.file().firstRowId();
    file.committed(firstRowId == null ? -1 : firstRowId);
    if (!task.deletes().isEmpty()) {
      readDeletes(file, task);
    }
    return file;
  }

  /** Reads the deleted positions of a file anew. */
  void readDeletes(LiveFile file, FileScanTask task) {
    List<DeleteFile> deletes = task.deletes();
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
    file.redeleted(positions, vector ? deletes.getFirst().copy() : null);
  }

  /**
   * Takes over the table's columns as they are now; files, rows and their keys stay the same.
   *
   * @param sent the columns that the source has
   * @return whether rows are told apart by other columns than before, so that the index is void
   */
  boolean columnsChanged(Set<String> sent) {
    RowTarget before = target;
    target = RowTarget.of(before.table(), table, before.key(), sent, filledBytes::perRow);
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
      KeyColumns keys = new KeyColumns(this);
      files.all().stream()
          .filter(which)
          .forEach(file ->
              keys.read(
                  file,
                  (key, location, lastUpdated) -> {
                    if (liveness.isLive(location.fileId(), location.position())) {
                      index.add(key, location);
                    }
                  }));
    }
  }

  /** A live location of the key, or null; safe while another thread lets the index take over. */
  @Nullable RowLocation find(RowKey key, KeyIndex.Liveness liveness) {
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

  /** The sequence number of that snapshot. */
  long sequenceNumber() {
    return sequenceNumber;
  }

  /**
   * @param snapshot what the index reflects from here on; null: no snapshot
   */
  void reflects(@Nullable Snapshot snapshot) {
    snapshotId = snapshot == null ? -1 : snapshot.snapshotId();
    sequenceNumber = snapshot == null ? 0 : snapshot.sequenceNumber();
    if (snapshot != null) {
      filledBytes.suggestedBy(snapshot.summary());
    }
  }

  /** Learns from what was filled in. */
  FilledBytes filledBytes() {
    return filledBytes;
  }

  /** What was planned so far must be planned again, though nothing is known to have changed. */
  void planAgain() {
    synchronized (index) {
      generation++;
    }
  }

  /** Goes up when what was planned before is void, as when somebody else changed the table. */
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

  TableIdentifier identifier() {
    return target.table();
  }

  String name() {
    return identifier().toString();
  }
}
