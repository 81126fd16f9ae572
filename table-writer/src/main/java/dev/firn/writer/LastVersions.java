package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types.NestedField;

/** Rows as they were last written, read back from their data files by position. */
final class LastVersions {
  private record Place(int fileId, int position) {}

  private final Map<Place, Record> rows = new HashMap<>();

  private LastVersions() {}

  static LastVersions read(TableState table, List<RowLocation> locations) {
    LastVersions versions = new LastVersions();
    Map<Integer, PositionDeleteIndex> wanted = new TreeMap<>();
    for (RowLocation location : locations) {
      wanted.computeIfAbsent(location.fileId(), id -> Deletions.none()).delete(location.position());
    }
    wanted.forEach((fileId, positions) -> versions.read(table, fileId, positions));
    return versions;
  }

  Optional<Record> of(RowLocation location) {
    return Optional.ofNullable(rows.get(new Place(location.fileId(), location.position())));
  }

  private void read(TableState table, int fileId, PositionDeleteIndex positions) {
    List<NestedField> fields = new ArrayList<>(table.columns().columns());
    fields.add(MetadataColumns.ROW_POSITION);
    int positionField = fields.size() - 1;
    try (CloseableIterable<Record> file =
        FormatModelRegistry.<Record, Schema>readBuilder(
                FileFormat.PARQUET,
                Record.class,
                table.io().newInputFile(table.files().get(fileId).file().location()))
            .project(new Schema(fields))
            .build()) {
      for (Record row : file) {
        long position = row.get(positionField, Long.class);
        if (positions.isDeleted(position)) {
          rows.put(new Place(fileId, (int) position), row);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read a data file of " + table.name(), e);
    }
  }
}
