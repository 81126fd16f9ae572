package dev.firn.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.cleaning.Cleaning;
import dev.firn.compaction.cleaning.CleaningSettings;
import dev.firn.compaction.cleaning.Unreachable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.encryption.EncryptedFiles;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TestCleaningFaults {
  private static final Namespace CONTROL = Namespace.of("control");
  private static final TableIdentifier TABLE = TableIdentifier.of("db", "t");
  private static final Schema SCHEMA =
      new Schema(Types.NestedField.required(1, "id", Types.LongType.get()));

  private final FakeClock clock = new FakeClock(Instant.parse("2026-01-01T00:00:00Z"));
  private final MemoryStorage storage = new MemoryStorage(clock);
  private final Cleaning cleaning = Cleaning.with(CleaningSettings.defaults());

  /** Of the steps that a cleaning takes; a note is a file like others. */
  static Stream<Arguments> faults() {
    return Stream.of(
            FaultPoint.READ,
            FaultPoint.DELETE,
            FaultPoint.TABLE_LOAD,
            FaultPoint.DATA_FILE_CREATE,
            FaultPoint.DATA_FILE_CLOSE)
        .flatMap(point -> point.kinds().stream().map(kind -> Arguments.of(point, kind)));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void whatAFaultLeavesTheNextRunRemoves(FaultPoint point, FaultKind kind) throws IOException {
    FaultyCatalog catalog = new FaultyCatalog(storage, Faults.none(), CONTROL);
    catalog.createNamespace(TABLE.namespace());
    Table table =
        catalog.createTable(
            TABLE,
            SCHEMA,
            PartitionSpec.unpartitioned(),
            Map.of(
                "write.metadata.delete-after-commit.enabled", "true",
                "write.metadata.previous-versions-max", "1"));
    for (int pass = 0; pass < 6; pass += 3) {
      table.newAppend().appendFile(file(table, pass)).commit();
      table.newOverwrite().overwriteByRowFilter(all()).addFile(file(table, 9)).commit();
      Faults faults = Faults.none();
      faults.arm(point, kind, pass);
      try {
        clean(new FaultyCatalog(storage, faults, CONTROL));
      } catch (RuntimeException | Error e) {
        assertThat(faults.struck()).isPresent();
      }
      clean(new FaultyCatalog(storage, Faults.none(), CONTROL));
      table.refresh();
      assertThat(ids(table)).containsExactly(9L);
      assertThat(Unreachable.in(table).examples()).isEmpty();
    }
  }

  private static Expression all() {
    return Expressions.alwaysTrue();
  }

  /** Expires all but the current snapshot, and removes all that may go. */
  private void clean(FaultyCatalog catalog) {
    Table table = catalog.loadTable(TABLE);
    Set<Long> old = new TreeSet<>();
    table.snapshots().forEach(snapshot -> old.add(snapshot.snapshotId()));
    old.remove(table.currentSnapshot().snapshotId());
    cleaning.beforeExpiry(table, old, clock.instant());
    TableOperations operations = ((BaseTable) table).operations();
    TableMetadata base = operations.current();
    operations.commit(base, TableMetadata.buildFrom(base).removeSnapshots(old).build());
    clock.advance(Duration.ofHours(1));
    var swept = cleaning.sweep(table, clock.instant());
    clock.advance(Duration.ofDays(3));
    var found = cleaning.findOrphans(table, List.of(), clock.instant());
    assertThat(swept.plus(found).failed()).isLessThan(2);
  }

  private static DataFile file(Table table, long id) throws IOException {
    DataWriter<Record> writer =
        new GenericFileWriterFactory.Builder(table)
            .dataFileFormat(FileFormat.AVRO)
            .dataSchema(SCHEMA)
            .build()
            .newDataWriter(
                EncryptedFiles.plainAsEncryptedOutput(
                    table
                        .io()
                        .newOutputFile(
                            table.locationProvider().newDataLocation(UUID.randomUUID() + ".avro"))),
                table.spec(),
                null);
    try (writer) {
      Record row = GenericRecord.create(SCHEMA);
      row.set(0, id);
      writer.write(row);
    }
    return writer.toDataFile();
  }

  private static Set<Long> ids(Table table) {
    Set<Long> ids = new TreeSet<>();
    try (CloseableIterable<Record> rows = IcebergGenerics.read(table).build()) {
      rows.forEach(row -> ids.add((Long) row.get(0)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ids;
  }
}
