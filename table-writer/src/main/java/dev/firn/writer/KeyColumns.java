package dev.firn.writer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types.NestedField;

/** Reads the keys in a table's data files, and where each live row of them lies. */
final class KeyColumns {
  /** Makes row ids of a file that is not committed yet negative, unless a row has its own. */
  private static final long NO_ROW_ID = Long.MIN_VALUE;

  private final TableState state;
  private final RowKeys keys;
  private final int keyFields;
  private final Schema read;

  /** Takes a live row. */
  @FunctionalInterface
  interface Visitor {
    /**
     * Called for each of them, in their order.
     *
     * @param lastUpdated the sequence number of the commit that last changed the row; -1 in a table
     *     without row lineage
     */
    void row(RowKey key, RowLocation location, long lastUpdated);
  }

  KeyColumns(TableState state) {
    this.state = state;
    List<NestedField> fields = new ArrayList<>(state.target().keys().fields());
    this.keys = RowKeys.of(new Schema(fields), List.of());
    this.keyFields = fields.size();
    fields.add(MetadataColumns.ROW_POSITION);
    if (state.hasRowLineage()) {
      fields.add(MetadataColumns.ROW_ID);
      fields.add(MetadataColumns.LAST_UPDATED_SEQUENCE_NUMBER);
    }
    this.read = new Schema(fields);
  }

  /** Reads a complete file, in its order. */
  void read(LiveFile file, Visitor visitor) {
    try (CloseableIterable<Record> rows =
        FormatModelRegistry.<Record, Schema>readBuilder(
                file.file().format(), Record.class, state.io().newInputFile(file.file().location()))
            .project(read)
            .idToConstant(inherited(file))
            .reuseContainers()
            .build()) {
      for (Record row : rows) {
        int position = Math.toIntExact(row.get(keyFields, Long.class));
        if (!file.deleted().isDeleted(position)) {
          visitor.row(keys.keyOf(row), location(file, position, row), lastUpdated(row));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read a data file of " + state.name(), e);
    }
  }

  /** What a row has of its file when it has nothing of its own. */
  private Map<Integer, Object> inherited(LiveFile file) {
    Map<Integer, Object> values = new HashMap<>();
    if (state.hasRowLineage() && file.isCommitted()) {
      values.put(
          MetadataColumns.ROW_ID.fieldId(),
          file.rowId(new RowLocation(file.id(), 0, RowLocation.INHERITED)));
      values.put(
          MetadataColumns.LAST_UPDATED_SEQUENCE_NUMBER.fieldId(), file.file().dataSequenceNumber());
    } else if (state.hasRowLineage()) {
      values.put(MetadataColumns.ROW_ID.fieldId(), NO_ROW_ID);
    }
    return values;
  }

  private RowLocation location(LiveFile file, int position, Record row) {
    RowLocation inherited = new RowLocation(file.id(), position, RowLocation.INHERITED);
    if (!state.hasRowLineage()) {
      return inherited;
    }
    Long rowId = row.get(keyFields + 1, Long.class);
    return rowId == null || rowId < 0 || rowId == file.rowId(inherited)
        ? inherited
        : new RowLocation(file.id(), position, rowId);
  }

  private long lastUpdated(Record row) {
    Long own = state.hasRowLineage() ? row.get(keyFields + 2, Long.class) : null;
    return own == null ? -1 : own;
  }
}
