package dev.firn.compaction;

import dev.firn.writer.CallerRuns;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import org.apache.iceberg.BaseFileScanTask;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.PartitionSpecParser;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SchemaParser;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.data.IdentityPartitionConverters;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.Deletes;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.expressions.ResidualEvaluator;
import org.apache.iceberg.formats.FormatModelRegistry;
import org.apache.iceberg.formats.ReadBuilder;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.mapping.NameMappingParser;
import org.apache.iceberg.util.PartitionUtil;

/** Reads the rows of single files, in the order in which they lie there: the first one is row 0. */
final class DataFiles {
  private static final ExecutorService IN_PLACE = new CallerRuns();

  private DataFiles() {}

  /** All columns of a table, with the lineage of its rows where it has that. */
  static Schema columns(Table table) {
    return TableUtil.supportsRowLineage(table)
        ? MetadataColumns.schemaWithRowLineage(table.schema())
        : table.schema();
  }

  /**
   * All rows of a file of the table, deleted ones included. One object is used for all: a row is
   * valid until the next one.
   */
  static CloseableIterable<Record> rows(
      Table table, DataFile file, PartitionSpec spec, Schema columns) {
    return open(
        table, reader(table, file, columns, constants(file, spec, columns)).reuseContainers());
  }

  /** As {@link #rows}, but each row stays as it is: parts of it may be kept. */
  static CloseableIterable<Record> lastingRows(
      Table table, DataFile file, PartitionSpec spec, Schema columns) {
    return open(table, reader(table, file, columns, constants(file, spec, columns)));
  }

  /**
   * The rows of a file that was written for the table and is not part of it yet; each stays as it
   * is.
   */
  static CloseableIterable<Record> lastingRowsOfNew(Table table, DataFile file, Schema columns) {
    return open(table, readerOfNew(table, file, columns));
  }

  /** As {@link #lastingRowsOfNew}, but a row is valid until the next one. */
  static CloseableIterable<Record> rowsOfNew(Table table, DataFile file, Schema columns) {
    return open(table, readerOfNew(table, file, columns).reuseContainers());
  }

  private static ReadBuilder<Record, Schema> readerOfNew(
      Table table, DataFile file, Schema columns) {
    // What is written has all columns; the reader shows those of the lineage only with these.
    Map<Integer, Long> lineage =
        Map.of(
            MetadataColumns.ROW_ID.fieldId(), -1L,
            MetadataColumns.LAST_UPDATED_SEQUENCE_NUMBER.fieldId(), -1L);
    return reader(table, file, columns, lineage);
  }

  /** The keys that a file of equality deletes holds. */
  static CloseableIterable<Record> keys(Table table, DeleteFile file, Schema columns) {
    return builder(file.format(), table.io().newInputFile(file), columns).build();
  }

  private static ReadBuilder<Record, Schema> reader(
      Table table, DataFile file, Schema columns, Map<Integer, ?> constants) {
    return builder(file.format(), table.io().newInputFile(file), columns).idToConstant(constants);
  }

  private static CloseableIterable<Record> open(Table table, ReadBuilder<Record, Schema> builder) {
    String names = table.properties().get(TableProperties.DEFAULT_NAME_MAPPING);
    return (names == null ? builder : builder.withNameMapping(NameMappingParser.fromJson(names)))
        .build();
  }

  private static ReadBuilder<Record, Schema> builder(
      FileFormat format, InputFile input, Schema columns) {
    return FormatModelRegistry.<Record, Schema>readBuilder(format, Record.class, input)
        .project(columns);
  }

  private static Map<Integer, ?> constants(DataFile file, PartitionSpec spec, Schema columns) {
    return PartitionUtil.constantsMap(
        new BaseFileScanTask(
            file,
            new DeleteFile[0],
            SchemaParser.toJson(columns),
            PartitionSpecParser.toJson(spec),
            ResidualEvaluator.of(spec, Expressions.alwaysTrue(), true)),
        IdentityPartitionConverters::convertConstant);
  }

  /** The rows that position deletes or a vector delete. */
  static PositionDeleteIndex deleted(Table table, DataFile file, List<DeleteFile> deletes) {
    if (deletes.isEmpty()) {
      return noRows();
    }
    return new BaseDeleteLoader(delete -> table.io().newInputFile(delete), IN_PLACE)
        .loadPositionDeletes(deletes, file.location());
  }

  /** No row; others can be added. */
  static PositionDeleteIndex noRows() {
    return Deletes.toPositionIndex(CloseableIterable.<Long>empty());
  }

  static PositionDeleteIndex union(PositionDeleteIndex some, PositionDeleteIndex others) {
    if (some.isEmpty() || others.isEmpty()) {
      return some.isEmpty() ? others : some;
    }
    PositionDeleteIndex both = noRows();
    both.merge(some);
    both.merge(others);
    return both;
  }

  static void delete(Table table, List<DataFile> files) {
    files.forEach(file -> table.io().deleteFile(file.location()));
  }
}
