package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.util.PartitionUtil;

/** Somebody else who changes the fixture's table, as other engines do. */
final class Foreigner {
  private final WriterFixture lake;

  Foreigner(WriterFixture lake) {
    this.lake = lake;
  }

  List<FileScanTask> files() {
    return files(lake.table());
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

  void rewrite() {
    rewrite(files());
  }

  /** Writes the live rows of these files into one new file, with their lineage. */
  void rewrite(List<FileScanTask> files) {
    rewrite(files, row -> true);
  }

  /** The same, but loses the rows that are not kept. */
  void rewrite(List<FileScanTask> files, Predicate<Record> kept) {
    Table table = lake.table();
    List<Record> rows = new ArrayList<>();
    files.forEach(file -> rows.addAll(liveRows(table, file)));
    rows.removeIf(kept.negate());
    RewriteFiles rewrite =
        table.newRewrite().validateFromSnapshot(table.currentSnapshot().snapshotId());
    for (FileScanTask task : files) {
      rewrite.deleteFile(task.file());
      if (TableUtil.supportsRowLineage(table)) {
        task.deletes().forEach(rewrite::deleteFile);
      }
    }
    if (!rows.isEmpty()) {
      rewrite.addFile(write(table, columns(table), rows));
    }
    rewrite.commit();
  }

  /** Appends rows with these keys. */
  void append(int... ids) {
    Table table = lake.table();
    List<Record> rows = new ArrayList<>();
    for (int id : ids) {
      Record row = GenericRecord.create(WriterFixture.SCHEMA);
      row.set(0, id);
      row.set(1, "foreign");
      rows.add(row);
    }
    table.newFastAppend().appendFile(write(table, WriterFixture.SCHEMA, rows)).commit();
  }

  /**
   * Deletes exactly these positions of a file, by a vector; those deleted so far are live again.
   */
  void redelete(FileScanTask file, long... positions) {
    Table table = lake.table();
    RowDelta delta = table.newRowDelta().validateFromSnapshot(table.currentSnapshot().snapshotId());
    vectors(table, file, positions).forEach(delta::addDeletes);
    file.deletes().forEach(delta::removeDeletes);
    delta.commit();
  }

  /** The positions of a file that are deleted now. */
  static PositionDeleteIndex deleted(Table table, FileScanTask file) {
    return file.deletes().isEmpty()
        ? PositionDeleteIndex.empty()
        : new BaseDeleteLoader(delete -> table.io().newInputFile(delete))
            .loadPositionDeletes(file.deletes(), file.file().location());
  }

  /** A vector of these positions of a file. */
  static List<DeleteFile> vectors(Table table, FileScanTask file, long... positions) {
    OutputFileFactory names =
        OutputFileFactory.builderFor(table, 1, 1)
            .operationId(UUID.randomUUID().toString())
            .format(FileFormat.PUFFIN)
            .build();
    BaseDVFileWriter writer = new BaseDVFileWriter(names, location -> null);
    try (writer) {
      for (long position : positions) {
        writer.delete(file.file().location(), position, table.spec(), file.file().partition());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return writer.result().deleteFiles();
  }

  private static Schema columns(Table table) {
    return TableUtil.supportsRowLineage(table)
        ? MetadataColumns.schemaWithRowLineage(table.schema())
        : table.schema();
  }

  private static List<Record> liveRows(Table table, FileScanTask file) {
    PositionDeleteIndex deleted = deleted(table, file);
    List<Record> rows = new ArrayList<>();
    try (CloseableIterable<Record> read =
        FormatModelRegistry.<Record, Schema>readBuilder(
                FileFormat.PARQUET, Record.class, table.io().newInputFile(file.file().location()))
            .project(columns(table))
            .idToConstant(PartitionUtil.constantsMap(file))
            .build()) {
      long position = 0;
      for (Record row : read) {
        if (!deleted.isDeleted(position++)) {
          rows.add(row);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
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
