package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Comparators;
import org.jspecify.annotations.Nullable;

/**
 * Writes the live rows of a group of files to new ones, in one pass over the old ones if it can.
 */
final class GroupWriter {
  /** Of the memory, so much for rows that are sorted. */
  private static final int SHARE_OF_SORTED = 4;

  /** A row's number in its file is counted below, files above. */
  private static final int ROW_BITS = 40;

  private static final long ROW_MASK = (1L << ROW_BITS) - 1;

  private final Table table;
  private final FileGroup group;
  private final GroupRewrite.Tools tools;
  private final RowOrder order;
  private final long sorterBytes;
  private final PlaceMemory places;
  private final Schema columns;
  private final boolean spreads;
  private final boolean sorts;
  private final NewFiles out;
  private final RowDigest read;
  private long rows;

  GroupWriter(Table table, FileGroup group, CompactionSettings settings, GroupRewrite.Tools tools) {
    this.table = table;
    this.group = group;
    this.tools = tools;
    this.order = tools.orderIn(table);
    this.sorterBytes = settings.memoryBytes() / SHARE_OF_SORTED;
    this.places = new PlaceMemory(settings.memoryBytes() / CompactionPlan.MEMORY_FOR_PLACES);
    this.columns = DataFiles.columns(table);
    this.read = new RowDigest(columns);
    this.spreads = group.isRepartitioned(table);
    this.sorts = order.movesRows();
    this.out =
        spreads
            ? NewFiles.partitioned(table, columns, settings, order)
            : NewFiles.inOne(table, columns, group.files().getFirst(), settings, order);
  }

  GroupRewrite.Written run() {
    try {
      Map<String, PositionDeleteIndex> byEquality = tools.equality().rows(group.files());
      SortKeys keys = keys();
      List<Copied> copied = sorts ? sort(keys, byEquality) : copy(byEquality);
      List<DataFile> files = out.close();
      List<SourceFile> sources = copied.stream().map(this::source).toList();
      requireSame(sources, files, keys);
      return new GroupRewrite.Written(sources, files, read.toString());
    } catch (IOException e) {
      UncheckedIOException failure =
          new UncheckedIOException("Cannot write a data file of " + table.name(), e);
      out.remove(failure);
      throw failure;
    } catch (RuntimeException e) {
      out.remove(e);
      throw e;
    }
  }

  private List<Copied> copy(Map<String, PositionDeleteIndex> byEquality) throws IOException {
    List<Copied> copied = new ArrayList<>();
    for (PlannedFile planned : group.files()) {
      Copied file = opened(planned, byEquality);
      readAll(file, (live, row) -> write(file, live, row));
      copied.add(file);
    }
    while (out.nextPass()) {
      for (Copied file : copied) {
        readLive(
            file,
            new Steps(tools.work(), file.file.file().recordCount(), 0),
            (live, row) -> write(file, live, row));
      }
    }
    return copied;
  }

  /** All rows are read before the first one is written. */
  private List<Copied> sort(SortKeys keys, Map<String, PositionDeleteIndex> byEquality)
      throws IOException {
    List<Copied> copied = new ArrayList<>();
    try (RowSorter sorter = new RowSorter(columns, keys, sorterBytes, tools.work())) {
      for (PlannedFile planned : group.files()) {
        Copied file = opened(planned, byEquality);
        long number = copied.size();
        readAll(
            file,
            (live, row) -> {
              read.add(row);
              sorter.add(number << ROW_BITS | live, row);
            });
        copied.add(file);
      }
      sorter.forEach((origin, row) ->
          copied
              .get((int) (origin >>> ROW_BITS))
              .places
              .put((int) (origin & ROW_MASK), writeSorted(row)));
    }
    return copied;
  }

  private long writeSorted(Record row) throws IOException {
    long place = out.write(row);
    if (place >= 0) {
      return place;
    }
    // the next partition begins, and nothing is left for those before
    boolean unused = out.nextPass();
    return out.write(row);
  }

  private SortKeys keys() {
    SortKeys keys = new SortKeys(columns);
    if (spreads) {
      keys.by(table.spec(), columns);
    }
    return switch (order) {
      case RowOrder.AsTheyLie none -> keys;
      case RowOrder.Sorted sorted -> keys.by(sorted.order(), columns);
      case RowOrder.Clustered clustered ->
          keys.by(ZOrder.of(table, group, clustered.columns(), sorterBytes, tools.work()));
    };
  }

  /**
   * A file whose rows are copied.
   *
   * @param firstRow where its first live row stands, if rows are not moved
   * @param places of its live rows, if they are; negative: not written yet
   */
  private record Copied(
      PlannedFile file,
      PositionDeleteIndex deleted,
      PositionDeleteIndex byEquality,
      long firstRow,
      LongBuffer places) {}

  private boolean moves() {
    return spreads || sorts;
  }

  private Copied opened(PlannedFile planned, Map<String, PositionDeleteIndex> byEquality)
      throws IOException {
    PositionDeleteIndex own = byEquality.getOrDefault(planned.location(), DataFiles.noRows());
    PositionDeleteIndex deleted =
        DataFiles.union(DataFiles.deleted(table, planned.file(), planned.deletes()), own);
    long live = planned.file().recordCount() - deleted.cardinality();
    return new Copied(planned, deleted, own, rows, places.of(moves() ? live : 0));
  }

