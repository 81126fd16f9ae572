package dev.firn.compaction;

import static dev.firn.compaction.ForeignTable.row;
import static org.apache.iceberg.expressions.Expressions.and;
import static org.apache.iceberg.expressions.Expressions.greaterThanOrEqual;
import static org.apache.iceberg.expressions.Expressions.lessThan;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestZOrder {
  private static final PartitionSpec NONE = PartitionSpec.unpartitioned();
  private static final int CUSTOMERS = 1_000;
  private static final int ROWS = 60_000;

  @TempDir private Path folder;

  /** Names that begin alike, and numbers of another range. */
  private static Record any(Random random) {
    return row(
        random.nextInt(1_000_000_000),
        "customer-%04d".formatted(random.nextInt(CUSTOMERS)),
        random.nextInt(4) == 0 ? null : "r" + random.nextInt(9));
  }

  private ForeignTable clustered(String columns) {
    ForeignTable lake = ForeignTable.in(folder, 3, NONE);
    Random random = new Random(5);
    for (int file = 0; file < 3; file++) {
      List<Record> rows = new ArrayList<>();
      for (int i = 0; i < ROWS / 3; i++) {
        rows.add(any(random));
      }
      lake.append(rows);
    }
    lake.table().updateProperties().set(RowOrder.ZORDER, columns).commit();
    return lake;
  }

  private static double touched(ForeignTable lake, Expression filter) {
    try (CloseableIterable<FileScanTask> tasks =
        lake.table().newScan().filter(filter).planFiles()) {
      int touched = 0;
      for (FileScanTask unused : tasks) {
        touched++;
      }
      return (double) touched / lake.files().size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Expression ids() {
    return and(greaterThanOrEqual("id", 400_000_000), lessThan("id", 500_000_000));
  }

  private static Expression names() {
    return and(greaterThanOrEqual("name", "customer-0200"), lessThan("name", "customer-0300"));
  }

  @Test
  void aBoxInTwoColumnsIsInFewFiles() {
    ForeignTable lake = clustered("id, name");
    Map<Integer, String> before = lake.rows();

    GroupOutcome outcome = lake.rewriteAll(CompactionFixture.all(20_000)).commit();

    assertThat(outcome).isInstanceOf(GroupOutcome.Replaced.class);
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.files()).hasSizeGreaterThan(30);
    assertThat(touched(lake, and(ids(), names()))).isLessThan(0.12);
    assertThat(touched(lake, ids())).isLessThan(0.5);
    assertThat(touched(lake, names())).isLessThan(0.5);
  }

  /** To compare with. */
  @Test
  void aSortOrderHelpsItsFirstColumnOnly() {
    ForeignTable lake = clustered("id");
    lake.table().updateProperties().remove(RowOrder.ZORDER).commit();
    lake.table().replaceSortOrder().asc("id").asc("name").commit();

    lake.rewriteAll(CompactionFixture.all(20_000)).commit();

    assertThat(touched(lake, ids())).isLessThan(0.15);
    assertThat(touched(lake, names())).isEqualTo(1);
  }

  @Test
  void whatIsClusteredIsNotWrittenAgain() {
    ForeignTable lake = clustered("id,region");
    Map<Integer, String> rows = lake.rows();
    assertThat(lake.compact().replaced()).hasSize(1);
    Snapshot before = lake.table().currentSnapshot();

    assertThat(lake.compact().isNothing()).isTrue();

    assertThat(lake.table().currentSnapshot()).isEqualTo(before);
    lake.table().updateSchema().renameColumn("region", "district").commit();
    lake.table().updateProperties().set(RowOrder.ZORDER, "id,district").commit();
    assertThat(lake.compact().isNothing()).isTrue();
    lake.table().updateProperties().set(RowOrder.ZORDER, "district").commit();
    assertThat(lake.compact().replaced()).hasSize(1);
    assertThat(lake.rows()).isEqualTo(rows);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "id,regoin | column \"regoin\" does not exist; set it to columns of the table, between commas, or remove it",
        "id,id | column \"id\" is there twice; set it to columns of the table, between commas, or remove it",
        "id, | column \"\" does not exist; set it to columns of the table, between commas, or remove it",
        "tags | column \"tags\" is of type list<string>, whose values have no order; leave it out",
        "tags.element | column \"tags.element\" is inside of a list or a map, so that a row has many of it; leave it out",
      })
  void whatCannotBeFollowedIsANoteAndRowsStayAsTheyLie(String columns, String problem) {
    ForeignTable lake = clustered(columns);
    lake.table()
        .updateSchema()
        .addColumn("tags", Types.ListType.ofOptional(9, Types.StringType.get()))
        .commit();
    Map<Integer, String> before = lake.rows();

    TableResult result = lake.compact();

    assertThat(result.failure()).isEmpty();
    assertThat(result.notes())
        .containsExactly(
            "lake.other.t: its property firn.compact.zorder=%s cannot be followed: %s; until then rows keep the order in which they lie"
                .formatted(columns, problem));
    assertThat(lake.rows()).isEqualTo(before);
    assertThat(lake.files()).hasSize(1);
    Snapshot after = lake.table().currentSnapshot();
    assertThat(lake.compact().notes()).isEqualTo(result.notes());
    assertThat(lake.table().currentSnapshot()).isEqualTo(after);
  }
}
