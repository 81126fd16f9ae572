package dev.firn.writer;

import static dev.firn.writer.WriterFixture.ORDERS;
import static dev.firn.writer.WriterFixture.change;
import static dev.firn.writer.WriterFixture.end;
import static dev.firn.writer.WriterFixture.transaction;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.iceberg.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestChangelog {
  @TempDir private Path folder;

  @Test
  void everyChangeIsToldInOrderAlsoWithinABatch() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(
        transaction(2, lake.insert(2, "new"), lake.update(2, "changed")),
        transaction(3, lake.delete(1), change(new RowChange.Truncate())));
    assertThat(lake.rows()).isEmpty();
    assertThat(lake.changelog())
        .containsExactly(
            "2 c at 2 by tx2/0 2:new",
            "2 u at 2 by tx2/1 2:changed",
            "2 d at 3 by tx3/0 1:null",
            "2 t at 3 by tx3/1 null:null");
  }

  @Test
  void initialRowsAreTheBaselineAndNotInTheChangelog() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    lake.commit(transaction(2, lake.insert(3, "new")));
    Table table = lake.table();
    long baseline = requireNonNull(table.refs().get(Changelog.BASELINE)).snapshotId();
    assertThat(table.snapshot(baseline).summary()).containsEntry(SummaryKeys.BATCH, "1");
    assertThat(lake.changelog()).containsExactly("2 c at 2 by tx2/0 3:new");
  }

  @Test
  void committedBatchIsToldWhenItIsSettled() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.pipeline.commit(lake.prepare(transaction(2, lake.insert(2, "a"))));
    lake.pipeline.commit(lake.prepare(transaction(3, lake.insert(3, "b"))));
    assertThat(lake.changelog()).isEmpty();
    assertThat(lake.pipeline.position()).contains(new WriterFixture.Place(1));
    assertThat(lake.pipeline.settle()).contains(end(3));
    assertThat(lake.changelog()).containsExactly("2 c at 2 by tx2/0 2:a", "3 c at 3 by tx3/0 3:b");
    assertThat(lake.pipeline.position()).contains(new WriterFixture.Place(3));
    assertThat(lake.pipeline.settle()).isEmpty();
  }

  @Test
  void whatWasNotSettledIsToldByTheReplay() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    SourceTransaction first =
        transaction(2, lake.insert(2, "a"), lake.update(2, Unavailable.VALUE));
    lake.pipeline.commit(lake.prepare(first));

    WriterFixture again = WriterFixture.open(folder);
    again.commit(transaction(2, again.insert(2, "a"), again.update(2, Unavailable.VALUE)));
    assertThat(again.rows()).containsExactly("1:first", "2:a");
    assertThat(again.changelog()).containsExactly("2 c at 2 by tx2/0 2:a", "2 u at 2 by tx2/1 2:a");
    again.commit(transaction(3, again.delete(1)));
    assertThat(again.changelog()).hasSize(3).last().isEqualTo("3 d at 3 by tx3/0 1:null");
  }

  @Test
  void unchangedLargeValueIsToldBeforeTheTableChanges() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.pipeline.commit(
        lake.prepare(transaction(2, lake.update(1, Unavailable.VALUE), lake.delete(1))));
    assertThat(lake.changelog())
        .containsExactly("2 u at 2 by tx2/0 1:first", "2 d at 2 by tx2/1 1:null");
  }

  @Test
  void largeTransactionIsToldWithItsEnd() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(1, Unavailable.VALUE));
    large.apply(lake.insert(2, "two"));
    large.apply(lake.delete(1));
    large.commit(end(2));
    var unused = lake.pipeline.settle();
    assertThat(lake.rows()).containsExactly("2:two");
    assertThat(lake.changelog())
        .containsExactly(
            "2 u at 2 by tx2/0 1:first", "2 c at 2 by tx2/1 2:two", "2 d at 2 by tx2/2 1:null");
  }

  @Test
  void batchThatACrashCutShortIsToldInOrderAlsoInSmallerParts() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    var unused = lake.pipeline.commit(lake.prepare(many(lake), transaction(3, lake.delete(2))));
    assertThat(lake.changelog()).isEmpty();

    WriterFixture again = WriterFixture.open(folder);
    LargeTransaction large = again.pipeline.largeTransaction();
    many(again).changes().forEach(large::apply);
    unused = large.commit(end(2));
    again.commit(transaction(3, again.delete(2)));
    assertThat(again.changelog()).hasSize(31).last().isEqualTo("2 d at 3 by tx3/0 2:null");
  }

  /** Else one number would mean two positions. */
  @Test
  void batchKeepsItsNumberAlsoWhenOnlyAPartOfItsRepairIsComplete() {
    WriterFixture lake = WriterFixture.open(folder);
    WriterFixture.Other others = lake.openOther();
    lake.started(1);
    lake.commit(transaction(2, lake.insert(2, "a"), others.insert(2, "a")));
    var unused =
        lake.pipeline.commit(
            lake.prepare(
                transaction(3, others.insert(3, "b")), transaction(4, others.insert(4, "c"))));

    WriterFixture again = WriterFixture.open(folder);
    again.openOther();
    assertThat(again.pipeline.position()).contains(new WriterFixture.Place(2));
    assertThat(again.pipeline.furthest()).contains(new WriterFixture.Place(4));
    LargeTransaction large = again.pipeline.largeTransaction();
    large.apply(again.insert(3, "b"));
    assertThat(large.commit(end(3)).number()).isEqualTo(3);
    assertThat(again.pipeline.settle()).contains(end(3));

    WriterFixture third = WriterFixture.open(folder);
    third.openOther();
    assertThat(third.commit(transaction(4, third.insert(4, "c"))).number()).isEqualTo(3);
    assertThat(third.commit(transaction(5, third.insert(5, "d"))).number()).isEqualTo(4);
  }

  /** So that each snapshot is the baseline and the changes up to its batch. */
  @Test
  void changeThatTheTableHasAlreadyIsToldUnderTheBatchThatBroughtIt() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    var unused =
        lake.pipeline.commit(
            lake.prepare(transaction(2, lake.insert(2, "a")), transaction(3, lake.insert(3, "b"))));
    unused = lake.pipeline.commit(lake.prepare(transaction(4, lake.insert(4, "c"))));

    WriterFixture again = WriterFixture.open(folder);
    LargeTransaction large = again.pipeline.largeTransaction();
    large.apply(again.insert(2, "a"));
    unused = large.commit(end(2));
    assertThat(again.pipeline.settle()).contains(end(2));

    WriterFixture third = WriterFixture.open(folder);
    third.commit(transaction(3, third.insert(3, "b")), transaction(4, third.insert(4, "c")));
    third.commit(transaction(5, third.insert(5, "d")));
    assertThat(third.changelog())
        .containsExactly(
            "2 c at 2 by tx2/0 2:a",
            "2 c at 3 by tx3/0 3:b",
            "3 c at 4 by tx4/0 4:c",
            "4 c at 5 by tx5/0 5:d");
  }

  private static SourceTransaction many(WriterFixture lake) {
    TableChange[] changes = new TableChange[30];
    Arrays.setAll(changes, i -> lake.insert(2 + i, "new"));
    return transaction(2, changes);
  }

  @Test
  void unchangedLargeValueOfTheSameBatchIsToldAlsoWhenItsPartsAreRepeated() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    var unused =
        lake.pipeline.commit(
            lake.prepare(
                transaction(2, lake.insert(2, "a")),
                transaction(3, lake.update(2, Unavailable.VALUE)),
                transaction(4, lake.update(2, "b"))));

    WriterFixture again = WriterFixture.open(folder);
    LargeTransaction large = again.pipeline.largeTransaction();
    large.apply(again.insert(2, "a"));
    unused = large.commit(end(2));
    again.commit(
        transaction(3, again.update(2, Unavailable.VALUE)), transaction(4, again.update(2, "b")));
    assertThat(again.rows()).containsExactly("1:first", "2:b");
    assertThat(again.changelog())
        .containsExactly("2 c at 2 by tx2/0 2:a", "2 u at 3 by tx3/0 2:a", "2 u at 4 by tx4/0 2:b");
  }

  @Test
  void updateOfAKeylessRowIsToldAsTheRowThatWentAndTheOneThatCame() {
    WriterFixture lake = WriterFixture.open(folder, 3, List.of()).started(1);
    RowKey before = lake.target.keys().keyOf(lake.row(1, "first"));
    RowKey after = lake.target.keys().keyOf(lake.row(1, "second"));
    lake.commit(
        transaction(
            2,
            change(
                new RowChange.Update(before, after, lake.row(1, "second"), lake.row(1, "first")))));
    assertThat(lake.changelog())
        .containsExactly("2 d at 2 by tx2/0 1:first", "2 c at 2 by tx2/0 1:second");
  }

  @Test
  void switchedOffItIsNotMade() {
    WriterFixture lake = WriterFixture.withoutChangelog(folder).started(1);
    assertThat(lake.catalog.tableExists(Changelog.nameFor(ORDERS))).isFalse();
  }

  @Test
  void switchingItOffLaterIsRefused() {
    WriterFixture.open(folder).started(1);
    assertThatThrownBy(() -> WriterFixture.withoutChangelog(folder))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("orders_changelog")
        .hasMessageContaining("hole");
  }

  @Test
  void switchedOnLaterItBeginsWithWhatTheTableHolds() {
    WriterFixture off = WriterFixture.withoutChangelog(folder).started(1);
    off.commit(transaction(2, off.insert(2, "two")));
    WriterFixture on = WriterFixture.open(folder);
    on.commit(transaction(3, on.insert(3, "three")));
    Table table = on.table();
    long baseline = requireNonNull(table.refs().get(Changelog.BASELINE)).snapshotId();
    assertThat(table.snapshot(baseline).summary()).containsEntry(SummaryKeys.BATCH, "2");
    assertThat(on.changelog()).containsExactly("3 c at 3 by tx3/0 3:three");
  }

  @Test
  void switchedOnAfterACrashItTellsNothingThatItsBaselineHas() {
    WriterFixture off = WriterFixture.withoutChangelog(folder).started(1);
    var unused = off.pipeline.commit(off.prepare(transaction(2, off.insert(2, "two"))));

    WriterFixture on = WriterFixture.open(folder);
    on.commit(transaction(2, on.insert(2, "two")));
    on.commit(transaction(3, on.insert(3, "three")));
    assertThat(on.rows()).containsExactly("1:first", "2:two", "3:three");
    assertThat(on.changelog()).containsExactly("3 c at 3 by tx3/0 3:three");
  }
}
