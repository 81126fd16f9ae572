package dev.firn.compaction.cleaning;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.GenericStatisticsFile;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.ImmutableGenericPartitionStatisticsFile;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.PartitionStatisticsFile;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.StatisticsFile;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.deletes.EqualityDeleteWriter;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.types.Types;

/** A lake in a folder and one table {@code (id long, name string)}, changed as any engine does. */
final class CleaningFixture {
  static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");
  static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "name", Types.StringType.get()));
  static final Map<String, String> PROPERTIES =
      Map.of(
          "write.metadata.delete-after-commit.enabled", "true",
          "write.metadata.previous-versions-max", "3",
          "commit.manifest.min-count-to-merge", "4");

  /** Long ago enough for any grace and age. */
  static final Instant LATER = Instant.parse("2100-01-01T00:00:00Z");

  final Catalog catalog;
  final Table table;

  private CleaningFixture(Catalog catalog, Table table) {
    this.catalog = catalog;
    this.table = table;
  }

  static CleaningFixture at(Path folder, int format) {
    return at(folder, format, PartitionSpec.unpartitioned(), Map.of());
  }

  static CleaningFixture at(
      Path folder, int format, PartitionSpec spec, Map<String, String> properties) {
    Map<String, String> lake = new HashMap<>(Lake.embedded(folder));
    lake.compute("uri", (key, uri) -> String.valueOf(uri).replace("FULL", "OFF"));
    Catalog catalog = Lake.open("lake", lake);
    ((SupportsNamespaces) catalog).createNamespace(Namespace.of("shop"));
    Map<String, String> all = new HashMap<>(PROPERTIES);
    all.put("format-version", Integer.toString(format));
    all.putAll(properties);
    return new CleaningFixture(catalog, catalog.createTable(ORDERS, SCHEMA, spec, all));
  }

  /** As another process loads it. */
  Table fresh() {
    return catalog.loadTable(ORDERS);
  }

  long head() {
    return table.currentSnapshot().snapshotId();
  }

  /** One file, one snapshot. */
  long append(long... ids) {
    table.newAppend().appendFile(write(rows(ids))).commit();
    return head();
  }

  long appendTo(String branch, long... ids) {
    table.newAppend().appendFile(write(rows(ids))).toBranch(branch).commit();
    return requireNonNull(table.refs().get(branch)).snapshotId();
  }

  static List<Record> rows(long... ids) {
    return Arrays.stream(ids).mapToObj(id -> row(id, "n" + id)).toList();
  }

  static Record row(long id, String name) {
    Record row = GenericRecord.create(SCHEMA);
    row.set(0, id);
    row.set(1, name);
    return row;
  }

  DataFile write(List<Record> rows) {
    PartitionKey key = new PartitionKey(table.spec(), SCHEMA);
    key.partition(rows.getFirst());
    String name = "%s.avro".formatted(UUID.randomUUID());
    String location =
        table.spec().isUnpartitioned()
            ? table.locationProvider().newDataLocation(name)
            : table.locationProvider().newDataLocation(table.spec(), key, name);
    DataWriter<Record> writer =
        factory()
            .newDataWriter(
                output(location), table.spec(), table.spec().isUnpartitioned() ? null : key);
    try (writer) {
      rows.forEach(writer::write);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return writer.toDataFile();
  }

  private GenericFileWriterFactory factory() {
    return new GenericFileWriterFactory.Builder(table)
        .dataFileFormat(FileFormat.AVRO)
        .deleteFileFormat(FileFormat.AVRO)
        .dataSchema(SCHEMA)
        .equalityFieldIds(new int[] {1})
        .equalityDeleteRowSchema(SCHEMA.select("id"))
        .build();
  }

  private EncryptedOutputFile output(String location) {
    return EncryptedFiles.plainAsEncryptedOutput(table.io().newOutputFile(location));
  }

  List<FileScanTask> files() {
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      List<FileScanTask> files = new ArrayList<>();
      tasks.forEach(files::add);
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Deletes one position of each of these files: in format v3, all vectors in one Puffin file. */
  long delete(Collection<FileScanTask> files, long position) {
    RowDelta delta = table.newRowDelta().validateFromSnapshot(head());
    try {
      if (TableUtil.formatVersion(table) < 3) {
        delta.addDeletes(positions(files, position));
      } else {
        vectors(files, position, delta);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    delta.commit();
    return head();
  }

  private DeleteFile positions(Collection<FileScanTask> files, long position) throws IOException {
    String location = table.locationProvider().newDataLocation(UUID.randomUUID() + "-deletes.avro");
    PositionDeleteWriter<Record> writer =
        factory().newPositionDeleteWriter(output(location), table.spec(), null);
    try (writer) {
      PositionDelete<Record> delete = PositionDelete.create();
      files.stream()
          .map(file -> file.file().location())
          .sorted()
          .forEach(file -> writer.write(delete.set(file, position)));
    }
    return writer.toDeleteFile();
  }

  private void vectors(Collection<FileScanTask> files, long position, RowDelta delta)
      throws IOException {
    OutputFileFactory names =
        OutputFileFactory.builderFor(table, 1, 1)
            .operationId(UUID.randomUUID().toString())
            .format(FileFormat.PUFFIN)
            .build();
    Map<String, PositionDeleteIndex> before = new HashMap<>();
    BaseDVFileWriter writer = new BaseDVFileWriter(names, before::get);
    try (writer) {
      for (FileScanTask file : files) {
        if (!file.deletes().isEmpty()) {
          before.put(file.file().location(), deleted(file));
          file.deletes().forEach(delta::removeDeletes);
        }
        writer.delete(file.file().location(), position, table.spec(), null);
      }
    }
    writer.result().deleteFiles().forEach(delta::addDeletes);
  }

  private PositionDeleteIndex deleted(FileScanTask file) {
    return new BaseDeleteLoader(delete -> table.io().newInputFile(delete))
        .loadPositionDeletes(file.deletes(), file.file().location());
  }

  /** By an equality delete. */
  long deleteEqual(long id) {
    String location = table.locationProvider().newDataLocation(UUID.randomUUID() + "-deletes.avro");
    EqualityDeleteWriter<Record> writer =
        factory().newEqualityDeleteWriter(output(location), table.spec(), null);
    Record key = GenericRecord.create(SCHEMA.select("id"));
    key.set(0, id);
    try (writer) {
      writer.write(key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    table.newRowDelta().addDeletes(writer.toDeleteFile()).commit();
    return head();
  }

  /** All live rows into one file; in format v3 the vectors go with the files. */
  long rewrite() {
    RewriteFiles rewrite =
        table.newRewrite().validateFromSnapshot(table.currentSnapshot().snapshotId());
    List<Record> live = read(head());
    for (FileScanTask task : files()) {
      rewrite.deleteFile(task.file());
      if (TableUtil.formatVersion(table) >= 3) {
        task.deletes().forEach(rewrite::deleteFile);
      }
    }
    if (!live.isEmpty()) {
      rewrite.addFile(write(live));
    }
    rewrite.commit();
    return head();
  }

  /**
   * Statistics of the current snapshot, of both kinds, unless it has some: those that others
   * replace are orphans, no file of an expired snapshot. What is in them does not matter.
   */
  void statistics() {
    if (table.statisticsFiles().stream().anyMatch(file -> file.snapshotId() == head())) {
      return;
    }
    String name = "%s/metadata/%s".formatted(table.location(), UUID.randomUUID());
    put(name + ".stats");
    put(name + ".parquet");
    table
        .updateStatistics()
        .setStatistics(new GenericStatisticsFile(head(), name + ".stats", 1, 1, List.of()))
        .commit();
    table
        .updatePartitionStatistics()
        .setPartitionStatistics(
            ImmutableGenericPartitionStatisticsFile.builder()
                .snapshotId(head())
                .path(name + ".parquet")
                .fileSizeInBytes(1)
                .build())
        .commit();
  }

  /** A file of one byte that nothing knows of. */
  String put(String location) {
    try (var out = table.io().newOutputFile(location).create()) {
      out.write(1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return location;
  }

  String putIn(String folder) {
    return put("%s/%s/%s.parquet".formatted(table.location(), folder, UUID.randomUUID()));
  }

  /** Removes those that are there yet from the metadata, and no file. */
  void expire(Set<Long> ids) {
    TableOperations operations = ((HasTableOperations) table).operations();
    TableMetadata base = operations.refresh();
    Set<Long> there = new TreeSet<>(ids);
    there.removeIf(id -> base.snapshot(id) == null);
    if (!there.isEmpty()) {
      operations.commit(base, TableMetadata.buildFrom(base).removeSnapshots(there).build());
    }
    table.refresh();
  }

  List<Record> read(long snapshotId) {
    try (CloseableIterable<Record> rows =
        IcebergGenerics.read(table).useSnapshot(snapshotId).build()) {
      List<Record> read = new ArrayList<>();
      rows.forEach(read::add);
      return read;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Set<Long> ids(long snapshotId) {
    return read(snapshotId).stream()
        .map(row -> (Long) row.get(0))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  Set<Long> ids() {
    return ids(head());
  }

  Path folder() {
    return path(table.location());
  }

  static Path path(String location) {
    return location.startsWith("file:") ? Path.of(URI.create(location)) : Path.of(location);
  }

  static boolean exists(String location) {
    return Files.exists(path(location));
  }

  /** All files below the table's location. */
  Set<Path> stored() {
    try (Stream<Path> files = Files.walk(folder())) {
      return files.filter(Files::isRegularFile).collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Set<Path> notes() {
    return stored().stream()
        .filter(file -> file.getFileName().toString().startsWith("firn-unreachable-"))
        .collect(Collectors.toSet());
  }

  /** What should be there: said once more, in the simplest way. */
  Set<Path> reachable() {
    TableMetadata metadata = ((HasTableOperations) fresh()).operations().current();
    Set<String> locations = new TreeSet<>();
    locations.add(metadata.metadataFileLocation());
    metadata.previousFiles().forEach(file -> locations.add(file.file()));
    metadata.statisticsFiles().stream().map(StatisticsFile::path).forEach(locations::add);
    metadata.partitionStatisticsFiles().stream()
        .map(PartitionStatisticsFile::path)
        .forEach(locations::add);
    for (Snapshot snapshot : metadata.snapshots()) {
      locations.add(snapshot.manifestListLocation());
      for (ManifestFile manifest : snapshot.allManifests(table.io())) {
        locations.add(manifest.path());
        ManifestFiles.readPaths(manifest, table.io(), table.specs()).forEach(locations::add);
      }
    }
    return locations.stream()
        .map(CleaningFixture::path)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** In the order they were made: their ids are random. */
  Set<Long> snapshots() {
    return StreamSupport.stream(fresh().snapshots().spliterator(), false)
        .map(Snapshot::snapshotId)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  void date(String location, Instant written) {
    try {
      Files.setLastModifiedTime(path(location), FileTime.from(written));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
