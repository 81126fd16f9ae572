package dev.firn.compaction;

import static dev.firn.compaction.ForeignTable.row;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestManifests {
  private static final PartitionSpec BY_REGION =
      PartitionSpec.builderFor(ForeignTable.SCHEMA).identity("region").build();

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void manyManifestsOfFilesThatStayAreGathered(int formatVersion) {
    ForeignTable lake = ForeignTable.in(folder, formatVersion, BY_REGION);
    lake.table().updateProperties().set("commit.manifest-merge.enabled", "false").commit();
    for (int i = 0; i < 14; i++) {
      lake.append(10 * i, 10 * i + 10, "r" + i);
    }
    Map<Integer, String> before = lake.rows();

    TableResult result = lake.compact();

    assertThat(result.failure()).isEmpty();
    assertThat(result.replaced()).isEmpty();
    assertThat(manifests(lake.table())).isEqualTo(1);
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.compact().isNothing()).isTrue();
  }

  @Test
  void fewManifestsAreLeft() {
    ForeignTable lake = ForeignTable.in(folder, 3, BY_REGION);
    lake.table().updateProperties().set("commit.manifest-merge.enabled", "false").commit();
    for (int i = 0; i < 12; i++) {
      lake.append(10 * i, 10 * i + 10, "r" + i);
    }

    lake.compact();

    assertThat(manifests(lake.table())).isEqualTo(12);
  }

  private static int manifests(Table table) {
    return table.currentSnapshot().dataManifests(table.io()).size();
  }

  @Test
  void positionDeletesOfManyFilesGoWithTheLastOfThem() {
    ForeignTable lake = ForeignTable.in(folder, 2, PartitionSpec.unpartitioned());
    lake.append(0, 10, "eu");
    lake.append(10, 20, "eu");
    for (int position = 0; position < 4; position++) {
      lake.deletePositions(lake.files(), position);
    }
    Map<Integer, String> before = lake.rows();

    assertThat(lake.compact().deletedRowsRemoved()).isEqualTo(8);

    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.deleteFiles()).isZero();
  }

  @Test
  void deletesThatApplyToAnotherFileStay() {
    ForeignTable lake = ForeignTable.in(folder, 2, BY_REGION);
    lake.append(0, 10, "eu");
    lake.append(10, 20, "us");
    lake.deletePositions(List.of(lake.files().getFirst()), 3);
    lake.deleteWhere(List.of("id"), row(15, null, "us"));

    assertThat(DanglingDeletes.find(lake.table())).isEmpty();
  }

  /** Nothing is older than they are, in the end; then nothing in their partition. */
  @Test
  void whatAppliesToNothingIsFound() {
    ForeignTable lake = ForeignTable.in(folder, 2, BY_REGION);
    lake.deleteWhere(List.of("id"), row(1, null, "eu"));
    lake.append(0, 10, "eu");
    lake.append(10, 20, "us");
    assertThat(DanglingDeletes.find(lake.table())).hasSize(1);

    Map<Integer, String> before = lake.rows();
    DanglingDeletes.remove(lake.table());

    assertThat(lake.deleteFiles()).isZero();
    assertThat(lake.rows()).isEqualTo(before);
  }

  /** What came between is deleted as well, and its deletes are not taken for those of before. */
  @Test
  void aWriterMayGoOnMeanwhile() {
    ForeignTable lake = ForeignTable.in(folder, 2, PartitionSpec.unpartitioned());
    lake.append(0, 10, "eu");
    lake.append(10, 20, "eu");
    lake.deletePositions(lake.files(), 4);
    GroupRewrite rewrite = lake.rewriteAll();
    lake.append(20, 30, "eu");
    List<DataFile> files = lake.files();
    lake.deletePositions(files, 5);
    Map<Integer, String> before = lake.rows();

    assertThat(rewrite.commit()).isInstanceOf(GroupOutcome.Replaced.class);
    assertThat(lake.rows()).isEqualTo(before);
    DanglingDeletes.remove(lake.table());

    assertThat(lake.rows()).isEqualTo(before).hasSize(25);
  }

  @Test
  void manyFilesArePlannedOneByOne() {
    ForeignTable lake = ForeignTable.in(folder, 3, PartitionSpec.unpartitioned());
    Table table = lake.table();
    var append = table.newAppend();
    IntStream.range(0, 40)
        .mapToObj(id -> ForeignTable.write(table, List.<Record>of(row(id, "a", "eu"))))
        .forEach(append::appendFile);
    append.commit();

    CompactionPlan plan =
        CompactionPlan.of(
            lake.table(), CompactionFixture.all(CompactionFixture.TARGET), Instant.now());

    assertThat(plan.files()).isEqualTo(40);
    assertThat(plan.groups()).singleElement().matches(group -> group.size() == 40);
  }
}
