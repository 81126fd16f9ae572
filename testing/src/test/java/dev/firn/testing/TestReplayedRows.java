package dev.firn.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.LakeTables;
import dev.firn.writer.SummaryKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.inmemory.InMemoryCatalog;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;

/** A baseline of a hundred rows and some changes, all made by hand. */
class TestReplayedRows {
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "name", Types.StringType.get()));
  private static final Schema CHANGES =
      new Schema(
          Types.NestedField.required(1, "_batch", Types.LongType.get()),
          Types.NestedField.required(2, "_sequence", Types.LongType.get()),
          Types.NestedField.required(3, "_op", Types.StringType.get()),
          Types.NestedField.required(4, "id", Types.LongType.get()),
          Types.NestedField.optional(5, "name", Types.StringType.get()));

  private final InMemoryCatalog catalog = new InMemoryCatalog();
  private final List<Record> changes = new ArrayList<>();
  private final Table table;

  TestReplayedRows() {
    catalog.initialize("memory", Map.of());
    catalog.createNamespace(Namespace.of("db"));
    table = catalog.createTable(TableIdentifier.of("db", "t"), SCHEMA);
    List<Record> rows = new ArrayList<>();
    for (long id = 0; id < 100; id++) {
      rows.add(record(SCHEMA, id, "as read"));
    }
    append(table, rows);
    table
        .manageSnapshots()
        .createTag(LakeTables.BASELINE, table.currentSnapshot().snapshotId())
        .commit();
  }

  private static Record record(Schema schema, Object... values) {
    Record record = GenericRecord.create(schema);
    for (int i = 0; i < values.length; i++) {
      record.set(i, values[i]);
    }
    return record;
  }

  private static void append(Table table, List<Record> rows) {
    EncryptedOutputFile file =
        EncryptedFiles.plainAsEncryptedOutput(
            table
                .io()
                .newOutputFile(
                    "%s/data/%s.parquet".formatted(table.location(), UUID.randomUUID())));
    DataWriter<Record> writer =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(table.schema())
            .build()
            .newDataWriter(file, table.spec(), null);
    try (writer) {
      rows.forEach(writer::write);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    DataFile written = writer.toDataFile();
    table.newAppend().appendFile(written).set(SummaryKeys.BATCH, "1").commit();
  }

  private void change(String op, long id, String name) {
    changes.add(record(CHANGES, 2L, (long) changes.size(), op, id, name));
  }

  private List<String> replayed(long held) {
    Table changelog = catalog.createTable(TableIdentifier.of("db", "c" + held), CHANGES);
    append(changelog, changes);
    List<String> found = new ArrayList<>();
    ReplayedRows.of(table, changelog, List.of("id", "name"), List.of("id"))
        .holding(held)
        .forEach(row -> found.add(row[0] + " " + row[1]));
    return found;
  }

  @Test
  void partsOfTheKeysOneAfterTheOtherGiveTheSame() {
    for (long id = 0; id < 100; id += 2) {
      change("u", id, "changed");
      change("u", id, "changed again");
    }
    for (long id = 0; id < 100; id += 5) {
      change("d", id, "");
    }
    change("c", 1000, "new");
    assertThat(replayed(10))
        .hasSize(81)
        .contains("1000 new", "2 changed again", "3 as read")
        .containsExactlyInAnyOrderElementsOf(replayed(1_000_000));
  }

  @Test
  void truncationConcernsEveryPart() {
    change("u", 7, "changed");
    change("t", 0, "");
    change("c", 8, "new");
    assertThat(replayed(10)).containsExactly("8 new");
  }
}
