package dev.firn.compaction;

import dev.firn.writer.CallerRuns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.IdentityPartitionConverters;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.io.RollingDataWriter;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.iceberg.util.PartitionUtil;

/**
 * The live rows of a group of files, written to new files in the same order and with their lineage,
 * which are part of no table until {@link #commit()}.
 */
public final class GroupRewrite {
  private static final ExecutorService IN_PLACE = new CallerRuns();

  private final Table table;
  private final long snapshotId;
  private final String why;
  private final List<SourceFile> sources;
  private final List<DataFile> written;

  private GroupRewrite(
      Table table, long snapshotId, String why, List<SourceFile> sources, List<DataFile> written) {
    this.table = table;
    this.snapshotId = snapshotId;
    this.why = why;
    this.sources = List.copyOf(sources);
    this.written = List.copyOf(written);
  }

  /**
   * Writes the new files.
   *
   * @throws CompactionException not as many rows were written as were live; nothing is committed
   */
  public static GroupRewrite write(Table table, FileGroup group, long targetBytes) {
    Writing writing = new Writing(table, group, targetBytes);
    List<DataFile> written = writing.run(group);
    GroupRewrite rewrite =
        new GroupRewrite(
            table,
            group.snapshotId(),
            group.why(CompactionPlan.smallBytes(targetBytes), CompactionPlan.MUCH_DELETED),
            writing.sources,
            written);
    try {
      rewrite.requireAllRows();
    } catch (CompactionException e) {
      rewrite.abandon();
      throw e;
    }
    return rewrite;
  }

  /**
   * Puts the new files in the place of the old ones, whatever was deleted from these meanwhile.
   *
   * @throws CompactionException it could not be done, after several attempts
   */
  public GroupOutcome commit() {
    return new RewriteCommit(table, this).run();
  }

  /** Removes the new files, which must not have been committed. */
  public void abandon() {
    delete(table, written);
  }

  /** The snapshot that the old files were found in. */
  long snapshotId() {
    return snapshotId;
  }

  String why() {
    return why;
  }

  List<SourceFile> sources() {
    return sources;
  }

  List<DataFile> written() {
    return written;
  }

  long rowsWritten() {
    return written.stream().mapToLong(DataFile::recordCount).sum();
  }

  long deletedRowsRemoved() {
    return sources.stream().mapToLong(SourceFile::deleted).sum();
  }

  private void requireAllRows() {
    long live = sources.stream().mapToLong(SourceFile::live).sum();
    if (live != rowsWritten()) {
      throw new CompactionException(
          "%s: %d rows of %d files are live, but %d were written; nothing is committed"
              .formatted(table.name(), live, sources.size(), rowsWritten()));
    }
  }

  static PositionDeleteIndex deleted(Table table, DataFile file, List<DeleteFile> deletes) {
    if (deletes.isEmpty()) {
      return PositionDeleteIndex.empty();
    }
    return new BaseDeleteLoader(delete -> table.io().newInputFile(delete), IN_PLACE)
        .loadPositionDeletes(deletes, file.location());
  }

  static void delete(Table table, List<DataFile> files) {
    files.forEach(file -> table.io().deleteFile(file.location()));
  }

  /** One pass over the files of a group. */
  private static final class Writing {
    private final Table table;
    private final Schema columns;
    private final Schema read;
    private final RollingDataWriter<Record> out;
    private final List<SourceFile> sources = new ArrayList<>();
    private long rows;

    Writing(Table table, FileGroup group, long targetBytes) {
      this.table = table;
      this.columns =
          TableUtil.supportsRowLineage(table)
              ? MetadataColumns.schemaWithRowLineage(table.schema())
              : table.schema();
      List<NestedField> fields = new ArrayList<>(columns.columns());
      fields.add(MetadataColumns.ROW_POSITION);
      // All are of one partition; the table may have been partitioned anew since they were listed.
      FileScanTask first = group.files().getFirst();
      this.read = new Schema(fields);
      this.out =
          new RollingDataWriter<>(
              new GenericFileWriterFactory.Builder(table)
                  .dataFileFormat(FileFormat.PARQUET)
                  .dataSchema(columns)
                  .build(),
              OutputFileFactory.builderFor(table, 1, 1)
                  .operationId(UUID.randomUUID().toString())
                  .format(FileFormat.PARQUET)
                  .suffix("compacted")
                  .build(),
              table.io(),
              targetBytes,
              first.spec(),
              first.file().partition());
    }

    List<DataFile> run(FileGroup group) {
      try {
        group.files().forEach(this::copy);
        out.close();
        return out.result().dataFiles();
      } catch (IOException e) {
        UncheckedIOException failure =
            new UncheckedIOException("Cannot write a data file of " + table.name(), e);
        removeWhatIsThere(failure);
        throw failure;
      } catch (RuntimeException e) {
        removeWhatIsThere(e);
        throw e;
      }
    }

    private void copy(FileScanTask task) {
      PositionDeleteIndex deleted = deleted(table, task.file(), task.deletes());
      sources.add(new SourceFile(task.file(), deleted, rows));
      Map<Integer, ?> constants =
          PartitionUtil.constantsMap(task, IdentityPartitionConverters::convertConstant);
      try (CloseableIterable<Record> records =
          FormatModelRegistry.<Record, Schema>readBuilder(
                  task.file().format(),
                  Record.class,
                  table.io().newInputFile(task.file().location()))
              .project(read)
              .idToConstant(constants)
              .build()) {
        for (Record row : records) {
          if (!deleted.isDeleted(row.get(columns.columns().size(), Long.class))) {
            out.write(row);
            rows++;
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read a data file of " + table.name(), e);
      }
    }

    private void removeWhatIsThere(RuntimeException failure) {
      try {
        out.close();
        delete(table, out.result().dataFiles());
      } catch (IOException | RuntimeException e) {
        failure.addSuppressed(e);
      }
    }
  }
}
