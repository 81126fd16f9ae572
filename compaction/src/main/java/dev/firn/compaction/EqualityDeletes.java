package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.util.PartitionMap;
import org.apache.iceberg.util.StructLikeMap;
import org.apache.iceberg.util.StructLikeWrapper;

/**
 * Finds the rows that equality deletes delete. Each delete file is read once for many data files:
 * of each key the newest delete is remembered, and it applies to the rows that are older.
 */
final class EqualityDeletes {
  /** What a remembered key takes, beside its values. */
  private static final long BYTES_PER_KEY = 256;

  /** How much larger values are in memory than in a compressed file, about. */
  private static final long EXPANSION = 4;

  private final Table table;
  private final long memoryBytes;
  private final Work work;

  /** What was read last: the next group of files often needs the same. */
  private Loaded last;

  /**
   * @param memoryBytes for keys; where there are more, the data files are read several times
   */
  EqualityDeletes(Table table, long memoryBytes, Work work) {
    this.table = table;
    this.memoryBytes = memoryBytes;
    this.work = work;
    this.last = new Loaded(Map.of(), 1, 0);
  }

  /**
   * The deleted rows of data files, by location; a file without any may be missing.
   *
   * @param files with the equality deletes that may apply to each
   */
  Map<String, PositionDeleteIndex> rows(Collection<PlannedFile> files) {
    Map<String, DeleteFile> deletes = all(table, files);
    Map<String, PositionDeleteIndex> rows = new HashMap<>();
    int slices = deletes.isEmpty() ? 0 : slices(deletes.values());
    for (int slice = 0; slice < slices; slice++) {
      // One slice is not all keys, and of others there may be deletes that were rolled back since.
      if (slices > 1 || !last.deletes.keySet().equals(deletes.keySet())) {
        last = new Loaded(Map.of(), 1, 0);
        last = new Loaded(deletes, slices, slice);
        last.read();
      }
      for (PlannedFile file : files) {
        if (!file.equalityDeletes().isEmpty()) {
          last.find(file, rows.computeIfAbsent(file.location(), unused -> DataFiles.noRows()));
        }
      }
    }
    return rows;
  }

  /**
   * The equality deletes of some files, by location. Of one partition the file with the most has
   * those of all the others: thousands of files times thousands of deletes are not gone through.
   */
  static Map<String, DeleteFile> all(Table table, Collection<PlannedFile> files) {
    PartitionMap<List<DeleteFile>> most = PartitionMap.create(table.specs());
    for (PlannedFile file : files) {
      List<DeleteFile> before = most.get(file.file().specId(), file.file().partition());
      if (before == null || before.size() < file.equalityDeletes().size()) {
        most.put(file.file().specId(), file.file().partition(), file.equalityDeletes());
      }
    }
    Map<String, DeleteFile> all = new LinkedHashMap<>();
    most.values().forEach(deletes -> deletes.forEach(delete -> all.put(delete.location(), delete)));
    return all;
  }

  private int slices(Collection<DeleteFile> deletes) {
    long bytes =
        deletes.stream()
            .mapToLong(delete ->
                delete.recordCount() * BYTES_PER_KEY + delete.fileSizeInBytes() * EXPANSION)
            .sum();
    return Math.toIntExact(1 + bytes / memoryBytes);
  }

  /** The keys of some delete files, or of one slice of them by hash. */
  private final class Loaded {
    private final Map<String, DeleteFile> deletes;
    private final int slices;
    private final int slice;
    private final Map<Set<Integer>, Keys> everywhere = new HashMap<>();
    private final PartitionMap<Map<Set<Integer>, Keys>> byPartition =
        PartitionMap.create(table.specs());

    Loaded(Map<String, DeleteFile> deletes, int slices, int slice) {
      this.deletes = deletes;
      this.slices = slices;
      this.slice = slice;
    }

    void read() {
      deletes
          .values()
          .forEach(delete -> {
            work.advance(0);
            Map<Set<Integer>, Keys> scope =
                DeleteIndex.isEverywhere(table.specs(), delete)
                    ? everywhere
                    : byPartition.computeIfAbsent(
                        delete.specId(), delete.partition(), HashMap::new);
            scope
                .computeIfAbsent(new TreeSet<>(delete.equalityFieldIds()), Keys::new)
                .read(delete, slices, slice);
          });
    }

    void find(PlannedFile planned, PositionDeleteIndex rows) {
      List<Keys> keys = new ArrayList<>(everywhere.values());
      Map<Set<Integer>, Keys> own =
          byPartition.get(planned.file().specId(), planned.file().partition());
      if (own != null) {
        keys.addAll(own.values());
      }
      keys.forEach(some -> some.find(planned, rows));
    }
  }

  /** Keys of the same columns, each with the sequence number of its newest delete. */
  private final class Keys {
    private final Schema columns;
    private final StructLikeMap<Long> newest;
    private final StructLikeWrapper hashed;
    private final InternalRecordWrapper view;

    Keys(Set<Integer> fields) {
      this.columns = columnsOf(fields);
      this.newest = StructLikeMap.create(columns.asStruct());
      this.hashed = StructLikeWrapper.forType(columns.asStruct());
      this.view = new InternalRecordWrapper(columns.asStruct());
    }

    void read(DeleteFile delete, int slices, int slice) {
      long sequenceNumber = requireNonNull(delete.dataSequenceNumber());
      try (CloseableIterable<Record> keys = DataFiles.keys(table, delete, columns)) {
        for (Record key : keys) {
          if (slices == 1
              || Math.floorMod(hashed.set(view.wrap(key)).hashCode(), slices) == slice) {
            put(key, sequenceNumber);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read a delete file of " + table.name(), e);
      }
    }

    private void put(Record key, long sequenceNumber) {
      Long before = newest.get(view.wrap(key));
      if (before == null || before < sequenceNumber) {
        newest.put(new InternalRecordWrapper(columns.asStruct()).wrap(key), sequenceNumber);
      }
    }

    void find(PlannedFile planned, PositionDeleteIndex rows) {
      DataFile file = planned.file();
      long sequenceNumber = requireNonNull(file.dataSequenceNumber());
      long position = 0;
      try (CloseableIterable<Record> keys = DataFiles.rows(table, file, planned.spec(), columns)) {
        for (Record key : keys) {
          Long deleted = newest.get(view.wrap(key));
          if (deleted != null && deleted > sequenceNumber) {
            rows.delete(position);
          }
          position++;
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read a data file of " + table.name(), e);
      }
      work.advance(0);
    }
  }

  /** A column that was dropped since is known from an older schema. */
  private Schema columnsOf(Set<Integer> fields) {
    return Stream.concat(
            Stream.of(table.schema()),
            table.schemas().values().stream()
                .sorted(Comparator.comparingInt(Schema::schemaId).reversed()))
        .filter(schema -> fields.stream().allMatch(id -> schema.findField(id) != null))
        .findFirst()
        .map(schema -> TypeUtil.select(schema, fields))
        .orElseThrow(() ->
            new CompactionException(
                "%s: it has equality deletes on columns %s, which no schema of it has together"
                    .formatted(table.name(), fields)));
  }
}
