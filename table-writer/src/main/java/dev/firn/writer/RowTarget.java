package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types.NestedField;

/**
 * What a decoder needs to know of an open table, until its columns change.
 *
 * @param columns the table's columns, in order; a row's leading fields
 * @param written what a row given to the writer must be made of: the columns, then (format v3) the
 *     row lineage fields, which the decoder leaves null
 * @param filledBytes an estimate of the memory that the values take which are filled in where the
 *     source leaves them out, per row
 */
public record RowTarget(
    TableIdentifier table,
    Schema columns,
    Schema written,
    List<String> key,
    RowKeys keys,
    IntSupplier filledBytes) {
  public RowTarget {
    requireNonNull(table, "table is null");
    requireNonNull(columns, "columns is null");
    requireNonNull(written, "written is null");
    key = List.copyOf(key);
    requireNonNull(keys, "keys is null");
    requireNonNull(filledBytes, "filledBytes is null");
  }

  /**
   * The table as it is now.
   *
   * @param sent the columns that the source has: without a key they are what tells rows apart
   */
  static RowTarget of(
      TableIdentifier name,
      Table table,
      List<String> key,
      Set<String> sent,
      IntSupplier filledBytes) {
    Schema columns = table.schema();
    List<String> telling =
        key.isEmpty()
            ? columns.columns().stream().map(NestedField::name).filter(sent::contains).toList()
            : key;
    return new RowTarget(
        name,
        columns,
        TableUtil.supportsRowLineage(table)
            ? MetadataColumns.schemaWithRowLineage(columns)
            : columns,
        key,
        RowKeys.of(columns, telling),
        filledBytes);
  }

  /** Whether rows have ids, as in tables of format version 3. */
  public boolean hasRowLineage() {
    return written.findField(MetadataColumns.ROW_ID.fieldId()) != null;
  }

  /** A change that was made when the table had other columns, as one of these columns. */
  public TableChange adapt(TableChange change) {
    return new TableChange(change.table(), adapt(change.change()), change.bytes());
  }

  private RowChange adapt(RowChange change) {
    return switch (change) {
      case RowChange.Insert insert -> {
        Record row = adapt(insert.row());
        yield new RowChange.Insert(keyOf(insert.key(), row), row);
      }
      case RowChange.Update update -> {
        Record row = adapt(update.row());
        Record before = update.rowBefore() == null ? null : adapt(update.rowBefore());
        yield new RowChange.Update(
            before == null ? update.before() : keyOf(update.before(), before),
            keyOf(update.key(), row),
            row,
            before);
      }
      case RowChange.Delete delete -> {
        Record row = adapt(delete.row());
        yield new RowChange.Delete(keyOf(delete.key(), row), row);
      }
      case RowChange.Truncate truncate -> truncate;
      case RowChange.Aside aside -> aside;
    };
  }

  private Record adapt(Record row) {
    Record adapted = GenericRecord.create(written);
    new Reshape(written.columns(), 0).copy(row, adapted);
    return adapted;
  }

  /** A key of columns stays what it was; one of a whole row is that of other columns now. */
  private RowKey keyOf(RowKey before, Record adapted) {
    return key.isEmpty() ? keys.keyOf(adapted) : before;
  }
}