  private void readAll(Copied file, LiveRows to) throws IOException {
    PlannedFile planned = file.file;
    long live = planned.file().recordCount() - file.deleted.cardinality();
    Steps steps = new Steps(tools.work(), planned.file().recordCount(), planned.bytes());
    long found = readLive(file, steps, to);
    steps.end();
    if (steps.rows != planned.file().recordCount() || found != live) {
      throw new CompactionException(
          "%s: a data file should have %d rows, %d of them live, but has %d and %d: %s; nothing is committed"
              .formatted(
                  table.name(),
                  planned.file().recordCount(),
                  live,
                  steps.rows,
                  found,
                  planned.location()));
    }
  }

  /** Takes what is live in a file. */
  @FunctionalInterface
  private interface LiveRows {
    /**
     * @param live which of the live rows, from 0
     */
    void take(long live, Record row) throws IOException;
  }

  /** Returns how many rows are live. */
  private long readLive(Copied file, Steps steps, LiveRows to) throws IOException {
    boolean clean = file.deleted.isEmpty();
    long live = 0;
    try (CloseableIterable<Record> records = rows(file.file)) {
      for (Record row : records) {
        if (clean || !file.deleted.isDeleted(steps.rows)) {
          to.take(live, row);
          live++;
        }
        steps.next();
      }
    }
    return live;
  }

  /** Rows that are sorted, and the values of a partition, are kept beyond their row. */
  private CloseableIterable<Record> rows(PlannedFile planned) {
    return moves()
        ? DataFiles.lastingRows(table, planned.file(), planned.spec(), columns)
        : DataFiles.rows(table, planned.file(), planned.spec(), columns);
  }

  /** Writes what was not written yet. */
  private void write(Copied file, long live, Record row) throws IOException {
    if (!spreads) {
      var unused = writeCounted(row);
    } else if (file.places.get((int) live) < 0) {
      var unused = file.places.put((int) live, writeCounted(row));
    }
  }

  private long writeCounted(Record row) throws IOException {
    long place = out.write(row);
    if (place >= 0) {
      read.add(row);
      rows++;
    }
    return place;
  }

  private SourceFile source(Copied copied) {
    return new SourceFile(
        copied.file,
        copied.deleted,
        copied.byEquality,
        moves() ? out.places(copied.places) : RowPlaces.from(copied.firstRow));
  }

  /** What is committed is what a reader will see: so the new files are read again. */
  private void requireSame(List<SourceFile> sources, List<DataFile> files, SortKeys keys) {
    long live = sources.stream().mapToLong(SourceFile::live).sum();
    long counted = files.stream().mapToLong(DataFile::recordCount).sum();
    if (live != counted) {
      throw new CompactionException(
          "%s: %d rows of %d files are live, but %d were written; nothing is committed"
              .formatted(table.name(), live, sources.size(), counted));
    }
    RowDigest again = new RowDigest(columns);
    files.forEach(file -> digest(file, again, keys));
    if (!again.toString().equals(read.toString())) {
      throw new CompactionException(
          "%s: the rows of %d files have the digest %s, but what was written has %s; nothing is committed"
              .formatted(table.name(), sources.size(), read, again));
    }
  }

  private void digest(DataFile file, RowDigest digest, SortKeys keys) {
    Steps steps = new Steps(tools.work(), file.recordCount(), 0);
    tools.work().advance(0);
    Consumer<Record> place = spreads ? partitionCheck(file) : row -> {};
    Consumer<Record> order = sorts ? orderCheck(file, keys) : row -> {};
    try (CloseableIterable<Record> records =
        sorts
            ? DataFiles.lastingRowsOfNew(table, file, columns)
            : DataFiles.rowsOfNew(table, file, columns)) {
      for (Record row : records) {
        digest.add(row);
        place.accept(row);
        order.accept(row);
        steps.next();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read a new data file of " + table.name(), e);
    }
  }

  /** Readers rely on the order that a file says it has. */
  private Consumer<Record> orderCheck(DataFile file, SortKeys keys) {
    AtomicReference<@Nullable Object[]> before = new AtomicReference<>();
    return row -> {
      @Nullable Object[] key = keys.of(row);
      @Nullable Object[] last = before.getAndSet(key);
      if (last != null && keys.compare(last, key) > 0) {
        throw new CompactionException(
            "%s: rows were not written in their order: %s; nothing is committed"
                .formatted(table.name(), file.location()));
      }
    };
  }

  /** A reader takes some values from the partition: it has to be that of each row. */
  private Consumer<Record> partitionCheck(DataFile file) {
    PartitionSpec spec = requireNonNull(table.specs().get(file.specId()));
    PartitionKey key = new PartitionKey(spec, columns);
    InternalRecordWrapper view = new InternalRecordWrapper(columns.asStruct());
    Comparator<StructLike> order = Comparators.forType(spec.partitionType());
    return row -> {
      key.partition(view.wrap(row));
      if (order.compare(key, file.partition()) != 0) {
        throw new CompactionException(
            "%s: a row was written to a partition that is not its own: %s; nothing is committed"
                .formatted(table.name(), file.location()));
      }
    };
  }

  /** The rows of one file going by, some thousands between two looks at the clock. */
  private static final class Steps {
    private static final int STEP = 8_192;

    private final Work work;
    private final long allRows;
    private final long allBytes;
    private long rows;
    private long bytes;

    /**
     * @param rows that the file should have
     * @param bytes that the work advances by in all
     */
    Steps(Work work, long rows, long bytes) {
      this.work = work;
      this.allRows = rows;
      this.allBytes = bytes;
    }

    void next() {
      rows++;
      if (rows % STEP == 0) {
        advance((long) ((double) allBytes * rows / Math.max(rows, allRows)));
      }
    }

    void end() {
      advance(allBytes);
    }

    private void advance(long now) {
      work.advance(now - bytes);
      bytes = now;
    }
  }
}
