package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Batch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Lake;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.Position;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowKey;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceOffset;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import dev.firn.writer.TransactionEnd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;

/** A lake in a folder, one table {@code (id int, name string)}, and the writer at work on it. */
public final class CompactionFixture {
  public static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  static final long TARGET = 128L << 20;
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.IntegerType.get()),
          Types.NestedField.optional(2, "name", Types.StringType.get()));

  /** A place in a log that only counts. */
  record Place(long at) implements Position {
    @Override
    public boolean contains(Position other) {
      return at >= ((Place) other).at;
    }

    @Override
    public String toString() {
      return Long.toString(at);
    }
  }

  public final Catalog catalog;
  private final Pipeline pipeline;
  private final RowTarget target;
  private long position = 1;

  private CompactionFixture(Path folder, int formatVersion) {
    this.catalog = Lake.open("lake", Lake.embedded(folder));
    this.pipeline =
        Pipeline.takeOver(
            catalog,
            new PipelineSettings(
                "shop",
                Namespace.of("firn"),
                formatVersion,
                Map.of("commit.retry.min-wait-ms", "1", "commit.retry.max-wait-ms", "2"),
                TARGET),
            text -> new Place(Long.parseLong(text)),
            Runnable::run);
    this.target = pipeline.open(new TableDefinition(ORDERS, SCHEMA, List.of("id")));
  }

  /** With the given number of rows, from 0, in one file. */
  public static CompactionFixture with(int rows, Path folder, int formatVersion) {
    CompactionFixture fixture = new CompactionFixture(folder, formatVersion);
    InitialSnapshot snapshot = fixture.pipeline.initialSnapshot();
    for (int id = 0; id < rows; id++) {
      snapshot.add(ORDERS, fixture.row(id, "first"));
    }
    snapshot.publish(fixture.end());
    return fixture;
  }

  /** Another writer takes over. */
  public static CompactionFixture again(Path folder) {
    CompactionFixture fixture = new CompactionFixture(folder, 3);
    fixture.position = ((Place) fixture.pipeline.position().orElseThrow()).at();
    return fixture;
  }

  private Record row(int id, String name) {
    Record row = GenericRecord.create(target.written());
    row.set(0, id);
    row.set(1, name);
    return row;
  }

  public RowChange insert(int id, String name) {
    Record row = row(id, name);
    return new RowChange.Insert(target.keys().keyOf(row), row);
  }

  public RowChange update(int id, String name) {
    Record row = row(id, name);
    RowKey key = target.keys().keyOf(row);
    return new RowChange.Update(key, row);
  }

  public RowChange delete(int id) {
    Record row = row(id, "");
    return new RowChange.Delete(target.keys().keyOf(row), row);
  }

  /** The writer commits one transaction. */
  public void commit(RowChange... changes) {
    position++;
    Batch batch = pipeline.newBatch();
    boolean unused =
        batch.add(
            new SourceTransaction(
                List.of(changes).stream()
                    .map(change -> new TableChange(ORDERS, change, 100))
                    .toList(),
                end()));
    var committed = pipeline.commit(pipeline.prepare(batch));
    requireNonNull(committed);
    var unusedEnd = pipeline.settle();
  }

  private TransactionEnd end() {
    return new TransactionEnd(
        "tx" + position,
        new Place(position),
        Instant.ofEpochSecond(position),
        new SourceOffset("{}", "{\"at\":%d}".formatted(position)));
  }

  public Table table() {
    return catalog.loadTable(ORDERS);
  }

  /** What a reader sees: of each key the name and, in format v3, its lineage. */
  public Map<Integer, String> rows() {
    Table table = table();
    boolean lineage = TableUtil.supportsRowLineage(table);
    Schema schema = lineage ? MetadataColumns.schemaWithRowLineage(table.schema()) : table.schema();
    Map<Integer, String> rows = new TreeMap<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table).project(schema).build()) {
      for (Record row : read) {
        String text =
            lineage
                ? "%s #%s @%s"
                    .formatted(
                        row.get(1),
                        row.getField("_row_id"),
                        row.getField("_last_updated_sequence_number"))
                : String.valueOf(row.get(1));
        if (rows.put((Integer) row.get(0), text) != null) {
          throw new AssertionError("key %s is there twice".formatted(row.get(0)));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }

  /** The keys of a table of one file, in the order in which it holds them. */
  List<Integer> storedIds() {
    List<Integer> ids = new ArrayList<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table()).build()) {
      read.forEach(row -> ids.add((Integer) row.get(0)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ids;
  }

  List<FileScanTask> files() {
    return files(table());
  }

  static List<FileScanTask> files(Table table) {
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      List<FileScanTask> files = new ArrayList<>();
      tasks.forEach(files::add);
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All files of the table as one group, its new files written, not committed. */
  GroupRewrite rewriteAll(long targetBytes) {
    return rewrite(allFiles(), targetBytes);
  }

  FileGroup allFiles() {
    Table table = table();
    return group(table);
  }

  /** All files of a table as one group. */
  static FileGroup group(Table table) {
    Snapshot snapshot = table.currentSnapshot();
    DeleteIndex deletes = new DeleteIndex(table.specs(), Manifests.deleteFiles(table, snapshot));
    return new FileGroup(
        snapshot.snapshotId(),
        files(table).stream()
            .map(task ->
                new PlannedFile(
                    task.file(),
                    task.spec(),
                    deletes.positions(task.file()),
                    deletes.equality(task.file())))
            .toList());
  }

  GroupRewrite rewrite(FileGroup group, long targetBytes) {
    return GroupRewrite.write(table(), group, all(targetBytes));
  }

  /** Partitions the table by a column, in addition, as somebody else does. */
  void partition(String column) {
    table().updateSpec().addField(column).commit();
  }

  TableResult compact() {
    return compact(table());
  }

  /** Everything, as by hand. */
  static TableResult compact(Table table) {
    return Compaction.of(table.name(), all(TARGET), Progress.NONE, Pacer.NONE)
        .run(table, InstantSource.system());
  }

  static CompactionSettings all(long targetBytes) {
    return new CompactionSettings(targetBytes, CompactionMode.ALL);
  }
}
