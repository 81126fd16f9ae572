package dev.firn.compaction;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.util.SortedMerge;
import org.jspecify.annotations.Nullable;

/**
 * Sorts more rows than there is room for in memory: what does not fit goes to the local disk in
 * sorted runs, which are merged at the end. Rows with equal keys stay in the order of their origin.
 */
final class RowSorter implements Closeable {
  /** What a row takes beside its values and those of its key. */
  private static final long ENTRY = 64;

  private static final long KEY_VALUE = 96;

  /** Buffers of a run that is read, beside some rows. */
  private static final long BYTES_PER_RUN = 256L << 10;

  private static final int ROWS_PER_RUN = 3;
  private static final int LEAST_FAN_IN = 4;
  private static final int MOST_FAN_IN = 64;
  private static final int PACE_ROWS = 8_192;

  /** Beyond the ids of columns, and not among those that Iceberg keeps for itself. */
  private static final int FIRST_ID = 2_000_000_000;

  private static final Map<String, String> CODEC =
      Map.of(TableProperties.AVRO_COMPRESSION, "zstd", TableProperties.AVRO_COMPRESSION_LEVEL, "1");

  private final SortKeys keys;
  private final RowHeap heap;
  private final long memoryBytes;
  private final Work work;
  private final Schema spilled;
  private final Comparator<Entry> order;
  private final List<Entry> held = new ArrayList<>();
  private final Deque<SpillFile> runs = new ArrayDeque<>();
  private final List<SpillFile> made = new ArrayList<>();
  private long heldBytes;
  private long largestRow;
  private long moved;

  /** Takes sorted rows. */
  @FunctionalInterface
  interface Sink {
    void take(long origin, Record row) throws IOException;
  }

  private static final class Entry {
    private final long origin;
    private final @Nullable Object[] key;
    private final Record row;

    Entry(long origin, @Nullable Object[] key, Record row) {
      this.origin = origin;
      this.key = key;
      this.row = row;
    }
  }

  /**
   * @param columns of the rows
   * @param memoryBytes for rows, about
   * @param work is asked every few thousand rows whether to go on
   */
  RowSorter(Schema columns, SortKeys keys, long memoryBytes, Work work) {
    this.keys = keys;
    this.heap = new RowHeap(columns);
    this.memoryBytes = memoryBytes;
    this.work = work;
    this.spilled =
        TypeUtil.assignIncreasingFreshIds(
            new Schema(
                Types.NestedField.required(FIRST_ID, "origin", Types.LongType.get()),
                Types.NestedField.required(FIRST_ID + 1, "row", columns.asStruct())));
    this.order =
        Comparator.<Entry, @Nullable Object[]>comparing(entry -> entry.key, keys::compare)
            .thenComparingLong(entry -> entry.origin);
  }

  /**
   * @param origin is given back with the row; no two are the same
   * @param row is not changed any more
   */
  void add(long origin, Record row) throws IOException {
    long bytes = ENTRY + KEY_VALUE * keys.size() + heap.of(row);
    largestRow = Math.max(largestRow, bytes);
    if (heldBytes + bytes > memoryBytes && !held.isEmpty()) {
      spill();
    }
    held.add(new Entry(origin, keys.of(row), row));
    heldBytes += bytes;
  }

  /** How many sorted runs lie on the local disk. */
  int runs() {
    return runs.size();
  }

  /** Gives all rows, once. */
  void forEach(Sink sink) throws IOException {
    if (runs.isEmpty()) {
      held.sort(order);
      for (Entry entry : held) {
        give(entry, sink);
      }
      return;
    }
    if (!held.isEmpty()) {
      spill();
    }
    while (runs.size() > fanIn()) {
      mergeSome();
    }
    try (SortedMerge<Entry> sorted = merged(runs)) {
      for (Entry entry : sorted) {
        give(entry, sink);
      }
    }
  }

  private void give(Entry entry, Sink sink) throws IOException {
    pace();
    sink.take(entry.origin, entry.row);
  }

  private void pace() {
    moved++;
    if (moved % PACE_ROWS == 0) {
      work.advance(0);
    }
  }

  private int fanIn() {
    long affordable = memoryBytes / (BYTES_PER_RUN + ROWS_PER_RUN * largestRow);
    return Math.clamp(affordable, LEAST_FAN_IN, MOST_FAN_IN);
  }

  private void mergeSome() throws IOException {
    List<SpillFile> some = new ArrayList<>();
    while (some.size() < fanIn()) {
      some.add(runs.remove());
    }
    try (SortedMerge<Entry> sorted = merged(some)) {
      write(sorted);
    }
    for (SpillFile run : some) {
      run.close();
      made.remove(run);
    }
  }

  private SortedMerge<Entry> merged(Collection<SpillFile> some) {
    return new SortedMerge<>(order, some.stream().map(this::entries).toList());
  }

  private CloseableIterable<Entry> entries(SpillFile run) {
    CloseableIterable<Record> records =
        FormatModelRegistry.<Record, Schema>readBuilder(FileFormat.AVRO, Record.class, run)
            .project(spilled)
            .build();
    return CloseableIterable.transform(
        records,
        record -> {
          Record row = record.get(1, Record.class);
          return new Entry(record.get(0, Long.class), keys.of(row), row);
        });
  }

  private void spill() throws IOException {
    held.sort(order);
    write(held);
    held.clear();
    heldBytes = 0;
  }

  private void write(Iterable<Entry> sorted) throws IOException {
    try {
      SpillFile run = SpillFile.make();
      made.add(run);
      DataWriter<Record> writer =
          FormatModelRegistry.<Record, Schema>dataWriteBuilder(
                  FileFormat.AVRO, Record.class, EncryptedFiles.plainAsEncryptedOutput(run))
              .schema(spilled)
              .spec(PartitionSpec.unpartitioned())
              .setAll(CODEC)
              .build();
      Record record = GenericRecord.create(spilled);
      try (writer) {
        for (Entry entry : sorted) {
          pace();
          record.set(0, entry.origin);
          record.set(1, entry.row);
          writer.write(record);
        }
      }
      runs.add(run);
    } catch (IOException | UncheckedIOException e) {
      throw new CompactionException(
          ("rows that are sorted do not fit into memory, and the folder for temporary files does not"
                  + " take them: %s: %s; make room there, or name another one with"
                  + " -Djava.io.tmpdir; nothing is committed")
              .formatted(System.getProperty("java.io.tmpdir"), e.getMessage()),
          e);
    }
  }

  /** Gives the memory and the disk back. */
  @Override
  public void close() throws IOException {
    held.clear();
    for (SpillFile run : made) {
      run.close();
    }
  }
}
