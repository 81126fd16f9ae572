package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
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

/**
 * The live rows of a group of files, written to new files in the same order and with their lineage,
 * which are part of no table until {@link #commit()}.
 */
public final class GroupRewrite {
  private final Table table;
  private final FileGroup group;
  private final CompactionSettings settings;
  private final Tools tools;
  private final Written written;

  /**
   * What the groups of one run share.
   *
   * @param seen knows the manifests that were read before
   * @param equality knows the equality deletes that were read last
   */
  record Tools(Work work, SeenManifests seen, EqualityDeletes equality) {
    /** Of so much memory half is for files that are written, and a part for what is known. */
    private static final int SHARE_OF_KEYS = 4;

    static Tools of(Table table, CompactionSettings settings, Work work, Set<String> locations) {
      return new Tools(
          work,
          new SeenManifests(locations),
          new EqualityDeletes(table, settings.memoryBytes() / SHARE_OF_KEYS, work));
    }
  }

  /**
   * @param digest of the live rows, as they were read and as they are in the new files
   */
  private record Written(List<SourceFile> sources, List<DataFile> files, String digest) {}

  private GroupRewrite(
      Table table, FileGroup group, CompactionSettings settings, Tools tools, Written written) {
    this.table = table;
    this.group = group;
    this.settings = settings;
    this.tools = tools;
    this.written = written;
  }

  /**
   * Writes the new files.
   *
   * @throws CompactionException the rows that were written are not those that were live; nothing is
   *     committed
   */
  public static GroupRewrite write(Table table, FileGroup group, CompactionSettings settings) {
    Set<String> locations =
        group.files().stream().map(PlannedFile::location).collect(Collectors.toSet());
    return write(table, group, settings, Tools.of(table, settings, Work.silent(), locations));
  }

  /**
   * @throws CompactionStoppedException what was written is removed
   */
  static GroupRewrite write(
      Table table, FileGroup group, CompactionSettings settings, Tools tools) {
    Written written = new Writing(table, group, settings, tools).run();
    return new GroupRewrite(table, group, settings, tools, written);
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
    DataFiles.delete(table, written.files);
  }

  /** The snapshot that the old files were found in. */
  long snapshotId() {
    return group.snapshotId();
  }

  String why() {
    return group.why(settings.targetBytes(), table.spec().specId());
  }

  CompactionMode mode() {
    return settings.mode();
  }

  Tools tools() {
    return tools;
  }

  List<SourceFile> sources() {
    return written.sources;
  }

  List<DataFile> written() {
    return written.files;
  }

  String digest() {
    return written.digest;
  }

  long bytesWritten() {
    return written.files.stream().mapToLong(DataFile::fileSizeInBytes).sum();
  }

  long rowsWritten() {
    return written.files.stream().mapToLong(DataFile::recordCount).sum();
  }

  long deletedRowsRemoved() {
    return written.sources.stream().mapToLong(SourceFile::deletedRows).sum();
  }

