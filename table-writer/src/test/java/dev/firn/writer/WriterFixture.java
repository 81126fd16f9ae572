package dev.firn.writer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;

/** A lake in a folder with one table {@code (id int, name string)}, and a writer for it. */
final class WriterFixture {
  static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  static final Schema SCHEMA =
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

  private final Path folder;
  private final PipelineSettings settings;
  final Catalog catalog;
  final Pipeline pipeline;
  RowTarget target;

  private WriterFixture(Path folder, int formatVersion, List<String> key, boolean changelog) {
    this(folder, formatVersion, new TableDefinition(ORDERS, SCHEMA, key, changelog));
  }

  private WriterFixture(Path folder, int formatVersion, TableDefinition definition) {
    this.folder = folder;
    this.catalog = Lake.open("lake", Lake.embedded(folder));
    this.settings =
        new PipelineSettings(
            "shop",
            Namespace.of("firn"),
            formatVersion,
            Map.of("commit.retry.min-wait-ms", "1", "commit.retry.max-wait-ms", "2"),
            128L * 1024 * 1024);
    this.pipeline =
        Pipeline.takeOver(
            catalog, settings, text -> new Place(Long.parseLong(text)), Runnable::run);
    this.target = pipeline.open(definition);
  }

  /** One whose table is laid out as this says; {@code format} is that of new tables. */
  static WriterFixture open(Path folder, int format, TableLayout layout) {
    return new WriterFixture(
        folder, format, new TableDefinition(ORDERS, SCHEMA, List.of("id")).laidOut(layout));
  }

  PipelineSettings settings() {
    return settings;
  }

  /** Forgets where in the source the pipeline is. */
  void readAnew() {
    var unused =
        Pipeline.readAnew(catalog, settings, text -> new Place(Long.parseLong(text)), Set.of());
  }

  /** Other columns, once all before is complete. */
  void changeColumns(ColumnChanges changes) {
    var unused = pipeline.settle();
    target = pipeline.changeColumns(ORDERS, changes);
  }

  /** A row of named values; the others are null. */
  Record row(Map<String, Object> values) {
    Record row = GenericRecord.create(target.written());
    values.forEach(row::setField);
    return row;
  }

  RowChange insert(Map<String, Object> values) {
    Record row = row(values);
    return new RowChange.Insert(target.keys().keyOf(row), row);
  }

  RowChange update(Map<String, Object> values) {
    Record row = row(values);
    return new RowChange.Update(target.keys().keyOf(row), row);
  }

  RowChange delete(Map<String, Object> values) {
    Record row = row(values);
    return new RowChange.Delete(target.keys().keyOf(row), row);
  }

  /** What somebody who does not take the pipeline over sees of it. */
  Optional<PipelineState> look() {
    return Pipeline.look(catalog, settings);
  }

  static WriterFixture open(Path folder) {
    return new WriterFixture(folder, 3, List.of("id"), true);
  }

  static WriterFixture open(Path folder, int formatVersion, List<String> key) {
    return new WriterFixture(folder, formatVersion, key, true);
  }

  static WriterFixture withoutChangelog(Path folder) {
    return withoutChangelog(folder, 3, List.of("id"));
  }

  static WriterFixture withoutChangelog(Path folder, int formatVersion, List<String> key) {
    return new WriterFixture(folder, formatVersion, key, false);
  }

  /** Past an initial snapshot of the given rows, which ends at position 1. */
  WriterFixture started(int... ids) {
    InitialSnapshot snapshot = pipeline.initialSnapshot();
    for (int id : ids) {
      snapshot.add(ORDERS, row(id, "first"));
    }
    snapshot.publish(end(1));
    return this;
  }

  Record row(int id, @Nullable Object name) {
    Record row = GenericRecord.create(target.written());
    row.set(0, id);
    row.set(1, name);
    return row;
  }

  RowKey key(int id) {
    return target.keys().keyOf(row(id, "first"));
  }

  TableChange insert(int id, String name) {
    Record row = row(id, name);
    return change(new RowChange.Insert(target.keys().keyOf(row), row));
  }

  TableChange update(int id, Object name) {
    Record row = row(id, name);
    RowKey key = target.keys().keyOf(row);
    return change(new RowChange.Update(key, row));
  }

  TableChange delete(int id) {
    return change(new RowChange.Delete(key(id), row(id, null)));
  }

  /** A key that changes. */
  TableChange rekey(int from, int to, Object name) {
    Record row = row(to, name);
    return change(new RowChange.Update(key(from), target.keys().keyOf(row), row, row(from, null)));
  }

  /** An update in a table without a key. */
  TableChange move(int from, int to) {
    return change(new RowChange.Update(key(from), key(to), row(to, "first"), row(from, "first")));
  }

  static TableChange change(RowChange change) {
    return new TableChange(ORDERS, change, 100);
  }

  static TransactionEnd end(long position) {
    return new TransactionEnd(
        "tx" + position,
        new Place(position),
        Instant.ofEpochSecond(position),
        new SourceOffset("{}", "{\"at\":%d}".formatted(position)));
  }

