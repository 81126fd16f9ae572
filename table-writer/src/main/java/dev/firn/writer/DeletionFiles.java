package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.deletes.DVFileWriter;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.OutputFileFactory;

/** Writes deleted positions: one Puffin file of vectors, or (format v2) position deletes. */
final class DeletionFiles {
  private final TableState state;
  private final OutputFileFactory names;
  private final boolean vectors;

  DeletionFiles(TableState state) {
    this.state = state;
    this.vectors = state.hasRowLineage();
    this.names =
        OutputFileFactory.builderFor(state.table(), 1, 1)
            .operationId(UUID.randomUUID().toString())
            .format(vectors ? FileFormat.PUFFIN : FileFormat.PARQUET)
            .suffix("deletes")
            .build();
  }

  /**
   * Writes them; returns nothing when there are none.
   *
   * @param deleted positions by number of a written data file, none of them deleted before
   * @return vectors that replace the files' earlier ones, or position deletes beside earlier ones
   */
  List<DeleteFile> write(Map<Integer, PositionDeleteIndex> deleted) {
    if (deleted.isEmpty()) {
      return List.of();
    }
    try {
      return vectors ? writeVectors(deleted) : writePositions(deleted);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write the deletes of " + state.name(), e);
    }
  }

  private List<DeleteFile> writeVectors(Map<Integer, PositionDeleteIndex> deleted)
      throws IOException {
    Map<String, PositionDeleteIndex> before = new HashMap<>();
    DVFileWriter writer = new BaseDVFileWriter(names, before::get);
    try (writer) {
      deleted.forEach((id, positions) -> {
        LiveFile live = state.files().get(id);
        before.put(live.file().location(), live.deleted());
        writer.delete(live.file().location(), positions, spec(live), live.file().partition());
      });
    }
    return writer.result().deleteFiles();
  }

  /** One file per partition, its positions in the order that the format asks for. */
  private List<DeleteFile> writePositions(Map<Integer, PositionDeleteIndex> deleted)
      throws IOException {
    record Partition(int specId, String path) {}
    Map<Partition, List<LiveFile>> byPartition =
        deleted.keySet().stream()
            .map(id -> state.files().get(id))
            .sorted(Comparator.comparing(live -> live.file().location()))
            .collect(
                Collectors.groupingBy(live ->
                    new Partition(
                        live.file().specId(),
                        spec(live).partitionToPath(live.file().partition()))));
    List<DeleteFile> files = new ArrayList<>();
    for (List<LiveFile> partition : byPartition.values()) {
      files.add(writePositions(partition, deleted));
    }
    return files;
  }

  private DeleteFile writePositions(
      List<LiveFile> partition, Map<Integer, PositionDeleteIndex> deleted) throws IOException {
    PartitionSpec spec = spec(partition.getFirst());
    StructLike key = partition.getFirst().file().partition();
    EncryptedOutputFile output =
        spec.isUnpartitioned() ? names.newOutputFile() : names.newOutputFile(spec, key);
    PositionDeleteWriter<Record> writer =
        FormatModelRegistry.<Record>positionDeleteWriteBuilder(FileFormat.PARQUET, output)
            .spec(spec)
            .partition(spec.isUnpartitioned() ? null : key)
            .setAll(state.table().properties())
            .build();
    PositionDelete<Record> position = PositionDelete.create();
    try (writer) {
      for (LiveFile live : partition) {
        requireNonNull(deleted.get(live.id()))
            .forEach(at -> writer.write(position.set(live.file().location(), at)));
      }
    }
    return writer.toDeleteFile();
  }

  private PartitionSpec spec(LiveFile live) {
    return requireNonNull(table().specs().get(live.file().specId()));
  }

  private Table table() {
    return state.table();
  }
}
