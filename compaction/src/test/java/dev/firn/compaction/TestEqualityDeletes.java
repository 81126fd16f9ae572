package dev.firn.compaction;

import static dev.firn.compaction.ForeignTable.row;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestEqualityDeletes {
  private static final long SEED = Long.getLong("firn.seed", 20261122);
  private static final PartitionSpec NONE = PartitionSpec.unpartitioned();
  private static final PartitionSpec BY_REGION =
      PartitionSpec.builderFor(ForeignTable.SCHEMA).identity("region").build();

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void theyAreAppliedAndGone(int formatVersion) {
    ForeignTable lake = ForeignTable.in(folder, formatVersion, NONE);
    lake.append(0, 10, "eu");
    lake.deleteWhere(List.of("id"), row(3, null, null), row(4, null, null));
    lake.append(10, 20, "eu");
    lake.deleteWhere(List.of("id"), row(12, null, null));
    Map<Integer, String> before = lake.rows();

    TableResult result = lake.compact();

    assertThat(result.failure()).isEmpty();
    assertThat(lake.rows()).isEqualTo(before).hasSize(17);
    assertThat(lake.deleteFiles()).isZero();
    assertThat(lake.files()).hasSize(1);
    assertThat(result.deletedRowsRemoved()).isEqualTo(3);
    assertThat(lake.compact().isNothing()).isTrue();
  }

  /** A row that was written after its delete, or with it, is another one. */
  @Test
  void theyApplyToOlderRowsOnly() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(0, 10, "eu");
    Table table = lake.table();
    table
        .newRowDelta()
        .addRows(ForeignTable.write(table, List.of(row(3, "second", "eu"))))
        .addDeletes(ForeignTable.equality(table, List.of("id"), List.of(row(3, null, null))))
        .commit();
    lake.append(List.of(row(4, "second", "eu")));
    Map<Integer, String> before = lake.rows();

    assertThat(lake.compact().failure()).isEmpty();

    assertThat(lake.rows()).isEqualTo(before);
    assertThat(before.get(3)).contains("second").doesNotContain("name 3");
    assertThat(before.get(4)).contains("second").contains("name 4");
    assertThat(lake.deleteFiles()).isZero();
  }

  @Test
  void keysMayHaveSeveralColumnsAndNulls() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(
        List.of(row(1, null, "eu"), row(2, null, "us"), row(3, "c", null), row(4, "d", "eu")));
    lake.append(List.of(row(5, null, null), row(6, "", "eu"), row(7, "null", "eu")));
    lake.deleteWhere(List.of("name", "region"), row(0, null, "eu"), row(0, "c", null));
    lake.deleteWhere(List.of("name"), row(0, "", null), row(0, "unknown", null));
    Map<Integer, String> before = lake.rows();

    assertThat(lake.compact().failure()).isEmpty();

    assertThat(lake.rows()).isEqualTo(before).containsOnlyKeys(2, 4, 5, 7);
    assertThat(lake.deleteFiles()).isZero();
  }

  @Test
  void theyApplyToTheirPartition() {
    ForeignTable lake = ForeignTable.in(folder, 3, BY_REGION);
    lake.append(0, 10, "eu");
    lake.append(0, 10, "us");
    lake.deleteWhere(List.of("id"), row(3, null, "eu"));
    Map<Integer, String> before = lake.rows();

    assertThat(lake.compact().failure()).isEmpty();

    assertThat(lake.rows()).isEqualTo(before);
    assertThat(before.get(3)).contains("us").doesNotContain("eu");
    assertThat(lake.deleteFiles()).isZero();
    assertThat(lake.files()).hasSize(2);
  }

  /** Written without a partition, while the table had none yet, they apply to all of them. */
  @Test
  void withoutAPartitionTheyApplyEverywhere() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(0, 10, "eu");
    lake.table().updateSpec().addField("region").commit();
    lake.append(10, 20, "eu");
    lake.append(20, 30, "us");
    Table table = lake.table();
    DeleteFile everywhere =
        ForeignTable.equality(
            table,
            NONE,
            null,
            List.of("id"),
            List.of(row(3, null, null), row(13, null, null), row(23, null, null)));
    table.newRowDelta().addDeletes(everywhere).commit();
    Map<Integer, String> before = lake.rows();

    assertThat(lake.compact().failure()).isEmpty();

    assertThat(lake.rows()).isEqualTo(before).hasSize(27);
    assertThat(lake.deleteFiles()).isZero();
    assertThat(lake.files()).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void whatArrivesMeanwhileIsRespected(int formatVersion) {
    ForeignTable lake = ForeignTable.in(folder, formatVersion, NONE);
    lake.append(0, 10, "eu");
    lake.append(10, 20, "eu");
    lake.deleteWhere(List.of("id"), row(3, null, null));
    GroupRewrite rewrite = lake.rewriteAll();
    lake.deleteWhere(List.of("id"), row(4, null, null), row(3, null, null));
    lake.deleteWhere(List.of("name"), row(0, "name 15", null));
    lake.append(List.of(row(4, "second", "eu")));
    Map<Integer, String> before = lake.rows();

    assertThat(rewrite.commit())
        .isInstanceOfSatisfying(
            GroupOutcome.Replaced.class,
            done -> assertThat(done.deletedRowsRemapped()).isEqualTo(2));

    assertThat(lake.rows()).isEqualTo(before).hasSize(18);
    lake.compact();
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.deleteFiles()).isZero();
  }

  /** Two tools at once: what one rewrites is gone for the other. */
  @Test
  void whatSomebodyElseMergedIsLeftToThem() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(0, 10, "eu");
    lake.append(10, 20, "eu");
    lake.deleteWhere(List.of("id"), row(3, null, null));
    GroupRewrite rewrite = lake.rewriteAll();
    lake.compact();
    Map<Integer, String> before = lake.rows();

    assertThat(rewrite.commit()).isInstanceOf(GroupOutcome.GivenUp.class);

    assertThat(lake.rows()).isEqualTo(before);
  }

  @Test
  void aRollbackBehindTheDeletesIsNoticed() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(0, 10, "eu");
    lake.append(10, 20, "eu");
    long first = lake.table().currentSnapshot().snapshotId();
    lake.deleteWhere(List.of("id"), row(3, null, null));
    GroupRewrite rewrite = lake.rewriteAll();
    lake.table().manageSnapshots().rollbackTo(first).commit();

    assertThat(rewrite.commit()).isInstanceOf(GroupOutcome.GivenUp.class);

    assertThat(lake.rows()).hasSize(20);
  }

  /** With less memory than the keys take, the data files are read several times. */
  @Test
  void keysMayBeMoreThanTheMemory() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(0, 30_000, "eu");
    lake.deleteWhere(
        List.of("id"),
        IntStream.range(0, 12_000).mapToObj(id -> row(2 * id, null, null)).toArray(Record[]::new));
    Set<Integer> before = Set.copyOf(lake.rows().keySet());
    CompactionSettings tight =
        new CompactionSettings(CompactionFixture.TARGET, CompactionMode.ALL, 1 << 20);

    TableResult result =
        Compaction.of("other.t", tight, Progress.NONE, Pacer.NONE)
            .run(lake.table(), InstantSource.system());

    assertThat(result.deletedRowsRemoved()).isEqualTo(12_000);
    assertThat(lake.rows().keySet()).isEqualTo(before);
  }

  /** What one part of the keys left in memory is not all that the next files need. */
  @Test
  void afterManyKeysFewAreReadAgain() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(0, 100, "eu");
    lake.deleteWhere(List.of("id"), ids(0, 4_000));
    lake.append(100, 200, "eu");
    lake.deleteWhere(List.of("id"), ids(100, 150));
    List<PlannedFile> files = CompactionFixture.group(lake.table()).files();
    EqualityDeletes deletes = new EqualityDeletes(lake.table(), 1 << 18, Work.silent());
    PlannedFile newer = files.getLast();

    assertThat(requireNonNull(deletes.rows(files).get(newer.location())).cardinality())
        .isEqualTo(50);
    assertThat(requireNonNull(deletes.rows(List.of(newer)).get(newer.location())).cardinality())
        .isEqualTo(50);
  }

  @Test
  void whatWasRolledBackDeletesNothing() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(0, 100, "eu");
    lake.deleteWhere(List.of("id"), ids(0, 10));
    PlannedFile before = CompactionFixture.group(lake.table()).files().getFirst();
    lake.deleteWhere(List.of("id"), ids(10, 30));
    PlannedFile after = CompactionFixture.group(lake.table()).files().getFirst();
    EqualityDeletes deletes = new EqualityDeletes(lake.table(), 1 << 20, Work.silent());

    assertThat(requireNonNull(deletes.rows(List.of(after)).get(after.location())).cardinality())
        .isEqualTo(30);
    assertThat(requireNonNull(deletes.rows(List.of(before)).get(before.location())).cardinality())
        .isEqualTo(10);
  }

  private static Record[] ids(int from, int to) {
    return IntStream.range(from, to).mapToObj(id -> row(id, null, null)).toArray(Record[]::new);
  }

  @Test
  void besideAWriterOnlyManyDeleteFilesAreReason() {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    lake.append(0, 100, "eu");
    CompactionSettings tiered =
        new CompactionSettings(CompactionFixture.TARGET, CompactionMode.TIERED);
    for (int id = 0; id < 10; id++) {
      assertThat(CompactionPlan.of(lake.table(), tiered, Instant.now()).groups()).isEmpty();
      lake.deleteWhere(List.of("id"), row(id, null, null));
    }

    assertThat(CompactionPlan.of(lake.table(), tiered, Instant.now()).groups()).hasSize(1);
  }

  /** Random appends and deletes of all kinds, before, during and after a rewrite. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void randomRoundsChangeNothing(int formatVersion) {
    System.out.printf("TestEqualityDeletes: seed %d (-Dfirn.seed=%d)%n", SEED, SEED);
    SplittableRandom random = new SplittableRandom(SEED + formatVersion);
    ForeignTable lake = ForeignTable.in(folder, formatVersion, BY_REGION);
    int[] next = {0};
    for (int round = 0; round < 2; round++) {
      changes(lake, random, next, 4);
      GroupRewrite rewrite =
          GroupRewrite.write(
              lake.table(),
              CompactionPlan.of(
                      lake.table(), CompactionFixture.all(CompactionFixture.TARGET), Instant.now())
                  .groups()
                  .getFirst(),
              CompactionFixture.all(CompactionFixture.TARGET));
      changes(lake, random, next, random.nextInt(4));
      Map<Integer, String> before = lake.rows();

      assertThat(rewrite.commit()).isInstanceOf(GroupOutcome.Replaced.class);

      assertThat(lake.rows()).as("round %d", round).isEqualTo(before);
    }
    Map<Integer, String> before = lake.rows();
    assertThat(lake.compact().failure()).isEmpty();
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.deleteFiles()).isZero();
  }

  private static void changes(ForeignTable lake, SplittableRandom random, int[] next, int commits) {
    for (int i = 0; i < commits; i++) {
      String region = random.nextBoolean() ? "eu" : "us";
      int some = 1 + random.nextInt(20);
      lake.append(next[0], next[0] + some, region);
      next[0] += some;
      List<Record> keys = new ArrayList<>();
      for (int n = 1 + random.nextInt(5); n > 0; n--) {
        int id = random.nextInt(next[0]);
        keys.add(row(id, "name " + id, region));
      }
      List<String> columns = random.nextBoolean() ? List.of("id") : List.of("name", "region");
      lake.deleteWhere(columns, keys.toArray(Record[]::new));
    }
  }
}
