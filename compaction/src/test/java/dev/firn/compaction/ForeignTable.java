package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.EqualityDeleteWriter;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;

/** A table {@code (id int, name string, region string)} as other tools write it. */
final class ForeignTable {
  static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.IntegerType.get()),
          Types.NestedField.optional(2, "name", Types.StringType.get()),
          Types.NestedField.optional(3, "region", Types.StringType.get()));

  static final TableIdentifier NAME = TableIdentifier.of("other", "t");

  private final Catalog catalog;

  private ForeignTable(Catalog catalog) {
    this.catalog = catalog;
  }

  static ForeignTable in(Path folder, int formatVersion, PartitionSpec spec) {
    Catalog catalog = Lake.open("lake", Lake.embedded(folder));
    ((SupportsNamespaces) catalog).createNamespace(Namespace.of("other"));
    var unused =
        catalog.createTable(
            NAME,
            SCHEMA,
            spec,
            Map.of(
                "format-version", Integer.toString(formatVersion),
                "commit.retry.min-wait-ms", "1",
                "commit.retry.max-wait-ms", "2",
                "write.metadata.delete-after-commit.enabled", "true",
                "write.metadata.previous-versions-max", "2"));
    return new ForeignTable(catalog);
  }

  Catalog catalog() {
    return catalog;
  }

  Table table() {
    return catalog.loadTable(NAME);
  }

  static Record row(int id, @Nullable String name, @Nullable String region) {
    Record row = GenericRecord.create(SCHEMA);
    row.set(0, id);
    row.set(1, name);
    row.set(2, region);
    return row;
  }

  /** Rows of consecutive ids, in one file. */
  void append(int from, int to, String region) {
    append(IntStream.range(from, to).mapToObj(id -> row(id, "name " + id, region)).toList());
  }

  /** One file, of the partition of the first row. */
  void append(List<Record> rows) {
    Table table = table();
    table.newAppend().appendFile(write(table, rows)).commit();
  }

  static DataFile write(Table table, List<Record> rows) {
    StructLike partition = partition(table, rows.getFirst());
    DataWriter<Record> writer =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(table.schema())
            .build()
            .newDataWriter(output(table), table.spec(), partition);
    try (writer) {
      rows.forEach(writer::write);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return writer.toDataFile();
  }

  private static @Nullable StructLike partition(Table table, Record row) {
    if (table.spec().isUnpartitioned()) {
      return null;
    }
    PartitionKey key = new PartitionKey(table.spec(), SCHEMA);
    key.partition(row);
    return key;
  }

  private static EncryptedOutputFile output(Table table) {
    return EncryptedFiles.encryptedOutput(
        table
            .io()
            .newOutputFile("%s/data/%s.parquet".formatted(table.location(), UUID.randomUUID())),
        (ByteBuffer) null);
  }

  /** Deletes by equality of some columns of the given rows; they say the partition as well. */
  void deleteWhere(List<String> columns, Record... rows) {
    Table table = table();
    table.newRowDelta().addDeletes(equality(table, columns, List.of(rows))).commit();
  }

  static DeleteFile equality(Table table, List<String> columns, List<Record> rows) {
    return equality(table, table.spec(), partition(table, rows.getFirst()), columns, rows);
  }

  static DeleteFile equality(
      Table table,
      PartitionSpec spec,
      @Nullable StructLike partition,
      List<String> columns,
      List<Record> rows) {
    Schema keys = table.schema().select(columns);
    EqualityDeleteWriter<Record> writer =
        new GenericFileWriterFactory.Builder(table)
            .deleteFileFormat(FileFormat.PARQUET)
            .equalityFieldIds(keys.columns().stream().mapToInt(f -> f.fieldId()).toArray())
            .equalityDeleteRowSchema(keys)
            .build()
            .newEqualityDeleteWriter(output(table), spec, partition);
    try (writer) {
      for (Record row : rows) {
        Record key = GenericRecord.create(keys);
        keys.columns().forEach(field -> key.setField(field.name(), row.getField(field.name())));
        writer.write(key);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return writer.toDeleteFile();
  }

  /** Deletes one row of each of several files of the first one's partition, in one delete file. */
  void deletePositions(List<DataFile> files, long position) {
    Table table = table();
    DataFile first = files.getFirst();
    PositionDeleteWriter<Record> writer =
        new GenericFileWriterFactory.Builder(table)
            .deleteFileFormat(FileFormat.PARQUET)
            .build()
            .newPositionDeleteWriter(
                output(table), table.specs().get(first.specId()), first.partition());
    try (writer) {
      PositionDelete<Record> delete = PositionDelete.create();
      files.stream()
          .map(DataFile::location)
          .sorted()
          .forEach(location -> writer.write(delete.set(location, position)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    table.newRowDelta().addDeletes(writer.toDeleteFile()).commit();
  }

  /** What a reader sees: of each id all rows, with their lineage in format v3. */
  SortedMap<Integer, String> rows() {
    Table table = table();
    Schema columns =
        TableUtil.supportsRowLineage(table)
            ? MetadataColumns.schemaWithRowLineage(table.schema())
            : table.schema();
    SortedMap<Integer, String> rows = new TreeMap<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table).project(columns).build()) {
      read.forEach(row ->
          rows.merge(
              (Integer) row.get(0),
              text(row, columns),
              (one, other) -> one.compareTo(other) < 0 ? one + ", " + other : other + ", " + one));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }

  /** A reader that applies deletes may leave the position in the row. */
  private static String text(Record row, Schema columns) {
    return IntStream.range(0, columns.columns().size()).mapToObj(row::get).toList().toString();
  }

  List<DataFile> files() {
    return CompactionFixture.files(table()).stream().map(FileScanTask::file).toList();
  }

  /** Everything in the table's metadata that deletes, whether it applies to anything or not. */
  int deleteFiles() {
    return Integer.parseInt(
        requireNonNull(table().currentSnapshot()).summary().get("total-delete-files"));
  }

  /** The ids of a file's rows, in the order in which it holds them. */
  static List<Integer> storedIds(Table table, DataFile file) {
    List<Integer> ids = new ArrayList<>();
    PartitionSpec spec = requireNonNull(table.specs().get(file.specId()));
    try (CloseableIterable<Record> rows = DataFiles.rows(table, file, spec, table.schema())) {
      rows.forEach(row -> ids.add((Integer) row.get(0)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ids;
  }

  /** All files as one group, its new files written, not committed. */
  GroupRewrite rewriteAll() {
    return rewriteAll(CompactionFixture.all(CompactionFixture.TARGET));
  }

  GroupRewrite rewriteAll(CompactionSettings settings) {
    Table table = table();
    return GroupRewrite.write(table, CompactionFixture.group(table), settings);
  }

  TableResult compact() {
    return CompactionFixture.compact(table());
  }
}
