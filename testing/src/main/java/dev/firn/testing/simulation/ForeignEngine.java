package dev.firn.testing.simulation;

import dev.firn.testing.simulation.Invariants.ForeignRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.jspecify.annotations.Nullable;

/** Somebody else who writes to the tables: appends, rewrites, empty snapshots. */
final class ForeignEngine {
  private static final long FIRST_KEY = 1_000_000;

  private final LakeReader lake;
  private long rows;

  ForeignEngine(LakeReader lake) {
    this.lake = lake;
  }

  /** Adds a snapshot that changes nothing. */
  void appendNothing(SourceTable table) {
    Table loaded = lake.load(table).orElseThrow();
    loaded.newFastAppend().commit();
  }

  /** Appends a row with a key of its own to the accounts. */
  ForeignRows appendAccount() {
    Table loaded = lake.load(SourceTable.ACCOUNTS).orElseThrow();
    ModelPosition at =
        LakeReader.position(loaded, loaded.currentSnapshot()).orElse(ModelPosition.START);
    Record row = GenericRecord.create(loaded.schema());
    row.setField("id", FIRST_KEY + rows++);
    row.setField("name", "foreign");
    loaded.newFastAppend().appendFile(write(loaded, loaded.schema(), List.of(row))).commit();
    loaded.refresh();
    List<@Nullable Object> values = LakeReader.values(SourceTable.ACCOUNTS, row);
    return new ForeignRows(
        SourceTable.ACCOUNTS, loaded.currentSnapshot().snapshotId(), at, List.of(values));
  }

  /** Writes all rows of a table into one file, with their lineage, as a compaction does. */
  boolean rewrite(SourceTable table) {
    Table loaded = lake.load(table).orElseThrow();
    Snapshot snapshot = loaded.currentSnapshot();
    if (snapshot == null || LakeReader.rows(table, loaded, snapshot).isEmpty()) {
      return false;
    }
    Schema schema =
        TableUtil.formatVersion(loaded) >= 3
            ? MetadataColumns.schemaWithRowLineage(loaded.schema())
            : loaded.schema();
    RewriteFiles rewrite = loaded.newRewrite().validateFromSnapshot(snapshot.snapshotId());
    try (CloseableIterable<FileScanTask> tasks = loaded.newScan().planFiles()) {
      for (FileScanTask task : tasks) {
        rewrite.deleteFile(task.file());
        task.deletes().forEach(rewrite::deleteFile);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    rewrite.addFile(write(loaded, schema, all(loaded, schema))).commit();
    return true;
  }

  private static List<Record> all(Table table, Schema schema) {
    try (CloseableIterable<Record> records = IcebergGenerics.read(table).project(schema).build()) {
      List<Record> all = new ArrayList<>();
      records.forEach(all::add);
      return all;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static DataFile write(Table table, Schema schema, List<Record> rows) {
    String location =
        table.locationProvider().newDataLocation("foreign-%s.parquet".formatted(UUID.randomUUID()));
    DataWriter<Record> writer =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(schema)
            .build()
            .newDataWriter(
                EncryptedFiles.plainAsEncryptedOutput(table.io().newOutputFile(location)),
                table.spec(),
                null);
    try (writer) {
      rows.forEach(writer::write);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return writer.toDataFile();
  }
}