  /** How many files of equality deletes apply to the old files, and not to the new ones. */
  int equalityDeletesMerged() {
    Set<String> merged = new HashSet<>();
    group
        .files()
        .forEach(file -> file.equalityDeletes().forEach(delete -> merged.add(delete.location())));
    return merged.size();
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
     * @param bytes that the work advances by in all
     */
    Steps(Work work, PlannedFile file, long bytes) {
      this.work = work;
      this.allRows = file.file().recordCount();
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

  /** One pass over the files of a group. */
  private static final class Writing {
    private static final int PACE_ROWS = 8_192;

    private final Table table;
    private final FileGroup group;
    private final Tools tools;
    private final Schema columns;
    private final boolean spreads;
    private final NewFiles out;
    private final RowDigest read;
    private long rows;

    Writing(Table table, FileGroup group, CompactionSettings settings, Tools tools) {
      this.table = table;
      this.group = group;
      this.tools = tools;
      this.columns = DataFiles.columns(table);
      this.read = new RowDigest(columns);
      PlannedFile first = group.files().getFirst();
      this.spreads = group.isRepartitioned(table);
      this.out =
          spreads
              ? NewFiles.partitioned(table, columns, settings)
              : NewFiles.inOne(table, columns, first.spec(), first.file().partition(), settings);
    }

    Written run() {
      try {
        Map<String, PositionDeleteIndex> byEquality = tools.equality().rows(group.files());
        List<Copied> copied = new ArrayList<>();
        for (PlannedFile file : group.files()) {
          copied.add(copy(file, byEquality.getOrDefault(file.location(), DataFiles.noRows())));
        }
        while (out.nextPass()) {
          for (Copied file : copied) {
            copyRows(file, new Steps(tools.work(), file.file, 0));
          }
        }
        List<DataFile> files = out.close();
        List<SourceFile> sources = copied.stream().map(this::source).toList();
        requireSame(sources, files);
        return new Written(sources, files, read.toString());
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

    private static final class Copied {
      private final PlannedFile file;
      private final PositionDeleteIndex deleted;
      private final PositionDeleteIndex byEquality;

      /** Where its first live row stands, if all rows go to one partition. */
      private final long firstRow;

      /** Of its live rows, if they do not; negative: not written yet. */
      private final long[] places;

      Copied(
          PlannedFile file,
          PositionDeleteIndex deleted,
          PositionDeleteIndex byEquality,
          long firstRow,
          long[] places) {
        this.file = file;
        this.deleted = deleted;
        this.byEquality = byEquality;
        this.firstRow = firstRow;
        this.places = places;
      }
    }

    private Copied copy(PlannedFile planned, PositionDeleteIndex byEquality) throws IOException {
      PositionDeleteIndex deleted =
          DataFiles.union(DataFiles.deleted(table, planned.file(), planned.deletes()), byEquality);
      long live = planned.file().recordCount() - deleted.cardinality();
      long[] places = new long[spreads ? Math.toIntExact(live) : 0];
      Arrays.fill(places, NewFiles.POSTPONED);
      Copied copied = new Copied(planned, deleted, byEquality, rows, places);
      Steps steps = new Steps(tools.work(), planned, planned.bytes());
      long found = copyRows(copied, steps);
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
      return copied;
    }

    /** Copies what is live and was not copied yet; returns how many rows are live. */
    private long copyRows(Copied file, Steps steps) throws IOException {
      boolean clean = file.deleted.isEmpty();
      long live = 0;
      try (CloseableIterable<Record> records = rows(file.file)) {
        for (Record row : records) {
          if (clean || !file.deleted.isDeleted(steps.rows)) {
            if (!spreads) {
              copyRow(row);
            } else if (file.places[Math.toIntExact(live)] < 0) {
              file.places[Math.toIntExact(live)] = copyRow(row);
            }
            live++;
          }
          steps.next();
        }
      }
      return live;
    }

    /** The values of a partition are kept beyond their row. */
    private CloseableIterable<Record> rows(PlannedFile planned) {
      return spreads
          ? DataFiles.lastingRows(table, planned.file(), planned.spec(), columns)
          : DataFiles.rows(table, planned.file(), planned.spec(), columns);
    }

    private long copyRow(Record row) throws IOException {
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
          spreads ? out.places(copied.places) : RowPlaces.from(copied.firstRow));
    }

    /** What is committed is what a reader will see: so the new files are read again. */
    private void requireSame(List<SourceFile> sources, List<DataFile> files) {
      long live = sources.stream().mapToLong(SourceFile::live).sum();
      long counted = files.stream().mapToLong(DataFile::recordCount).sum();
      if (live != counted) {
        throw new CompactionException(
            "%s: %d rows of %d files are live, but %d were written; nothing is committed"
                .formatted(table.name(), live, sources.size(), counted));
      }
      RowDigest again = new RowDigest(columns);
      files.forEach(file -> digest(file, again));
      if (!again.toString().equals(read.toString())) {
        throw new CompactionException(
            "%s: the rows of %d files have the digest %s, but what was written has %s; nothing is committed"
                .formatted(table.name(), sources.size(), read, again));
      }
    }

    private void digest(DataFile file, RowDigest digest) {
      long position = 0;
      tools.work().advance(0);
      Consumer<Record> place = spreads ? partitionCheck(file) : row -> {};
      try (CloseableIterable<Record> records = DataFiles.rowsOfNew(table, file, columns)) {
        for (Record row : records) {
          digest.add(row);
          place.accept(row);
          position++;
          if (position % PACE_ROWS == 0) {
            tools.work().advance(0);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read a new data file of " + table.name(), e);
      }
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
  }
}