  static SourceTransaction transaction(long position, TableChange... changes) {
    return new SourceTransaction(List.of(changes), end(position));
  }

  PreparedBatch prepare(SourceTransaction... transactions) {
    Batch batch = pipeline.newBatch();
    for (SourceTransaction transaction : transactions) {
      batch.add(transaction);
    }
    return pipeline.prepare(batch);
  }

  CommittedBatch commit(SourceTransaction... transactions) {
    CommittedBatch batch = pipeline.commit(prepare(transactions));
    var unused = pipeline.settle();
    return batch;
  }

  Table table() {
    return catalog.loadTable(ORDERS);
  }

  /** A row that does not come through the pipeline. */
  void appendAsSomebodyElse(int id) throws IOException {
    Table table = table();
    DataWriter<Record> writer =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(SCHEMA)
            .build()
            .newDataWriter(
                EncryptedFiles.plainAsEncryptedOutput(
                    table.io().newOutputFile(table.location() + "/data/foreign.parquet")),
                table.spec(),
                null);
    try (writer) {
      writer.write(row(id, "foreign"));
    }
    table.newFastAppend().appendFile(writer.toDataFile()).commit();
  }

  /** What a reader sees: rows as {@code id:name}, and more when there are more, sorted. */
  List<String> rows() {
    return rows(IcebergGenerics.read(table()));
  }

  /** What a reader sees of an older snapshot. */
  List<String> rowsAt(long snapshotId) {
    return rows(IcebergGenerics.read(table()).useSnapshot(snapshotId));
  }

  private static List<String> rows(IcebergGenerics.ScanBuilder scan) {
    List<String> rows = new ArrayList<>();
    try (CloseableIterable<Record> read = scan.build()) {
      for (Record row : read) {
        StringJoiner values = new StringJoiner(":");
        for (Types.NestedField field : row.struct().fields()) {
          if (!MetadataColumns.isMetadataColumn(field.name())) {
            values.add(String.valueOf(row.getField(field.name())));
          }
        }
        rows.add(values.toString());
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    rows.sort(null);
    return rows;
  }

  /** The changelog in order: batch, op, position, transaction, order, row. */
  List<String> changelog() {
    List<Record> records = new ArrayList<>();
    try (CloseableIterable<Record> read =
        IcebergGenerics.read(catalog.loadTable(Changelog.nameFor(ORDERS))).build()) {
      read.forEach(records::add);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    records.sort(
        Comparator.<Record>comparingLong(row -> (Long) row.getField("_batch"))
            .thenComparingLong(row -> (Long) row.getField("_sequence")));
    return records.stream()
        .map(row ->
            "%s %s at %s by %s/%s %s:%s"
                .formatted(
                    row.getField("_batch"),
                    row.getField("_op"),
                    row.getField("_position"),
                    row.getField("_transaction"),
                    row.getField("_order"),
                    row.getField("id"),
                    IntStream.range(8, row.size())
                        .mapToObj(i -> String.valueOf(row.get(i)))
                        .collect(Collectors.joining(":"))))
        .toList();
  }

  /** The row id of each key. */
  Map<Integer, Long> rowIds() {
    Map<Integer, Long> ids = new TreeMap<>();
    Schema schema = MetadataColumns.schemaWithRowLineage(table().schema());
    try (CloseableIterable<Record> read = IcebergGenerics.read(table()).project(schema).build()) {
      read.forEach(
          row -> ids.put(((Number) row.get(0)).intValue(), (Long) row.getField("_row_id")));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return new HashMap<>(ids);
  }

  /** The row ids of all rows. */
  List<Long> allRowIds() {
    List<Long> ids = new ArrayList<>();
    Schema schema = MetadataColumns.schemaWithRowLineage(SCHEMA);
    try (CloseableIterable<Record> read = IcebergGenerics.read(table()).project(schema).build()) {
      read.forEach(row -> ids.add((Long) row.getField("_row_id")));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return ids;
  }

  /** How many data files there are, whether they are part of a table or not. */
  long dataFilesOnDisk() {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".parquet")).count();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Opens a second table, of the same columns. */
  Other openOther() {
    TableIdentifier name = TableIdentifier.of("shop", "others");
    RowTarget opened = pipeline.open(new TableDefinition(name, SCHEMA, List.of("id"), true));
    return new Other(name, opened, catalog);
  }

  /** Another table of the lake. */
  record Other(TableIdentifier name, RowTarget target, Catalog catalog) {
    Record row(int id, String text) {
      Record row = GenericRecord.create(target.written());
      row.set(0, id);
      row.set(1, text);
      return row;
    }

    TableChange insert(int id, String text) {
      Record row = row(id, text);
      return new TableChange(name, new RowChange.Insert(target.keys().keyOf(row), row), 100);
    }

    TableChange update(int id, String text) {
      Record row = row(id, text);
      return new TableChange(name, new RowChange.Update(target.keys().keyOf(row), row), 100);
    }

    List<String> rows() {
      return WriterFixture.rows(IcebergGenerics.read(catalog.loadTable(name)));
    }
  }
}
