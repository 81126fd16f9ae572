package dev.firn.compaction;

import static dev.firn.compaction.CompactionFixture.with;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.LakeTables;
import dev.firn.writer.RowChange;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestCompaction {
  private static final long SEED = Long.getLong("firn.seed", 20261121);
  private static final int ROUNDS = Integer.getInteger("firn.rounds", 12);

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void smallFilesBecomeOneAndNothingElseChanges(int formatVersion) {
    CompactionFixture lake = with(50, folder, formatVersion);
    lake.commit(lake.update(3, "second"), lake.insert(50, "first"));
    lake.commit(lake.update(4, "second"), lake.delete(5), lake.insert(51, "first"));
    Map<Integer, String> before = lake.rows();

    TableResult result = lake.compact();

    assertThat(result.filesBefore()).isEqualTo(3);
    assertThat(result.filesAfter()).isEqualTo(1);
    assertThat(result.rows()).isEqualTo(51);
    assertThat(result.deletedRowsRemoved()).isEqualTo(3);
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.files()).singleElement().matches(file -> file.deletes().isEmpty());
    assertThat(lake.compact().isNothing()).isTrue();
  }

  @Test
  void rowsStayInOrder() {
    CompactionFixture lake = with(3, folder, 3);
    lake.commit(lake.insert(3, "first"), lake.insert(4, "first"));
    lake.commit(lake.insert(5, "first"));

    lake.compact();

    assertThat(lake.rows().values())
        .extracting(row -> row.replaceAll(".*#(\\d+) .*", "$1"))
        .containsExactly("0", "1", "2", "3", "4", "5");
    assertThat(lake.storedIds()).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void aSingleCleanFileIsLeftAlone() {
    CompactionFixture lake = with(10, folder, 3);
    Snapshot before = lake.table().currentSnapshot();

    assertThat(lake.compact().isNothing()).isTrue();

    assertThat(lake.table().currentSnapshot()).isEqualTo(before);
  }

  @Test
  void aFileWithManyDeletedRowsIsWrittenAgainAlone() {
    CompactionFixture lake = with(10, folder, 3);
    lake.commit(lake.delete(1), lake.delete(2));

    TableResult result = lake.compact();

    assertThat(result.deletedRowsRemoved()).isEqualTo(2);
    assertThat(lake.files()).singleElement().matches(file -> file.deletes().isEmpty());
  }

  @Test
  void theSummarySaysWhyAndNothingThatIsTheWriters() {
    CompactionFixture lake = with(10, folder, 3);
    lake.commit(lake.update(1, "second"));

    lake.compact();

    Map<String, String> summary = lake.table().currentSnapshot().summary();
    assertThat(summary)
        .containsEntry("firn.compaction.why", "2 small files, 0 with many deleted rows")
        .containsEntry("firn.compaction.files-in", "2")
        .containsEntry("firn.compaction.files-out", "1")
        .containsEntry("firn.compaction.rows-in", "10")
        .containsEntry("firn.compaction.rows-out", "10")
        .doesNotContainKeys("firn.pipeline", "firn.epoch", "firn.batch", "firn.position");
    assertThat(lake.table().currentSnapshot().operation()).isEqualTo("replace");
  }

  @Test
  void theWriterGoesOnAfterACompaction() {
    CompactionFixture lake = with(10, folder, 3);
    lake.commit(lake.update(1, "second"));
    String row = requireNonNull(lake.rows().get(1));
    lake.compact();

    lake.commit(lake.update(1, "third"), lake.delete(2));

    assertThat(lake.rows()).hasSize(9).doesNotContainKey(2);
    assertThat(lake.rows().get(1)).startsWith("third #" + row.replaceAll(".*#(\\d+) .*", "$1 "));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void whatIsDeletedMeanwhileStaysDeleted(int formatVersion) {
    CompactionFixture lake = with(20, folder, formatVersion);
    lake.commit(lake.update(3, "second"), lake.delete(4));
    lake.commit(lake.insert(20, "first"), lake.insert(21, "first"));
    GroupRewrite rewrite = lake.rewriteAll(CompactionFixture.TARGET);
    lake.commit(lake.delete(5), lake.update(3, "third"), lake.delete(21));
    lake.commit(lake.insert(22, "first"), lake.update(6, "second"));
    Map<Integer, String> before = lake.rows();

    GroupOutcome outcome = rewrite.commit();

    assertThat(outcome)
        .isInstanceOfSatisfying(
            GroupOutcome.Replaced.class,
            done -> assertThat(done.deletedRowsRemapped()).isEqualTo(4));
    assertThat(lake.rows()).isEqualTo(before);
  }

  /** What is written lies where its rows lay, and so do the deletes that are carried over to it. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void theTableMayBePartitionedAnewMeanwhile(int formatVersion) {
    CompactionFixture lake = with(20, folder, formatVersion);
    lake.commit(lake.insert(20, "first"), lake.insert(21, "first"));
    FileGroup group = lake.allFiles();
    lake.partition("id");
    lake.commit(lake.delete(5), lake.insert(22, "first"));
    GroupRewrite rewrite = lake.rewrite(group, CompactionFixture.TARGET);
    lake.commit(lake.delete(6), lake.update(7, "second"), lake.update(21, "second"));
    lake.partition("name");
    lake.commit(lake.update(8, "second"));
    Map<Integer, String> before = lake.rows();

    assertThat(rewrite.commit()).isInstanceOf(GroupOutcome.Replaced.class);

    assertThat(lake.rows()).isEqualTo(before);
    lake.commit(lake.update(9, "second"), lake.delete(10));
    assertThat(lake.rows()).hasSize(before.size() - 1).doesNotContainKey(10);
  }

  /** The writer takes a file away with its last row: that is no reason to start again. */
  @Test
  void aFileMayDieMeanwhile() {
    CompactionFixture lake = with(20, folder, 3);
    lake.commit(lake.insert(20, "first"), lake.insert(21, "first"));
    lake.commit(lake.insert(22, "first"));
    GroupRewrite rewrite = lake.rewriteAll(CompactionFixture.TARGET);
    lake.commit(lake.update(22, "second"), lake.delete(3));
    Map<Integer, String> before = lake.rows();

    assertThat(rewrite.commit()).isInstanceOf(GroupOutcome.Replaced.class);

    assertThat(lake.rows()).isEqualTo(before);
    lake.commit(lake.update(22, "third"), lake.update(21, "second"));
    assertThat(lake.rows()).hasSize(22);
  }

  @Test
  void whatSomebodyElseRewroteIsLeftToThem() {
    CompactionFixture lake = with(20, folder, 3);
    lake.commit(lake.insert(20, "first"));
    GroupRewrite rewrite = lake.rewriteAll(CompactionFixture.TARGET);
    lake.compact();
    Map<Integer, String> before = lake.rows();
    Snapshot theirs = lake.table().currentSnapshot();

    GroupOutcome outcome = rewrite.commit();

    assertThat(outcome).isInstanceOf(GroupOutcome.GivenUp.class);
    assertThat(lake.table().currentSnapshot()).isEqualTo(theirs);
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(rewrite.written())
        .noneMatch(file -> lake.table().io().newInputFile(file.location()).exists());
  }

  @Test
  void aTruncatedTableIsLeftAlone() {
    CompactionFixture lake = with(20, folder, 3);
    lake.commit(lake.insert(20, "first"));
    GroupRewrite rewrite = lake.rewriteAll(CompactionFixture.TARGET);
    lake.commit(new RowChange.Truncate());

    assertThat(rewrite.commit()).isInstanceOf(GroupOutcome.GivenUp.class);

    assertThat(lake.rows()).isEmpty();
  }

  @Test
  void theTablesOfALakeAreFoundWithoutTheControlTable() {
    CompactionFixture lake = with(1, folder, 3);
    var unused =
        lake.catalog.createTable(TableIdentifier.of("shop", "foreign"), lake.table().schema());

    assertThat(LakeTables.in(lake.catalog))
        .containsExactly(CompactionFixture.ORDERS, TableIdentifier.of("shop", "orders_changelog"));
  }

  @Test
  void aTableOfSomebodyElseIsFoundByItsWholeName() {
    CompactionFixture lake = with(1, folder, 3);
    TableIdentifier foreign = TableIdentifier.of("shop", "foreign");
    var unused = lake.catalog.createTable(foreign, lake.table().schema());

    assertThat(LakeTables.named(lake.catalog, "shop.foreign")).contains(foreign);
    assertThat(LakeTables.named(lake.catalog, "foreign")).isEmpty();
    assertThat(LakeTables.named(lake.catalog, "shop.nothing")).isEmpty();
    assertThat(lake.catalog.listTables(Namespace.of("firn")))
        .isNotEmpty()
        .allMatch(control -> LakeTables.named(lake.catalog, control.toString()).isEmpty());
  }

  /**
   * Their rows have no ids yet, and would have others after a rewrite than others see meanwhile.
   */
  @Test
  void afterAnUpgradeFilesWaitForTheNextCommit() {
    ForeignTable lake = ForeignTable.in(folder, 2, PartitionSpec.unpartitioned());
    lake.append(0, 10, "eu");
    lake.append(10, 20, "eu");
    lake.table().updateProperties().set("format-version", "3").commit();

    TableResult waiting = lake.compact();

    assertThat(waiting.failure()).isEmpty();
    assertThat(waiting.notes()).singleElement().asString().contains("left 2 files", "upgraded");
    lake.append(20, 30, "eu");
    Map<Integer, String> before = lake.rows();
    assertThat(lake.compact().failure()).isEmpty();
    assertThat(lake.rows()).isEqualTo(before).hasSize(30);
    assertThat(lake.files()).hasSize(1);
  }

  /** Rounds of commits before, during and after a rewrite into several files. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void randomRoundsMatchAModel(int formatVersion) {
    randomRounds(formatVersion, with(3_500, folder, formatVersion));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void randomRoundsMatchAModelWhereRowsAreSorted(int formatVersion) {
    CompactionFixture lake = with(3_500, folder, formatVersion);
    lake.table().replaceSortOrder().desc("name").asc("id").commit();
    randomRounds(formatVersion, lake);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void randomRoundsMatchAModelAlongAZOrderCurve(int formatVersion) {
    CompactionFixture lake = with(3_500, folder, formatVersion);
    lake.table().updateProperties().set(RowOrder.ZORDER, "name, id").commit();
    randomRounds(formatVersion, lake);
  }

  private static void randomRounds(int formatVersion, CompactionFixture lake) {
    System.out.printf("TestCompaction: seed %d (-Dfirn.seed=%d)%n", SEED, SEED);
    SplittableRandom random = new SplittableRandom(SEED + formatVersion);
    Map<Integer, String> model = new TreeMap<>();
    for (int id = 0; id < 3_500; id++) {
      model.put(id, "first");
    }
    long remapped = 0;
    for (int round = 0; round < ROUNDS; round++) {
      commits(lake, model, random, 1 + random.nextInt(3));
      GroupRewrite rewrite = lake.rewriteAll(2_000);
      commits(lake, model, random, random.nextInt(4));
      Map<Integer, String> before = lake.rows();

      GroupOutcome outcome = rewrite.commit();

      assertThat(outcome).as("round %d", round).isInstanceOf(GroupOutcome.Replaced.class);
      assertThat(lake.rows()).as("round %d", round).isEqualTo(before);
      assertNames(lake, model, round);
      GroupOutcome.Replaced done = (GroupOutcome.Replaced) outcome;
      assertThat(done.filesOut()).isGreaterThan(1);
      remapped += done.deletedRowsRemapped();
      assertOneVectorEach(lake);
    }
    commits(lake, model, random, 3);
    assertNames(lake, model, ROUNDS);
    assertThat(remapped).isPositive();
  }

  private static void commits(
      CompactionFixture lake, Map<Integer, String> model, SplittableRandom random, int commits) {
    for (int i = 0; i < commits; i++) {
      List<RowChange> changes = new ArrayList<>();
      Set<Integer> touched = new TreeSet<>();
      List<Integer> ids = new ArrayList<>(model.keySet());
      int last = ids.getLast();
      for (int n = random.nextInt(60); n > 0; n--) {
        int id = ids.get(random.nextInt(ids.size()));
        if (!touched.add(id)) {
          continue;
        }
        if (random.nextInt(3) == 0) {
          changes.add(lake.delete(id));
          model.remove(id);
        } else {
          String name = "name " + random.nextInt(1_000_000);
          changes.add(lake.update(id, name));
          model.put(id, name);
        }
      }
      for (int n = random.nextInt(30); n >= 0; n--) {
        changes.add(lake.insert(++last, "new"));
        model.put(last, "new");
      }
      lake.commit(changes.toArray(RowChange[]::new));
    }
  }

  private static void assertNames(CompactionFixture lake, Map<Integer, String> model, int round) {
    Map<Integer, String> names = new TreeMap<>();
    lake.rows().forEach((id, row) -> names.put(id, row.replaceAll(" #.*", "")));
    assertThat(names).as("round %d", round).isEqualTo(model);
  }

  private static void assertOneVectorEach(CompactionFixture lake) {
    for (FileScanTask file : lake.files()) {
      if (TableUtil.supportsRowLineage(lake.table())) {
        assertThat(file.deletes()).hasSizeLessThanOrEqualTo(1);
      }
    }
  }
}
