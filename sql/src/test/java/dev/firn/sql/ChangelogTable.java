package dev.firn.sql;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionData;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.types.Types.NestedField;

/** A table's changelog, written through plain Iceberg where the pipeline has not made one. */
final class ChangelogTable {
  /**
   * One change.
   *
   * @param order within its transaction
   * @param sequence within its batch
   * @param values of the table's columns; none for a TRUNCATE
   */
  record Change(
      String op, long position, int order, long batch, long sequence, List<Object> values) {
    Change {
      values = List.copyOf(values);
    }

    private Instant committedAt() {
      return ShopLake.sourceTime(position);
    }

    private Record row(Schema schema) {
      Record row = GenericRecord.create(schema);
      List<Object> all = new ArrayList<>();
      all.add(op);
      all.add("0/%X".formatted(position));
      all.add(Long.toString(position));
      all.add(order);
      all.add(OffsetDateTime.ofInstant(committedAt(), ZoneOffset.UTC));
      all.add(batch);
      all.add(sequence);
      all.addAll(values);
      for (int i = 0; i < all.size(); i++) {
        row.set(i, all.get(i));
      }
      return row;
    }
  }

  private ChangelogTable() {}

  /**
   * Writes the changelog of a table, unless it has one.
   *
   * @param changes all of one day, by the source's clock
   */
  static void write(Catalog catalog, TableIdentifier of, Schema columns, List<Change> changes) {
    TableIdentifier name = TableIdentifier.of(of.namespace(), of.name() + "_changelog");
    if (catalog.tableExists(name)) {
      return;
    }
    Schema schema = schema(columns);
    PartitionSpec days = PartitionSpec.builderFor(schema).day("_committed_at").build();
    Table table = catalog.createTable(name, schema, days);
    DataWriter<Record> out = writer(table, changes.getFirst().committedAt());
    try (out) {
      changes.forEach(change -> out.write(change.row(table.schema())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    table.newFastAppend().appendFile(out.toDataFile()).commit();
  }

  private static Schema schema(Schema columns) {
    List<NestedField> all = new ArrayList<>();
    all.add(NestedField.required(101, "_op", Types.StringType.get()));
    all.add(NestedField.required(102, "_position", Types.StringType.get()));
    all.add(NestedField.required(103, "_transaction", Types.StringType.get()));
    all.add(NestedField.required(104, "_order", Types.IntegerType.get()));
    all.add(NestedField.required(105, "_committed_at", Types.TimestampType.withZone()));
    all.add(NestedField.required(106, "_batch", Types.LongType.get()));
    all.add(NestedField.required(107, "_sequence", Types.LongType.get()));
    columns.columns().forEach(column -> all.add(column.asOptional()));
    return new Schema(all);
  }

  private static DataWriter<Record> writer(Table table, Instant committedAt) {
    PartitionData day = new PartitionData(table.spec().partitionType());
    day.set(0, Math.toIntExact(LocalDate.ofInstant(committedAt, ZoneOffset.UTC).toEpochDay()));
    return new GenericFileWriterFactory.Builder(table)
        .dataFileFormat(FileFormat.PARQUET)
        .dataSchema(table.schema())
        .build()
        .newDataWriter(
            EncryptedFiles.plainAsEncryptedOutput(
                table.io().newOutputFile(table.location() + "/data/changes.parquet")),
            table.spec(),
            day);
  }
}
