package dev.firn.compaction;

import static dev.firn.compaction.ForeignTable.row;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.NullOrder;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.SortOrderParser;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expressions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestSort {
  private static final PartitionSpec NONE = PartitionSpec.unpartitioned();

  /** Room for some hundred rows. */
  private static final CompactionSettings TIGHT =
      new CompactionSettings(CompactionFixture.TARGET, CompactionMode.ALL, 1 << 20);

  @TempDir private Path folder;

  /** Rows from 0 in no order, so many in each file. */
  private ForeignTable shuffled(int formatVersion, PartitionSpec spec, int rows, int inEachFile) {
    ForeignTable lake = ForeignTable.in(folder, formatVersion, spec);
    List<Integer> ids = new ArrayList<>(IntStream.range(0, rows).boxed().toList());
    Collections.shuffle(ids, new Random(1));
    for (int from = 0; from < rows; from += inEachFile) {
      lake.append(
          ids.subList(from, Math.min(rows, from + inEachFile)).stream()
              .map(id -> row(id, "name " + id, "r" + id % 3))
              .toList());
    }
    return lake;
  }

  private static List<Integer> idsInOrder(ForeignTable lake) {
    Table table = lake.table();
    return lake.files().stream()
        .flatMap(file -> ForeignTable.storedIds(table, file).stream())
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void rowsLieInTheTablesOrderWithTheirIds(int formatVersion) {
    ForeignTable lake = shuffled(formatVersion, NONE, 300, 100);
    lake.deleteWhere(List.of("id"), row(7, null, null));
    lake.table().replaceSortOrder().desc("region").asc("id").commit();
    Map<Integer, String> before = lake.rows();

    TableResult result = lake.compact();

    assertThat(result.failure()).isEmpty();
    assertThat(result.notes()).isEmpty();
    assertThat(lake.rows()).isEqualTo(before).hasSize(299);
    assertThat(lake.files())
        .singleElement()
        .extracting(DataFile::sortOrderId)
        .isEqualTo(lake.table().sortOrder().orderId());
    assertThat(idsInOrder(lake))
        .isSortedAccordingTo(
            Comparator.<Integer>comparingInt(id -> -(id % 3)).thenComparing(id -> id));
  }

  @Test
  void whatIsInOrderIsNotWrittenAgain() {
    ForeignTable lake = shuffled(3, NONE, 300, 100);
    lake.table().replaceSortOrder().asc("id").commit();
    lake.compact();
    Snapshot before = lake.table().currentSnapshot();

    assertThat(lake.compact().isNothing()).isTrue();

    assertThat(lake.table().currentSnapshot()).isEqualTo(before);
  }

  @Test
  void aFileThatIsInAnotherOrderIsWrittenAgainAlone() {
    ForeignTable lake = shuffled(3, NONE, 300, 300);
    assertThat(lake.compact().isNothing()).isTrue();
    lake.table().replaceSortOrder().asc("id").commit();
    assertThat(lake.compact().replaced()).hasSize(1);
    assertThat(why(lake)).isEqualTo("1 small files, 0 with many deleted rows, 1 in another order");
    lake.table().replaceSortOrder().desc("id").commit();
    assertThat(lake.compact().replaced()).hasSize(1);

    assertThat(idsInOrder(lake)).isSortedAccordingTo(Comparator.reverseOrder());
    assertThat(lake.compact().isNothing()).isTrue();
  }

  /** Rows by (region, id) are rows by region as well. */
  @Test
  void aFinerOrderIsTheOrderToo() {
    ForeignTable lake = shuffled(3, NONE, 300, 100);
    lake.table().replaceSortOrder().asc("region").asc("id").commit();
    lake.compact();
    lake.table().replaceSortOrder().asc("region").commit();

    assertThat(lake.compact().isNothing()).isTrue();
  }

  private static String why(ForeignTable lake) {
    for (Snapshot each : lake.table().snapshots()) {
      if (each.summary().containsKey(CompactionKeys.WHY)) {
        return each.summary().get(CompactionKeys.WHY);
      }
    }
    return "";
  }

  /** Beside a writer what is merged is sorted, and what is not merged is left alone. */
  @Test
  void mergesOfTiersAreSorted() {
    ForeignTable lake = shuffled(3, NONE, 400, 50);
    lake.table().replaceSortOrder().asc("id").commit();

    tiered(lake, Instant.now().plus(Duration.ofDays(1)));

    assertThat(lake.files()).hasSize(1);
    assertThat(idsInOrder(lake)).isSorted().hasSize(400);
    lake.append(List.of(row(1_000, "b", "x"), row(999, "a", "x")));
    assertThat(tiered(lake, Instant.now()).isNothing()).isTrue();
  }

  private static TableResult tiered(ForeignTable lake, Instant now) {
    return Compaction.of(
            "other.t",
            new CompactionSettings(CompactionFixture.TARGET, CompactionMode.TIERED),
            Progress.NONE,
            Pacer.NONE)
        .run(lake.table(), () -> now);
  }

  /** In each partition by itself. */
  @Test
  void partitionsAreSorted() {
    ForeignTable lake =
        shuffled(3, NONE, 300, 100); // all regions in one file, as nobody has partitioned yet
    lake.table().updateSpec().addField("region").commit();
    lake.table().replaceSortOrder().desc("id").commit();
    Map<Integer, String> before = lake.rows();

    assertThat(lake.compact().failure()).isEmpty();

    Table table = lake.table();
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.files())
        .hasSize(3)
        .allSatisfy(file ->
            assertThat(ForeignTable.storedIds(table, file))
                .hasSize(100)
                .isSortedAccordingTo(Comparator.reverseOrder())
                .allMatch(id -> ("r" + id % 3).equals(file.partition().get(0, String.class))));
    assertThat(lake.compact().isNothing()).isTrue();
  }

  @Test
  void eachGroupIsSortedByItself() {
    ForeignTable lake = shuffled(3, NONE, 80_000, 5_000);
    lake.table().replaceSortOrder().asc("name").commit();
    Map<Integer, String> before = lake.rows();

    TableResult result = run(lake, Pacer.NONE);

    assertThat(result.failure()).isEmpty();
    assertThat(result.replaced()).hasSize(3);
    assertThat(lake.rows()).isEqualTo(before);
    Table table = lake.table();
    assertThat(lake.files())
        .hasSize(3)
        .allSatisfy(file ->
            assertThat(ForeignTable.storedIds(table, file).stream().map(id -> "name " + id))
                .isSorted());
    assertThat(run(lake, Pacer.NONE).isNothing()).isTrue();
  }

  private static TableResult run(ForeignTable lake, Pacer pacer) {
    return Compaction.of("other.t", TIGHT, Progress.NONE, pacer)
        .run(lake.table(), InstantSource.system());
  }

  @Test
  void rowsThatDoNotFitIntoMemoryGoToTheLocalDiskAndLeaveNothingThere() {
    ForeignTable lake = shuffled(3, NONE, 30_000, 15_000);
    lake.table().replaceSortOrder().asc("id").commit();
    Map<Integer, String> before = lake.rows();
    List<Integer> spilled = new ArrayList<>();

    assertThat(run(lake, () -> spilled.add(spillFiles())).failure()).isEmpty();

    assertThat(lake.rows()).isEqualTo(before);
    assertThat(idsInOrder(lake)).isSorted().hasSize(30_000);
    assumeThat(Path.of("/proc/self/fd")).isDirectory();
    assertThat(Collections.max(spilled)).isGreaterThan(10);
    assertThat(spillFiles()).isZero();
  }

  /** While rows are read, spilled, merged, written, and read again. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 5, 7, 9, 11, 13})
  void aStopLeavesNothing(int paces) throws IOException {
    ForeignTable lake = shuffled(3, NONE, 30_000, 15_000);
    lake.table().replaceSortOrder().asc("id").commit();
    Snapshot before = lake.table().currentSnapshot();
    int[] calls = {0};

    TableResult result =
        run(
            lake,
            () -> {
              if (calls[0]++ == paces) {
                throw new CompactionStoppedException("the pipeline ends");
              }
            });

    assertThat(result.notes()).containsExactly("stopped after 0 of 1 groups: the pipeline ends");
    assertThat(lake.table().currentSnapshot()).isEqualTo(before);
    assertThat(spillFiles()).isZero();
    try (Stream<Path> files = Files.walk(folder)) {
      assertThat(files).noneMatch(file -> file.toString().contains("compacted"));
    }
  }

  /** Files without a name that the process holds open, where the system tells. */
  private static int spillFiles() {
    Path open = Path.of("/proc/self/fd");
    if (!Files.isDirectory(open)) {
      return 0;
    }
    int found = 0;
    try (Stream<Path> files = Files.list(open)) {
      for (Path file : files.toList()) {
        found += isSpill(file) ? 1 : 0;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static boolean isSpill(Path file) {
    try {
      return Files.readSymbolicLink(file).toString().contains("firn-sort-");
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  /** From files, partitions and equality deletes at once, with spilled rows in between. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void whatIsDeletedMeanwhileStaysDeletedWhereverItsRowWent(int formatVersion) {
    ForeignTable lake = shuffled(formatVersion, NONE, 6_000, 3_000);
    lake.deleteWhere(List.of("id"), row(11, null, null), row(12, null, null));
    lake.table().updateSpec().addField(Expressions.bucket("name", 4)).commit();
    lake.table().replaceSortOrder().desc("region").asc("id").commit();
    GroupRewrite rewrite = lake.rewriteAll(TIGHT);
    if (formatVersion == 2) {
      lake.deletePositions(lake.files(), 40);
      lake.deletePositions(lake.files().subList(0, 1), 2_999);
    }
    Table table = lake.table();
    List<Record> keys = IntStream.range(100, 120).mapToObj(id -> row(id, null, null)).toList();
    table
        .newRowDelta()
        .addDeletes(ForeignTable.equality(table, NONE, null, List.of("id"), keys))
        .commit();
    Map<Integer, String> before = lake.rows();

    assertThat(rewrite.commit())
        .isInstanceOfSatisfying(
            GroupOutcome.Replaced.class,
            done -> assertThat(done.deletedRowsRemapped()).isBetween(20L, 23L));

    assertThat(lake.rows())
        .isEqualTo(before)
        .doesNotContainKeys(11, 12, 100, 119)
        .containsKeys(99, 120);
    lake.compact();
    assertThat(lake.rows()).isEqualTo(before);
  }

  /** The file has more rows than there is room for their places. */
  @Test
  void placesThatDoNotFitIntoMemoryAreMapped() {
    ForeignTable lake = shuffled(3, NONE, 40_000, 40_000);
    lake.table().replaceSortOrder().asc("id").commit();
    GroupRewrite rewrite = lake.rewriteAll(TIGHT);
    lake.deleteWhere(
        List.of("id"), row(0, null, null), row(20_000, null, null), row(39_999, null, null));
    Map<Integer, String> before = lake.rows();

    assertThat(rewrite.commit())
        .isInstanceOfSatisfying(
            GroupOutcome.Replaced.class,
            done -> assertThat(done.deletedRowsRemapped()).isEqualTo(3));

    assertThat(lake.rows()).isEqualTo(before).hasSize(39_997);
  }

  @Test
  void theWriterGoesOnBesideARewriteThatSorts() {
    CompactionFixture lake = CompactionFixture.with(2_000, folder, 3);
    lake.table().replaceSortOrder().desc("id", NullOrder.NULLS_LAST).commit();
    lake.commit(lake.update(3, "second"), lake.delete(4), lake.insert(2_000, "first"));
    GroupRewrite rewrite = lake.rewriteAll(CompactionFixture.TARGET);
    lake.commit(lake.delete(5), lake.update(3, "third"), lake.update(1_999, "second"));
    lake.commit(lake.insert(2_001, "first"), lake.delete(2_000));
    Map<Integer, String> before = lake.rows();

    assertThat(rewrite.commit())
        .isInstanceOfSatisfying(
            GroupOutcome.Replaced.class,
            done -> assertThat(done.deletedRowsRemapped()).isEqualTo(4));

    assertThat(lake.rows()).isEqualTo(before);
    lake.commit(lake.update(3, "fourth"), lake.delete(0), lake.update(1_000, "second"));
    Map<Integer, String> after = lake.rows();
    assertThat(after).hasSize(before.size() - 1).doesNotContainKey(0);
    assertThat(rowId(after, 3)).isEqualTo(rowId(before, 3));
    assertThat(rowId(after, 1_000)).isEqualTo("1000");
    lake.compact();
    assertThat(lake.rows()).isEqualTo(after);
    assertThat(lake.storedIds()).isSortedAccordingTo(Comparator.reverseOrder());
  }

  private static String rowId(Map<Integer, String> rows, int id) {
    return requireNonNull(rows.get(id)).replaceAll(".*#(\\d+) .*", "$1");
  }

  /** Another tool may know transforms that Iceberg's library does not know. */
  @Test
  void anOrderThatCannotBeFollowedIsANoteAndRowsStayAsTheyLie() {
    ForeignTable lake = shuffled(3, NONE, 300, 100);
    orderByUnknownTransform(lake.table());
    Map<Integer, String> before = lake.rows();

    TableResult result = lake.compact();

    assertThat(result.failure()).isEmpty();
    assertThat(result.notes())
        .singleElement()
        .asString()
        .contains(
            "other.t: its sort order (rot13 of column 2) cannot be followed: rot13 of column"
                + " \"name\" is not known here; set another order");
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.files()).singleElement().matches(file -> file.sortOrderId() == 0);
  }

  private static void orderByUnknownTransform(Table table) {
    TableOperations operations = ((HasTableOperations) table).operations();
    TableMetadata base = operations.current();
    SortOrder order =
        SortOrderParser.fromJson(
            base.schema(),
            """
            {"order-id": 1, "fields": [{"transform": "rot13", "source-id": 2,
              "direction": "asc", "null-order": "nulls-first"}]}
            """);
    operations.commit(base, base.replaceSortOrder(order));
  }
}
