package dev.firn.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.compaction.Compaction;
import dev.firn.compaction.CompactionMode;
import dev.firn.compaction.CompactionSettings;
import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import dev.firn.compaction.TableResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TestCompactionFaults {
  private static final Namespace CONTROL = Namespace.of("control");
  private static final TableIdentifier TABLE = TableIdentifier.of("db", "t");
  private static final Schema SCHEMA =
      new Schema(Types.NestedField.required(1, "id", Types.LongType.get()));

  private final MemoryStorage storage = new MemoryStorage();
  private final Faults faults = Faults.none();

  @BeforeEach
  void tableOfThreeFiles() throws IOException {
    FaultyCatalog catalog = new FaultyCatalog(storage, Faults.none(), CONTROL);
    catalog.createNamespace(TABLE.namespace());
    Table table =
        catalog.createTable(
            TABLE,
            SCHEMA,
            PartitionSpec.unpartitioned(),
            Map.of(
                "format-version", "3",
                "commit.retry.min-wait-ms", "1",
                "commit.retry.max-wait-ms", "2"));
    for (long id = 0; id < 3; id++) {
      append(table, id);
    }
  }

  private static void append(Table table, long id) throws IOException {
    DataWriter<Record> writer =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.PARQUET)
            .dataSchema(SCHEMA)
            .build()
            .newDataWriter(
                EncryptedFiles.plainAsEncryptedOutput(
                    table.io().newOutputFile("memory://lake/%d.parquet".formatted(id))),
                table.spec(),
                null);
    try (writer) {
      Record row = GenericRecord.create(SCHEMA);
      row.set(0, id);
      writer.write(row);
    }
    table.newFastAppend().appendFile(writer.toDataFile()).commit();
  }

  @ParameterizedTest
  @EnumSource(names = {"BEFORE", "AFTER", "CONFLICT", "LOST_ANSWER"})
  void aFailedCommitHappensOnce(FaultKind kind) {
    faults.arm(FaultPoint.TABLE_COMMIT, kind, 0);

    TableResult result = compact();

    assertThat(result.failure()).isEmpty();
    assertThat(result.filesAfter()).isEqualTo(1);
    assertThat(compactions()).isEqualTo(1);
    assertThat(ids()).containsExactly(0L, 1L, 2L);
  }

  @Test
  void aCrashLeavesTheTableWhole() {
    faults.arm(FaultPoint.TABLE_COMMIT, FaultKind.CRASH_BEFORE, 0);

    assertThatThrownBy(this::compact).isInstanceOf(SimulatedCrash.class);

    assertThat(compactions()).isZero();
    assertThat(ids()).containsExactly(0L, 1L, 2L);
  }

  @Test
  void aWriteThatFailsLeavesNoDataFile() {
    List<String> before = storage.locations();
    faults.arm(FaultPoint.DATA_FILE_CLOSE, FaultKind.BEFORE, 0);

    assertThatThrownBy(this::compact).isInstanceOf(UncheckedIOException.class);

    assertThat(storage.locations()).isEqualTo(before);
  }

  private TableResult compact() {
    return Compaction.of(
            "db.t",
            new CompactionSettings(128L << 20, CompactionMode.ALL),
            Progress.NONE,
            Pacer.NONE)
        .run(new FaultyCatalog(storage, faults, CONTROL).loadTable(TABLE), InstantSource.system());
  }

  private Table table() {
    return new FaultyCatalog(storage, Faults.none(), CONTROL).loadTable(TABLE);
  }

  private long compactions() {
    long compactions = 0;
    for (var snapshot : table().snapshots()) {
      compactions += snapshot.summary().containsKey("firn.compaction.why") ? 1 : 0;
    }
    return compactions;
  }

  private SortedSet<Long> ids() {
    SortedSet<Long> ids = new TreeSet<>();
    try (CloseableIterable<Record> rows = IcebergGenerics.read(table()).build()) {
      rows.forEach(row -> ids.add((Long) row.get(0)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ids;
  }
}
