package dev.firn.testing.simulation;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.FakeClock;
import dev.firn.testing.MemoryStorage;
import dev.firn.testing.simulation.Invariants.ForeignRows;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.io.DataWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The checks themselves, on tables that a plain writer fills rightly and wrongly. */
class TestInvariants {
  private final ModelSource source =
      new ModelSource(
          new SplittableRandom(1), new FakeClock(Instant.EPOCH), List.of(SourceTable.values()));
  private final LakeReader lake = new LakeReader(new MemoryStorage());
  private final Invariants invariants = new Invariants(source, lake);
  private int files;

  @BeforeEach
  void copyTheSource() throws IOException {
    while (source.rows(SourceTable.ACCOUNTS, source.end()).isEmpty()) {
      var unused = source.transact(100);
    }
    lake.catalog().createNamespace(LakeReader.NAMESPACE);
    for (SourceTable table : SourceTable.values()) {
      Table made =
          lake.catalog()
              .createTable(
                  LakeReader.identifier(table),
                  table.schema(),
                  PartitionSpec.unpartitioned(),
                  Map.of("format-version", "3"));
      append(table, new ArrayList<>(source.rows(table, source.end())), source.end());
      made.refresh();
    }
  }

  @Test
  void acceptsACopy() {
    assertThatCode(this::check).doesNotThrowAnyException();
  }

  @Test
  void findsADoubledRow() throws IOException {
    append(SourceTable.ACCOUNTS, List.of(anyAccount()), source.end());

    assertThatThrownBy(this::check)
        .isInstanceOf(InvariantViolation.class)
        .hasMessageContaining("ACCOUNTS")
        .hasMessageContaining("surplus 1 x");
  }

  @Test
  void findsALostTransaction() throws IOException {
    ModelPosition before = source.end();
    ModelTransaction lost = source.transact(60);

    append(SourceTable.NOTHING, List.of(), lost.end());
    check(before, Set.of(lost.end()));

    assertThatThrownBy(() -> check(lost.end(), Set.of()))
        .isInstanceOf(InvariantViolation.class)
        .hasMessageContaining("differs from its source");
  }

  @Test
  void findsATableAheadOfEveryBatch() throws IOException {
    ModelPosition before = source.end();
    ModelTransaction next = source.transact(0);
    append(SourceTable.NOTHING, List.of(), next.end());

    assertThatThrownBy(() -> check(before, Set.of()))
        .isInstanceOf(InvariantViolation.class)
        .hasMessageContaining("NOTHING is ahead");
  }

  @Test
  void findsARowWithAnotherId() throws IOException {
    check();
    Table accounts = lake.load(SourceTable.ACCOUNTS).orElseThrow();
    accounts
        .newDelete()
        .deleteFromRowFilter(org.apache.iceberg.expressions.Expressions.alwaysTrue())
        .commit();
    append(
        SourceTable.ACCOUNTS,
        new ArrayList<>(source.rows(SourceTable.ACCOUNTS, source.end())),
        source.end());

    assertThatThrownBy(this::check)
        .isInstanceOf(InvariantViolation.class)
        .hasMessageContaining("_row_id");
  }

  @Test
  void findsASummaryThatGoesBack() throws IOException {
    append(SourceTable.NOTHING, List.of(), new ModelPosition(source.end().at() - 1));

    assertThatThrownBy(this::check)
        .isInstanceOf(InvariantViolation.class)
        .hasMessageContaining("went back");
  }

  @Test
  void expectsForeignRowsUntilTheTableIsTruncated() {
    ForeignRows rows = new ForeignEngine(lake).appendAccount();
    assertThatThrownBy(this::check).isInstanceOf(InvariantViolation.class);

    invariants.expect(rows);

    assertThatCode(this::check).doesNotThrowAnyException();
  }

  private void check() {
    check(source.end(), Set.of());
  }

  private void check(ModelPosition complete, Set<ModelPosition> begun) {
    invariants.check(Optional.of(complete), begun);
  }

  private ModelRow anyAccount() {
    return source.rows(SourceTable.ACCOUNTS, source.end()).iterator().next();
  }

  private void append(SourceTable table, List<ModelRow> rows, ModelPosition position)
      throws IOException {
    Table loaded = lake.load(table).orElseThrow();
    var append = loaded.newFastAppend().set("firn.position", position.toString());
    if (!rows.isEmpty()) {
      append.appendFile(write(loaded, rows));
    }
    append.commit();
  }

  private DataFile write(Table table, List<ModelRow> rows) throws IOException {
    String location = table.locationProvider().newDataLocation("f%d.parquet".formatted(files++));
    DataWriter<Record> writer =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(table.schema())
            .build()
            .newDataWriter(
                EncryptedFiles.plainAsEncryptedOutput(table.io().newOutputFile(location)),
                table.spec(),
                null);
    try (writer) {
      for (ModelRow row : rows) {
        Record record = GenericRecord.create(table.schema());
        for (int i = 0; i < row.values().size(); i++) {
          record.set(i, row.values().get(i));
        }
        writer.write(record);
      }
    }
    return writer.toDataFile();
  }
}
