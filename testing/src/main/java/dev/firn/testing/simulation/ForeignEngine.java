package dev.firn.testing.simulation;

import dev.firn.testing.simulation.Invariants.ForeignRows;
import dev.firn.writer.CallerRuns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.UpdatePartitionSpec;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.expressions.Term;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.jspecify.annotations.Nullable;

/** Somebody else who writes to the tables: appends, deletes, rewrites, expires, partitions. */
final class ForeignEngine {
  private static final long FIRST_KEY = 1_000_000;
  private static final ExecutorService IN_PLACE = new CallerRuns();

  /**
   * A row of its own that it has deleted.
   *
   * @param appended the sequence number of the snapshot that had it first
   * @param deleted the same of the one that has it no more
   */
  record Deleted(long appended, long deleted) {}

  private final LakeReader lake;

  /** Data files of one row each, by the sequence number of their snapshot. */
  private final Map<Long, String> accounts = new LinkedHashMap<>();

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
    DataFile file = write(loaded, loaded.schema(), List.of(row)).getFirst();
    loaded.newFastAppend().appendFile(file).commit();
    loaded.refresh();
    long sequence = loaded.currentSnapshot().sequenceNumber();
    accounts.put(sequence, file.location());
    List<@Nullable Object> values = LakeReader.values(SourceTable.ACCOUNTS, row);
    return new ForeignRows(SourceTable.ACCOUNTS, sequence, at, List.of(values));
  }

  /** Deletes one of those rows, if one is still in the file that it was appended with. */
  Optional<Deleted> deleteAccount() {
    Table loaded = lake.load(SourceTable.ACCOUNTS).orElseThrow();
    try (CloseableIterable<FileScanTask> tasks = loaded.newScan().planFiles()) {
      for (FileScanTask task : tasks) {
        for (Map.Entry<Long, String> row : accounts.entrySet()) {
          if (row.getValue().equals(task.file().location()) && task.deletes().isEmpty()) {
            loaded.newDelete().deleteFile(task.file()).commit();
            loaded.refresh();
            accounts.remove(row.getKey());
            return Optional.of(
                new Deleted(row.getKey(), loaded.currentSnapshot().sequenceNumber()));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Optional.empty();
  }

  /** Forgets all but the newest snapshots, and removes the files that only those before had. */
  void expire(SourceTable table, int keep) {
    Table loaded = lake.load(table).orElseThrow();
    loaded
        .expireSnapshots()
        .expireOlderThan(System.currentTimeMillis() + 1)
        .retainLast(keep)
        .executeDeleteWith(IN_PLACE)
        .planWith(IN_PLACE)
        .commit();
  }

  /**
   * Gives a table partitions, or takes them away.
   *
   * @return what it did, for people
   */
  String partition(SourceTable table) {
    Table loaded = lake.load(table).orElseThrow();
    Optional<Term> by = partitionOf(table);
    if (by.isEmpty()) {
      return "not at all";
    }
    if (loaded.spec().isPartitioned()) {
      UpdatePartitionSpec update = loaded.updateSpec();
      loaded.spec().fields().forEach(field -> update.removeField(field.name()));
      update.commit();
      return "no more";
    }
    loaded.updateSpec().addField(by.orElseThrow()).commit();
    return by.orElseThrow().toString();
  }

  /** By columns that are always there; updates of all but the accounts change theirs. */
  private static Optional<Term> partitionOf(SourceTable table) {
    return switch (table) {
      case ACCOUNTS -> Optional.of(Expressions.bucket("id", 3));
      case LABELS -> Optional.of(Expressions.ref("open"));
      case LINES -> Optional.of(Expressions.year("shipped"));
      case READINGS -> Optional.of(Expressions.bucket("sensor", 2));
      case DEVICES -> Optional.of(Expressions.bucket("owner", 3));
      case NOTHING -> Optional.empty();
    };
  }

  /** Writes all rows of a table into new files, with their lineage, as a compaction does. */
  boolean rewrite(SourceTable table) {
    Table loaded = lake.load(table).orElseThrow();
    Snapshot snapshot = loaded.currentSnapshot();
    if (snapshot == null || lake.rows(table, loaded, snapshot).isEmpty()) {
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
    write(loaded, schema, all(loaded, schema)).forEach(rewrite::addFile);
    rewrite.commit();
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

  /** A file for each partition. */
  private static List<DataFile> write(Table table, Schema schema, List<Record> rows) {
    Map<PartitionKey, List<Record>> partitions = new LinkedHashMap<>();
    PartitionKey key = new PartitionKey(table.spec(), schema);
    InternalRecordWrapper view = new InternalRecordWrapper(schema.asStruct());
    for (Record row : rows) {
      key.partition(view.wrap(row));
      List<Record> same = partitions.get(key);
      if (same == null) {
        same = new ArrayList<>();
        partitions.put(key.copy(), same);
      }
      same.add(row);
    }
    List<DataFile> files = new ArrayList<>();
    partitions.forEach((partition, some) -> files.add(write(table, schema, partition, some)));
    return files;
  }

  private static DataFile write(
      Table table, Schema schema, PartitionKey partition, List<Record> rows) {
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
                table.spec().isUnpartitioned() ? null : partition);
    try (writer) {
      rows.forEach(writer::write);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return writer.toDataFile();
  }
}
