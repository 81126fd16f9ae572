package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types.NestedField;

/** Reads rows back as they were last written, from their data files by position. */
final class LastVersions {
  private final TableState table;
  private final Schema columns;
  private final int positionField;

  private LastVersions(TableState table) {
    this.table = table;
    List<NestedField> fields = new ArrayList<>(table.columns().columns());
    this.positionField = fields.size();
    fields.add(MetadataColumns.ROW_POSITION);
    this.columns = new Schema(fields);
  }

  /**
   * Reads one file after the other and holds one row at a time: they may be large.
   *
   * @param wanted what takes each row, by where it lies
   */
  static void read(TableState table, Map<RowLocation, Consumer<Record>> wanted) {
    if (wanted.isEmpty()) {
      return;
    }
    Map<Integer, Map<Long, Consumer<Record>>> byFile = new TreeMap<>();
    wanted.forEach((at, taker) ->
        byFile
            .computeIfAbsent(at.fileId(), id -> new HashMap<>())
            .put((long) at.position(), taker));
    byFile.forEach(new LastVersions(table)::read);
  }

  private void read(int fileId, Map<Long, Consumer<Record>> wanted) {
    String location = table.files().get(fileId).file().location();
    try (CloseableIterable<Record> file =
        FormatModelRegistry.<Record, Schema>readBuilder(
                FileFormat.PARQUET, Record.class, table.io().newInputFile(location))
            .project(columns)
            .build()) {
      for (Record row : file) {
        Consumer<Record> taker = wanted.remove(row.get(positionField, Long.class));
        if (taker != null) {
          taker.accept(row);
        }
        if (wanted.isEmpty()) {
          break;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read a data file of " + table.name(), e);
    }
    if (!wanted.isEmpty()) {
      throw new IllegalStateException("%s lacks %d rows".formatted(location, wanted.size()));
    }
  }
}
