package dev.firn.testing.simulation;

import dev.firn.testing.Faults;
import dev.firn.testing.FaultyCatalog;
import dev.firn.testing.MemoryStorage;
import dev.firn.writer.CallerRuns;
import dev.firn.writer.LakeTables;
import dev.firn.writer.SummaryKeys;
import dev.firn.writer.Widening;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.data.IdentityPartitionConverters;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.util.PartitionUtil;
import org.apache.iceberg.util.SnapshotUtil;
import org.jspecify.annotations.Nullable;

/** Reads the lake as a stranger would: plain Iceberg, every table loaded anew. */
final class LakeReader {
  static final Namespace NAMESPACE = Namespace.of("shop");
  static final Namespace CONTROL = Namespace.of("firn");

  /**
   * A row as it was read.
   *
   * @param id its {@code _row_id}; null before format version 3
   */
  record LakeRow(@Nullable Long id, List<@Nullable Object> values) {}

  /** What decides how the rows of a data file look to a reader. */
  private record FileContents(String location, int schemaId, @Nullable Long firstRowId) {}

  private static final ExecutorService IN_PLACE = new CallerRuns();

  private final FaultyCatalog catalog;
  private final Map<FileContents, List<LakeRow>> contents = new HashMap<>();

  LakeReader(MemoryStorage storage) {
    this.catalog = new FaultyCatalog(storage, Faults.none(), CONTROL);
  }

  static TableIdentifier identifier(SourceTable table) {
    return TableIdentifier.of(NAMESPACE, table.name().toLowerCase(java.util.Locale.ROOT));
  }

  FaultyCatalog catalog() {
    return catalog;
  }

  /** The table, if it has been made. */
  Optional<Table> load(SourceTable table) {
    return load(identifier(table));
  }

  /** The table's changelog, if it has been made. */
  Optional<Table> loadChangelog(SourceTable table) {
    return load(LakeTables.changelogOf(identifier(table)));
  }

  private Optional<Table> load(TableIdentifier name) {
    return catalog.tableExists(name) ? Optional.of(catalog.loadTable(name)) : Optional.empty();
  }

  /** The snapshots of main from its newest back. */
  static List<Snapshot> ancestry(Table table) {
    List<Snapshot> snapshots = new ArrayList<>();
    SnapshotUtil.currentAncestors(table).forEach(snapshots::add);
    return snapshots;
  }

  /**
   * The position that a snapshot carries, or the nearest one before it; where all of these have
   * expired, the table's properties tell what the newest one has.
   */
  static Optional<ModelPosition> position(Table table, @Nullable Snapshot snapshot) {
    for (Snapshot at = snapshot; at != null; at = parent(table, at)) {
      String position = at.summary().get(SummaryKeys.POSITION);
      if (position != null) {
        return Optional.of(position).filter(text -> !text.isEmpty()).map(ModelPosition::parse);
      }
    }
    return Optional.ofNullable(table.properties().get(SummaryKeys.POSITION))
        .filter(text -> snapshot != null && snapshot.equals(table.currentSnapshot()))
        .filter(text -> !text.isEmpty())
        .map(ModelPosition::parse);
  }

  /** What a reader sees at a snapshot: all columns that the source's table ever has. */
  List<LakeRow> rows(SourceTable model, Table table, @Nullable Snapshot snapshot) {
    if (snapshot == null) {
      return List.of();
    }
    List<LakeRow> rows = new ArrayList<>();
    try (CloseableIterable<FileScanTask> tasks =
        table.newScan().useSnapshot(snapshot.snapshotId()).planFiles()) {
      for (FileScanTask task : tasks) {
        addLive(fileRows(model, table, task), deleted(table, task), rows);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }

  private static void addLive(List<LakeRow> rows, PositionDeleteIndex deleted, List<LakeRow> into) {
    for (int i = 0; i < rows.size(); i++) {
      if (!deleted.isDeleted(i)) {
        into.add(rows.get(i));
      }
    }
  }

  private static PositionDeleteIndex deleted(Table table, FileScanTask task) {
    return task.deletes().isEmpty()
        ? PositionDeleteIndex.empty()
        : new BaseDeleteLoader(file -> table.io().newInputFile(file), IN_PLACE)
            .loadPositionDeletes(task.deletes(), task.file().location());
  }

  /** The rows of a data file, which never changes, with those that have been deleted since. */
  private List<LakeRow> fileRows(SourceTable model, Table table, FileScanTask task) {
    DataFile file = task.file();
    FileContents of =
        new FileContents(file.location(), table.schema().schemaId(), file.firstRowId());
    List<LakeRow> known = contents.get(of);
    if (known == null) {
      known = read(model, table, task);
      contents.put(of, known);
    } else if (!table.io().newInputFile(file).exists()) {
      throw new NotFoundException("%s is missing", file.location());
    }
    return known;
  }

  private static List<LakeRow> read(SourceTable model, Table table, FileScanTask task) {
    boolean lineage = TableUtil.formatVersion(table) >= 3;
    Schema columns = table.schema();
    Schema read = lineage ? MetadataColumns.schemaWithRowLineage(columns) : columns;
    List<LakeRow> rows = new ArrayList<>();
    try (CloseableIterable<Record> records =
        FormatModelRegistry.<Record, Schema>readBuilder(
                FileFormat.PARQUET, Record.class, table.io().newInputFile(task.file()))
            .project(read)
            .idToConstant(
                PartitionUtil.constantsMap(task, IdentityPartitionConverters::convertConstant))
            .build()) {
      FileOrder order = new FileOrder(table, task.file(), read);
      for (Record record : records) {
        order.next(record);
        rows.add(row(model, record, lineage));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }

  private static LakeRow row(SourceTable model, Record record, boolean lineage) {
    Long id = lineage ? (Long) record.getField(MetadataColumns.ROW_ID.name()) : null;
    return new LakeRow(id, values(model, record));
  }

  /** The values of all columns that the source's table ever has, in its types. */
  static List<@Nullable Object> values(SourceTable model, Record record) {
    List<@Nullable Object> values = new ArrayList<>();
    for (SourceTable.Column column : model.columns()) {
      Object value = record.getField(column.name());
      values.add(value == null ? null : Widening.widen(value, column.type()));
    }
    return values;
  }

  private static @Nullable Snapshot parent(Table table, Snapshot snapshot) {
    return snapshot.parentId() == null ? null : table.snapshot(snapshot.parentId());
  }
}
