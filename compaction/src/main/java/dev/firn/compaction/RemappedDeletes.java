package dev.firn.compaction;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.deletes.DVFileWriter;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.util.PartitionMap;

/** Rows of new files that were deleted before these became part of their table. */
final class RemappedDeletes {
  private final Table table;
  private final NavigableMap<Long, DataFile> fileByFirstRow = new TreeMap<>();
  private final Map<DataFile, LongStream.Builder> positions =
      new TreeMap<>(Comparator.comparing(DataFile::location));
  private long rows;

  /**
   * @param written the new files, in the order in which their rows were written
   */
  RemappedDeletes(Table table, List<DataFile> written) {
    this.table = table;
    long firstRow = 0;
    for (DataFile file : written) {
      fileByFirstRow.put(firstRow, file);
      firstRow += file.recordCount();
    }
  }

  /**
   * @param row where the row stands among all rows that were written
   */
  void add(long row) {
    Map.Entry<Long, DataFile> file = requireNonNull(fileByFirstRow.floorEntry(row));
    positions
        .computeIfAbsent(file.getValue(), unused -> LongStream.builder())
        .add(row - file.getKey());
    rows++;
  }

  long rows() {
    return rows;
  }

  /** Writes them: vectors in one Puffin file, or (format v2) one file of position deletes. */
  List<DeleteFile> write() {
    if (positions.isEmpty()) {
      return List.of();
    }
    try {
      return TableUtil.supportsRowLineage(table) ? writeVectors() : writePositions();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write the deletes of " + table.name(), e);
    }
  }

  private List<DeleteFile> writeVectors() throws IOException {
    DVFileWriter writer = new BaseDVFileWriter(names(FileFormat.PUFFIN), location -> null);
    try (writer) {
      positions.forEach((file, deleted) ->
          deleted
              .build()
              .forEach(at -> writer.delete(file.location(), at, spec(file), file.partition())));
    }
    return new ArrayList<>(writer.result().deleteFiles());
  }

  private List<DeleteFile> writePositions() throws IOException {
    PartitionMap<List<DataFile>> partitions = PartitionMap.create(table.specs());
    positions
        .keySet()
        .forEach(file ->
            partitions.computeIfAbsent(file.specId(), file.partition(), ArrayList::new).add(file));
    OutputFileFactory names = names(FileFormat.PARQUET);
    List<DeleteFile> written = new ArrayList<>();
    for (List<DataFile> files : partitions.values()) {
      written.add(writePositions(files, names));
    }
    return written;
  }

  /**
   * @param files of one partition, by location
   */
  private DeleteFile writePositions(List<DataFile> files, OutputFileFactory names)
      throws IOException {
    DataFile any = files.getFirst();
    PartitionSpec spec = spec(any);
    boolean whole = spec.isUnpartitioned();
    EncryptedOutputFile output =
        whole ? names.newOutputFile() : names.newOutputFile(spec, any.partition());
    PositionDeleteWriter<Record> writer =
        FormatModelRegistry.<Record>positionDeleteWriteBuilder(FileFormat.PARQUET, output)
            .spec(spec)
            .partition(whole ? null : any.partition())
            .setAll(table.properties())
            .build();
    PositionDelete<Record> position = PositionDelete.create();
    try (writer) {
      for (DataFile file : files) {
        requireNonNull(positions.get(file))
            .build()
            .sorted()
            .forEach(at -> writer.write(position.set(file.location(), at)));
      }
    }
    return writer.toDeleteFile();
  }

  /** A delete belongs where its file lies, also when the table has been partitioned anew since. */
  private PartitionSpec spec(DataFile file) {
    return requireNonNull(table.specs().get(file.specId()));
  }

  private OutputFileFactory names(FileFormat format) {
    return OutputFileFactory.builderFor(table, 1, 1)
        .operationId(UUID.randomUUID().toString())
        .format(format)
        .suffix("deletes")
        .build();
  }
}
