package dev.firn.compaction;

import java.io.IOException;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.io.RollingDataWriter;
import org.apache.iceberg.util.PropertyUtil;
import org.jspecify.annotations.Nullable;

/**
 * The files that a group's live rows are written to: one after the other where all are of one
 * partition. Else some partitions are open at a time, and rows of others wait for the next pass
 * over the old files. A row's place is known when all are closed.
 */
final class NewFiles {
  /** Of the memory, so much for files that are being written. */
  private static final int SHARE = 2;

  /** The same where rows are sorted: the other half of it is for these. */
  private static final int SHARE_OF_SORTED = 4;

  private static final int OPEN_AT_A_TIME = 32;

  /** The place of a row that was not written in this pass. */
  static final long POSTPONED = -1;

  private static final long LEAST_ROW_GROUP = 1L << 20;

  /** Rows of one partition are counted below, partitions above. */
  private static final int ROW_BITS = 40;

  private static final long ROW_MASK = (1L << ROW_BITS) - 1;

  private final Table table;
  private final PartitionSpec spec;
  private final long targetBytes;
  private final GenericFileWriterFactory factory;
  private final OutputFileFactory names;
  private final @Nullable PartitionKey key;
  private final int openAtATime;
  private final InternalRecordWrapper view;
  private final Map<PartitionKey, Stream> streams = new HashMap<>();
  private final List<Stream> inOrder = new ArrayList<>();
  private final Map<Stream, RollingDataWriter<Record>> open = new LinkedHashMap<>();
  private boolean postponed;

  /** The files of one partition, in the order in which their rows were written. */
  private static final class Stream {
    private final @Nullable StructLike partition;
    private final int number;
    private final List<DataFile> files = new ArrayList<>();
    private long rows;

    Stream(@Nullable StructLike partition, int number) {
      this.partition = partition;
      this.number = number;
    }
  }

  private NewFiles(
      Table table,
      Schema columns,
      PartitionSpec spec,
      @Nullable PartitionKey key,
      CompactionSettings settings,
      RowOrder order) {
    this.table = table;
    this.spec = spec;
    this.targetBytes = settings.targetBytes();
    this.key = key;
    this.openAtATime = key == null || order.movesRows() ? 1 : OPEN_AT_A_TIME;
    this.view = new InternalRecordWrapper(columns.asStruct());
    long rowGroup =
        PropertyUtil.propertyAsLong(
            table.properties(),
            TableProperties.PARQUET_ROW_GROUP_SIZE_BYTES,
            TableProperties.PARQUET_ROW_GROUP_SIZE_BYTES_DEFAULT);
    int share = order.movesRows() ? SHARE_OF_SORTED : SHARE;
    long affordable = Math.max(LEAST_ROW_GROUP, settings.memoryBytes() / share / openAtATime);
    this.factory =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(columns)
            .dataSortOrder(order.declared())
            .writerProperties(
                Map.of(
                    TableProperties.PARQUET_ROW_GROUP_SIZE_BYTES,
                    Long.toString(Math.min(rowGroup, affordable))))
            .build();
    this.names =
        OutputFileFactory.builderFor(table, 1, 1)
            .operationId(UUID.randomUUID().toString())
            .format(FileFormat.PARQUET)
            .suffix(order.fileSuffix())
            .build();
  }

  /** All rows go to one partition, in order. */
  static NewFiles inOne(
      Table table, Schema columns, PlannedFile any, CompactionSettings settings, RowOrder order) {
    NewFiles files = new NewFiles(table, columns, any.spec(), null, settings, order);
    files.inOrder.add(new Stream(any.file().partition(), 0));
    return files;
  }

  /**
   * Each row goes to its partition in the table's present partitioning.
   *
   * @param order where it moves rows they come partition by partition, and one is open at a time
   */
  static NewFiles partitioned(
      Table table, Schema columns, CompactionSettings settings, RowOrder order) {
    PartitionKey key = new PartitionKey(table.spec(), columns);
    return new NewFiles(table, columns, table.spec(), key, settings, order);
  }

  /**
   * Returns where the row is, for {@link #places}, or {@link #POSTPONED}: then it was not written.
   */
  long write(Record row) throws IOException {
    Stream stream = key == null ? inOrder.getFirst() : streamOf(row, key);
    if (stream == null) {
      postponed = true;
      return POSTPONED;
    }
    RollingDataWriter<Record> writer = open.get(stream);
    (writer == null ? openWriter(stream) : writer).write(row);
    return ((long) stream.number << ROW_BITS) | stream.rows++;
  }

  private @Nullable Stream streamOf(Record row, PartitionKey partition) {
    partition.partition(view.wrap(row));
    Stream stream = streams.get(partition);
    if (stream == null && open.size() < openAtATime) {
      PartitionKey own = partition.copy();
      stream = new Stream(own, inOrder.size());
      streams.put(own, stream);
      inOrder.add(stream);
    }
    return stream;
  }

  private RollingDataWriter<Record> openWriter(Stream stream) {
    RollingDataWriter<Record> writer =
        new RollingDataWriter<>(factory, names, table.io(), targetBytes, spec, stream.partition);
    open.put(stream, writer);
    return writer;
  }

  /** Completes the files of this pass; returns whether another one is needed. */
  boolean nextPass() throws IOException {
    boolean again = postponed;
    postponed = false;
    for (Stream stream : List.copyOf(open.keySet())) {
      closeWriter(stream);
    }
    return again;
  }

  private void closeWriter(Stream stream) throws IOException {
    RollingDataWriter<Record> writer = open.get(stream);
    if (writer != null) {
      writer.close();
      open.remove(stream);
      stream.files.addAll(writer.result().dataFiles());
    }
  }

  /** Completes all files; they are in the order of {@link #places}. */
  List<DataFile> close() throws IOException {
    boolean unused = nextPass();
    return inOrder.stream().flatMap(stream -> stream.files.stream()).toList();
  }

  /** Where rows stand among all rows of all files, once these are closed. */
  RowPlaces places(LongBuffer written) {
    long[] first = new long[inOrder.size() + 1];
    inOrder.forEach(stream -> first[stream.number + 1] = first[stream.number] + stream.rows);
    return live -> {
      long place = written.get(Math.toIntExact(live));
      return first[(int) (place >>> ROW_BITS)] + (place & ROW_MASK);
    };
  }

  /** Closes and removes what was written. */
  void remove(Exception because) {
    for (Map.Entry<Stream, RollingDataWriter<Record>> each : List.copyOf(open.entrySet())) {
      try {
        each.getValue().close();
        each.getKey().files.addAll(each.getValue().result().dataFiles());
      } catch (IOException | RuntimeException e) {
        because.addSuppressed(e);
      }
    }
    try {
      inOrder.forEach(stream -> DataFiles.delete(table, stream.files));
    } catch (RuntimeException e) {
      because.addSuppressed(e);
    }
  }
}
