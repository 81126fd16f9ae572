package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.MetricsConfig;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data files of one batch in one table: one open file per partition, each closed at the target
 * size. A row's place is known as soon as it is written.
 */
final class RowFiles {
  /** How many rows go by between two looks at a file's size. */
  private static final int SIZE_CHECK_ROWS = 1_000;

  /** Partitions that are written to at a time. */
  static final int MAX_OPEN = 256;

  private static final Logger LOG = LoggerFactory.getLogger(RowFiles.class);

  private final Table table;
  private PartitionSpec spec;
  private Schema written;
  private final LiveFiles files;
  private final long targetBytes;
  private final OutputFileFactory names;
  private int rowIdField;
  private InternalRecordWrapper partitionView;
  private PartitionKey partition;
  private Optional<WriteOrder> order;

  /** The one that was not written to for the longest time first. */
  private final Map<PartitionKey, OpenFile> open = new LinkedHashMap<>(16, 0.75f, true);

  private final List<LiveFile> closed = new ArrayList<>();

  RowFiles(Table table, Schema written, LiveFiles files, long targetBytes) {
    this.table = table;
    this.spec = table.spec();
    this.written = written;
    this.files = files;
    this.targetBytes = targetBytes;
    this.names =
        OutputFileFactory.builderFor(table, 1, 1)
            .operationId(UUID.randomUUID().toString())
            .format(FileFormat.PARQUET)
            .build();
    this.rowIdField = written.columns().indexOf(MetadataColumns.ROW_ID);
    this.partitionView = new InternalRecordWrapper(written.asStruct());
    this.partition = new PartitionKey(spec, written);
    this.order = WriteOrder.of(table, written);
  }

  /** In which order rows are best written; they may come in any. */
  Optional<WriteOrder> order() {
    return order;
  }

  /**
   * @param rowId the id that the row keeps, or {@link RowLocation#INHERITED}
   */
  RowLocation write(Record row, long rowId) {
    partition.partition(partitionView.wrap(row));
    OpenFile file = open.get(partition);
    if (file == null) {
      closeOldest();
      PartitionKey key = partition.copy();
      file = new OpenFile(files.add(), key);
      open.put(key, file);
    }
    RowLocation location = file.write(row, rowId);
    if (file.isFull()) {
      open.remove(partition);
      close(file);
    }
    return location;
  }

  /** Each open file has buffers for all of its columns; compaction merges those that are small. */
  private void closeOldest() {
    if (open.size() >= MAX_OPEN) {
      Map.Entry<PartitionKey, OpenFile> oldest = open.entrySet().iterator().next();
      open.remove(oldest.getKey());
      close(oldest.getValue());
    }
  }

  /** Completes all files that are open; rows written after this go to new ones. */
  List<LiveFile> close() {
    open.values().forEach(this::close);
    open.clear();
    return List.copyOf(closed);
  }

  /** Completes the files that are open and goes on with rows of other columns. */
  void columnsChanged(Schema newWritten) {
    var unused = close();
    written = newWritten;
    // A column that it partitions by may be wider now.
    spec = requireNonNull(table.specs().get(spec.specId()), "spec is null");
    order = WriteOrder.of(table, written);
    rowIdField = written.columns().indexOf(MetadataColumns.ROW_ID);
    partitionView = new InternalRecordWrapper(written.asStruct());
    partition = new PartitionKey(spec, written);
  }

  /**
   * Removes all files that were not handed over; nothing refers to them. Where the storage refuses
   * they are left to the removal of orphan files.
   */
  void abandon() {
    List<OpenFile> incomplete = List.copyOf(open.values());
    List<LiveFile> complete = List.copyOf(closed);
    open.clear();
    closed.clear();
    incomplete.forEach(file -> files.remove(file.live.id()));
    complete.forEach(file -> files.remove(file.id()));
    try {
      incomplete.forEach(OpenFile::abandon);
      complete.forEach(this::delete);
    } catch (RuntimeException e) {
      LOG.info("files of {} that nobody needs stay: {}", table.name(), Failures.reason(e));
    }
  }

  /** Removes a closed file that is not needed after all. */
  void drop(LiveFile file) {
    closed.remove(file);
    files.remove(file.id());
    delete(file);
  }

  private void delete(LiveFile file) {
    try {
      table.io().deleteFile(file.file().location());
    } catch (NotFoundException e) {
      // as wanted
    }
  }

  /** Hands over the files that are complete; those that are open stay so. */
  List<LiveFile> takeClosed() {
    List<LiveFile> taken = List.copyOf(closed);
    closed.clear();
    return taken;
  }

  int closedFiles() {
    return closed.size();
  }

  private void close(OpenFile file) {
    try {
      file.close();
    } catch (RuntimeException e) {
      files.remove(file.live.id());
      throw e;
    }
    closed.add(file.live);
  }

  private final class OpenFile {
    private final LiveFile live;
    private final DataWriter<Record> writer;
    private final Optional<WriteOrder.Watch> watch = order.map(WriteOrder::watch);
    private int rows;
    private boolean ended;

    OpenFile(LiveFile live, PartitionKey key) {
      this.live = live;
      EncryptedOutputFile output =
          spec.isUnpartitioned() ? names.newOutputFile() : names.newOutputFile(spec, key);
      try {
        this.writer = HadoopDefaults.hiddenFrom(() -> writer(output, key));
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot create a data file of " + table.name(), e);
      }
    }

    private DataWriter<Record> writer(EncryptedOutputFile output, PartitionKey key)
        throws IOException {
      return FormatModelRegistry.<Record, Schema>dataWriteBuilder(
              FileFormat.PARQUET, Record.class, output)
          .schema(written)
          .spec(spec)
          .partition(spec.isUnpartitioned() ? null : key)
          .setAll(table.properties())
          .metricsConfig(MetricsConfig.forTable(table))
          .build();
    }

    RowLocation write(Record row, long rowId) {
      if (rowIdField >= 0) {
        row.set(rowIdField, rowId == RowLocation.INHERITED ? null : rowId);
      }
      watch.ifPresent(each -> each.next(row));
      writer.write(row);
      return new RowLocation(live.id(), rows++, rowId);
    }

    boolean isFull() {
      return rows % SIZE_CHECK_ROWS == 0 && writer.length() >= targetBytes;
    }

    /** A writer whose end has failed says that all is well when it is asked to end once more. */
    void close() {
      if (ended) {
        throw new IllegalStateException("a data file of %s was ended before".formatted(table));
      }
      ended = true;
      try {
        writer.close();
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot complete a data file of " + table.name(), e);
      }
      DataFile file = writer.toDataFile();
      live.written(watch.map(each -> each.said(file, spec)).orElse(file));
    }

    void abandon() {
      if (!ended) {
        close();
        delete(live);
      }
    }
  }
}
