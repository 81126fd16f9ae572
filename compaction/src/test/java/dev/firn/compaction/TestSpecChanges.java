package dev.firn.compaction;

import static dev.firn.compaction.ForeignTable.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestSpecChanges {
  private static final PartitionSpec NONE = PartitionSpec.unpartitioned();

  @TempDir private Path folder;

  /** More than are open at a time. */
  private static final int REGIONS = 35;

  /** Rows of all partitions alternate. */
  private static ForeignTable mixed(Path folder, int formatVersion) {
    ForeignTable lake = ForeignTable.in(folder, formatVersion, NONE);
    for (int from = 0; from < 120; from += 60) {
      List<Record> rows = new ArrayList<>();
      for (int id = from; id < from + 60; id++) {
        rows.add(row(id, "name " + id, "r" + id % REGIONS));
      }
      lake.append(rows);
    }
    lake.table().updateSpec().addField("region").commit();
    return lake;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void filesOfAnOlderPartitioningGoToThePresentOne(int formatVersion) {
    ForeignTable lake = mixed(folder, formatVersion);
    lake.deleteWhere(List.of("id"), row(0, null, "r0"), row(35, null, "r0"));
    Map<Integer, String> before = lake.rows();

    assertThat(lake.compact().failure()).isEmpty();

    int spec = lake.table().spec().specId();
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.files()).allMatch(file -> file.specId() == spec);
    assertThat(lake.files().stream().map(file -> file.partition().toString()).distinct())
        .hasSize(REGIONS);
    assertThat(lake.files()).hasSize(REGIONS);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void whatIsDeletedMeanwhileStaysDeletedWhereverItsRowWent(int formatVersion) {
    ForeignTable lake = mixed(folder, formatVersion);
    GroupRewrite rewrite = lake.rewriteAll();
    List<DataFile> files =
        lake.files().stream()
            .sorted(Comparator.comparing(file -> file.dataSequenceNumber()))
            .toList();
    if (formatVersion == 2) {
      lake.deletePositions(files, 7);
      lake.deletePositions(files.subList(0, 1), 47);
    } else {
      deleteByUnpartitionedKeys(lake, 7, 47, 67);
    }
    Map<Integer, String> before = lake.rows();

    assertThat(rewrite.commit())
        .isInstanceOfSatisfying(
            GroupOutcome.Replaced.class,
            done -> assertThat(done.deletedRowsRemapped()).isEqualTo(3));

    assertThat(lake.rows()).isEqualTo(before).hasSize(117).doesNotContainKeys(7, 47, 67);
    lake.compact();
    assertThat(lake.rows()).isEqualTo(before);
  }

  private static void deleteByUnpartitionedKeys(ForeignTable lake, int... ids) {
    var table = lake.table();
    List<Record> keys = new ArrayList<>();
    for (int id : ids) {
      keys.add(row(id, null, null));
    }
    table
        .newRowDelta()
        .addDeletes(ForeignTable.equality(table, NONE, null, List.of("id"), keys))
        .commit();
  }

  /** A reader takes the value of the column from the partition: a wrong one is a wrong row. */
  @Test
  void bytesMayBeAPartition() throws IOException {
    Schema schema =
        new Schema(
            Types.NestedField.required(1, "id", Types.IntegerType.get()),
            Types.NestedField.required(2, "bytes", Types.BinaryType.get()));
    Catalog catalog = Lake.open("lake", Lake.embedded(folder));
    ((SupportsNamespaces) catalog).createNamespace(Namespace.of("other"));
    Table table =
        catalog.createTable(
            TableIdentifier.of("other", "b"), schema, NONE, Map.of("format-version", "3"));
    List<Record> rows = new ArrayList<>();
    for (int id = 0; id < 40; id++) {
      ByteBuffer bytes = ByteBuffer.wrap(new byte[] {(byte) (id % 4)});
      rows.add(GenericRecord.create(schema).copy(Map.of("id", id, "bytes", bytes)));
    }
    table.newAppend().appendFile(ForeignTable.write(table, rows)).commit();
    table.updateSpec().addField("bytes").commit();

    assertThat(CompactionFixture.compact(table).failure()).isEmpty();

    table.refresh();
    assertThat(CompactionFixture.files(table)).hasSize(4);
    try (CloseableIterable<Record> read = IcebergGenerics.read(table).build()) {
      assertThat(read)
          .hasSize(40)
          .allMatch(row -> ((ByteBuffer) row.get(1)).get(0) == (Integer) row.get(0) % 4);
    }
  }

  @Test
  void groupsAreSmallerWhereEachPlaceIsRemembered() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(0, 20_000, "eu");
    lake.append(20_000, 40_000, "us");
    lake.table().updateSpec().addField("region").commit();
    CompactionSettings tight =
        new CompactionSettings(CompactionFixture.TARGET, CompactionMode.ALL, 1 << 20);

    assertThat(CompactionPlan.of(lake.table(), tight, Instant.now()).groups()).hasSize(2);
    assertThat(
            CompactionPlan.of(
                    lake.table(), CompactionFixture.all(CompactionFixture.TARGET), Instant.now())
                .groups())
        .hasSize(1);
  }
}
