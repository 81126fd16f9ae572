package dev.firn.writer;

import static dev.firn.writer.WriterFixture.ORDERS;
import static dev.firn.writer.WriterFixture.change;
import static dev.firn.writer.WriterFixture.end;
import static dev.firn.writer.WriterFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestPipeline {
  @TempDir private Path folder;

  /** Iceberg then writes the manifests of what lies in the other partitioning first. */
  @Test
  void rowIdsAreKeptWhereTheTableWasPartitionedForAWhile() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.table().updateSpec().addField("name").commit();
    // The writer learns of it with its next commit.
    lake.commit(transaction(2, lake.insert(2, "a")));
    lake.commit(transaction(3, lake.insert(10, "a"), lake.insert(11, "b")));
    lake.table().updateSpec().removeField("name").commit();
    lake.commit(transaction(4, lake.insert(3, "a")));
    lake.commit(transaction(5, lake.delete(11), lake.insert(20, "c"), lake.insert(21, "d")));
    Map<Integer, Long> before = lake.rowIds();
    lake.commit(transaction(6, lake.update(21, "e"), lake.update(20, "f")));
    assertThat(lake.rowIds()).isEqualTo(before).hasSize(6);
  }

  @Test
  void initialSnapshotIsInvisibleUntilItIsPublished() {
    WriterFixture lake = WriterFixture.open(folder);
    InitialSnapshot snapshot = lake.pipeline.initialSnapshot();
    snapshot.add(ORDERS, lake.row(1, "first"));
    assertThat(lake.rows()).isEmpty();
    snapshot.publish(end(1));
    assertThat(lake.rows()).containsExactly("1:first");
    assertThat(lake.pipeline.offset()).contains(new SourceOffset("{}", "{\"at\":1}"));
  }

  @Test
  void tableThatIsNewInALogThatCountsFromLowerOnHidesNothing() {
    WriterFixture before = WriterFixture.open(folder).started(1);
    before.commit(transaction(1_000, before.insert(2, "a")));
    before.readAnew();
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    WriterFixture.Other other = lake.openOther();
    assertThat(lake.pipeline.reading(other.name())).isPresent();
    lake.commit(transaction(2, lake.insert(3, "b")));
    assertThat(lake.rows()).containsExactly("1:first", "2:first", "3:b");
    assertThat(lake.changelog()).last().isEqualTo("4 c at 2 by tx2/0 3:b");
  }

  @Test
  void tableThatIsLeftOutOfALogThatCountsFromLowerOnHoldsNothingUp() {
    WriterFixture before = WriterFixture.open(folder);
    WriterFixture.Other other = before.openOther();
    before.started(1);
    before.commit(transaction(1_000, before.insert(2, "a"), other.insert(1, "a")));
    before.readAnew();
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    lake.commit(transaction(2, lake.insert(3, "b")));
    WriterFixture again = WriterFixture.open(folder);
    assertThat(again.pipeline.mayComplete()).isTrue();
    assertThat(again.pipeline.furthest()).isEqualTo(again.pipeline.position());
  }

  @Test
  void interruptedInitialSnapshotStartsOverWithoutDoubling() {
    WriterFixture lake = WriterFixture.open(folder);
    lake.pipeline.initialSnapshot().add(ORDERS, lake.row(1, "first"));
    WriterFixture again = WriterFixture.open(folder).started(1, 2);
    assertThat(again.rows()).containsExactly("1:first", "2:first");
  }

  @Test
  void insertsUpdatesAndDeletesAreReadBack() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    lake.commit(transaction(2, lake.insert(4, "new"), lake.update(2, "changed"), lake.delete(3)));
    assertThat(lake.rows()).containsExactly("1:first", "2:changed", "4:new");
  }

  @Test
  void lastChangeOfAKeyInABatchCounts() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(
        transaction(2, lake.update(1, "a"), lake.delete(1)),
        transaction(3, lake.insert(1, "b"), lake.insert(2, "c"), lake.delete(2)));
    assertThat(lake.rows()).containsExactly("1:b");
  }

  @Test
  void rowKeepsItsIdThroughUpdates() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    lake.commit(transaction(2, lake.insert(3, "new")));
    Map<Integer, Long> before = lake.rowIds();
    for (int i = 3; i < 30; i++) {
      lake.commit(transaction(i, lake.update(i % 3 + 1, "v" + i)));
    }
    assertThat(lake.rowIds()).isEqualTo(before);
    assertThat(WriterFixture.open(folder).rowIds()).isEqualTo(before);
  }

  @Test
  void batchPreparedBeforeTheOneBeforeItIsCommittedSeesItsRows() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    PreparedBatch first = lake.prepare(transaction(2, lake.insert(2, "new"), lake.update(1, "a")));
    PreparedBatch second =
        lake.prepare(transaction(3, lake.update(2, "newer"), lake.update(1, "b")));
    lake.pipeline.commit(first);
    Map<Integer, Long> ids = lake.rowIds();
    lake.pipeline.commit(second);
    assertThat(lake.rows()).containsExactly("1:b", "2:newer");
    assertThat(lake.rowIds()).isEqualTo(ids);
  }

  @Test
  void truncateRemovesAllRowsAlsoThoseOfTheBatchInFlight() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    PreparedBatch first = lake.prepare(transaction(2, lake.insert(3, "new")));
    PreparedBatch second =
        lake.prepare(transaction(3, change(new RowChange.Truncate()), lake.insert(2, "again")));
    PreparedBatch third = lake.prepare(transaction(4, lake.update(2, "last")));
    lake.pipeline.commit(first);
    lake.pipeline.commit(second);
    lake.pipeline.commit(third);
    assertThat(lake.rows()).containsExactly("2:last");
  }

  @Test
  void truncateRemovesWhatSomebodyAppendedToAnEmptyTable() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started();
    lake.appendAsSomebodyElse(7);
    lake.commit(transaction(2, change(new RowChange.Truncate())));
    assertThat(lake.rows()).isEmpty();
  }

  @Test
  void restartDropsWhatTheTableAlreadyHas() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "two")));
    WriterFixture again = WriterFixture.open(folder);
    Batch batch = again.pipeline.newBatch();
    assertThat(batch.add(transaction(2, again.insert(2, "replayed")))).isFalse();
    assertThat(batch.add(transaction(3, again.update(2, "three")))).isTrue();
    again.pipeline.commit(again.pipeline.prepare(batch));
    assertThat(again.rows()).containsExactly("1:first", "2:three");
  }

  @Test
  void replacedWriterThatCommitsNothingIsToldByWhom() {
    WriterFixture old = WriterFixture.open(folder).started(1);
    old.pipeline.requireNotReplaced();
    WriterFixture replacement = WriterFixture.open(folder);
    replacement.pipeline.requireNotReplaced();
    assertThatThrownBy(old.pipeline::requireNotReplaced)
        .isInstanceOf(FencedException.class)
        .hasMessageContaining("taken over by")
        .hasMessageContaining("epoch 2; this writer has epoch 1");
  }

  @Test
  void replacedWriterIsFenced() {
    WriterFixture old = WriterFixture.open(folder).started(1);
    PreparedBatch prepared = old.prepare(transaction(2, old.insert(2, "two")));
    WriterFixture taker = WriterFixture.open(folder);
    assertThatThrownBy(() -> old.pipeline.commit(prepared))
        .isInstanceOf(FencedException.class)
        .hasMessageContaining("epoch 2");
    assertThat(taker.rows()).containsExactly("1:first");
  }

  @Test
  void foreignAppendIsIndexedAndTheBatchGoesOn() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    PreparedBatch prepared = lake.prepare(transaction(2, lake.update(1, "changed")));
    lake.table().newFastAppend().commit();
    PreparedBatch next = lake.prepare(transaction(3, lake.update(1, "again"), lake.delete(2)));
    lake.pipeline.commit(prepared);
    lake.pipeline.commit(next);
    assertThat(lake.rows()).containsExactly("1:again");
  }

  @Test
  void rolledBackTableStopsThePipeline() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    long before = lake.table().currentSnapshot().snapshotId();
    lake.commit(transaction(2, lake.insert(2, "two")));
    lake.table().manageSnapshots().rollbackTo(before).commit();
    assertThatThrownBy(() -> lake.commit(transaction(3, lake.insert(3, "three"))))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("rolled back");
    assertThatThrownBy(() -> WriterFixture.open(folder))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("rolled back");
  }

  @Test
  void droppedTableStopsThePipelineWithTheWayOn() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.catalog.dropTable(ORDERS);
    assertThatThrownBy(() -> WriterFixture.open(folder))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("shop.orders")
        .hasMessageContaining("firn.shop");
  }

  @Test
  void largeTransactionSupersedesItsOwnRows() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    Map<Integer, Long> ids = lake.rowIds();
    LargeTransaction large = lake.pipeline.largeTransaction();
    for (int i = 0; i < 3_000; i++) {
      large.apply(lake.update(1 + i % 3, "v" + i));
    }
    large.apply(lake.insert(9, "nine"));
    large.apply(lake.delete(3));
    large.apply(lake.delete(9));
    assertThat(lake.rows()).containsExactly("1:first", "2:first", "3:first");
    large.commit(end(2));
    assertThat(lake.rows()).containsExactly("1:v2997", "2:v2998");
    lake.commit(transaction(3, lake.update(2, "after")));
    assertThat(lake.rows()).containsExactly("1:v2997", "2:after");
    assertThat(lake.rowIds().keySet()).isSubsetOf(ids.keySet());
  }

  @Test
  void largeTransactionGoesOnAfterAForeignCommit() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    lake.table().newFastAppend().commit();
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(1, "large"));
    large.commit(end(2));
    assertThat(lake.rows()).containsExactly("1:large", "2:first");
  }

  @Test
  void abandonedLargeTransactionLeavesNothing() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(1, "gone"));
    large.abandon();
    lake.commit(transaction(2, lake.update(1, "kept")));
    assertThat(lake.rows()).containsExactly("1:kept", "2:first");
  }

  @Test
  void unchangedLargeValueIsTakenFromTheRowsLastVersion() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    lake.commit(
        transaction(2, lake.update(1, "large"), lake.update(1, Unavailable.VALUE)),
        transaction(3, lake.update(2, Unavailable.VALUE)));
    assertThat(lake.rows()).containsExactly("1:large", "2:first");
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(1, Unavailable.VALUE));
    large.apply(lake.update(1, Unavailable.VALUE));
    large.commit(end(4));
    assertThat(lake.rows()).containsExactly("1:large", "2:first");
  }

  @Test
  void keylessTableKeepsEqualRowsApart() {
    WriterFixture lake = WriterFixture.open(folder, 3, List.of()).started(1, 1, 2);
    RowKey one = lake.key(1);
    lake.commit(
        transaction(
            2, change(new RowChange.Delete(one, lake.row(1, "first"))), lake.insert(1, "first")),
        transaction(3, lake.insert(1, "first")));
    assertThat(lake.rows()).containsExactly("1:first", "1:first", "1:first", "2:first");
    PreparedBatch first =
        lake.prepare(
            transaction(
                4,
                change(
                    new RowChange.Update(
                        one, lake.key(5), lake.row(5, "first"), lake.row(1, "first")))));
    PreparedBatch second =
        lake.prepare(transaction(5, change(new RowChange.Delete(one, lake.row(1, "first")))));
    lake.pipeline.commit(first);
    lake.pipeline.commit(second);
    assertThat(lake.rows()).containsExactly("1:first", "2:first", "5:first");
  }

  @Test
  void formatVersion2WritesPositionDeletes() throws Exception {
    WriterFixture lake = WriterFixture.open(folder, 2, List.of("id")).started(1, 2, 3);
    lake.commit(transaction(2, lake.update(1, "a"), lake.delete(2)));
    lake.commit(transaction(3, lake.update(1, "b")));
    assertThat(lake.rows()).containsExactly("1:b", "3:first");
    assertThat(deletes(lake)).extracting(DeleteFile::format).containsOnly(FileFormat.PARQUET);
    WriterFixture again = WriterFixture.open(folder, 2, List.of("id"));
    again.commit(transaction(4, again.update(1, "c"), again.delete(3)));
    assertThat(again.rows()).containsExactly("1:c");
  }

  @Test
  void eachDataFileHasOneVectorAtMostAndDeadFilesAreRemoved() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3, 4);
    for (int i = 2; i < 12; i++) {
      lake.commit(transaction(i, lake.update(i % 2 + 1, "v" + i)));
    }
    assertThat(deletes(lake)).extracting(DeleteFile::format).containsOnly(FileFormat.PUFFIN);
    assertThat(deletes(lake)).hasSize(1);
  }

  @Test
  void everyTableHasItsGuardBranch() {
    WriterFixture lake = WriterFixture.open(folder);
    assertThat(lake.table().refs()).containsKey(Tables.GUARD_BRANCH);
  }

  private static List<DeleteFile> deletes(WriterFixture lake) throws Exception {
    try (CloseableIterable<FileScanTask> tasks = lake.table().newScan().planFiles()) {
      List<DeleteFile> deletes = new java.util.ArrayList<>();
      tasks.forEach(task -> deletes.addAll(task.deletes()));
      return deletes;
    }
  }
}
