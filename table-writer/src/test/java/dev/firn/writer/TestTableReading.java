package dev.firn.writer;

import static dev.firn.writer.WriterFixture.ORDERS;
import static dev.firn.writer.WriterFixture.change;
import static dev.firn.writer.WriterFixture.transaction;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestTableReading {
  private static final Instant AT = Instant.ofEpochSecond(100);

  @TempDir private Path folder;

  /** Gives a transaction to the lake and to the reading, as the source's thread does. */
  private static void stream(WriterFixture lake, TableReading reading, SourceTransaction next) {
    reading.ended(next);
    lake.commit(next);
  }

  private static void begin(TableReading reading, String... seen) {
    assertThat(reading.begin(Set.of(seen)::contains)).isTrue();
    reading.passed();
  }

  private static CommittedBatch complete(WriterFixture lake, TableReading reading) {
    reading.read();
    return lake.pipeline.complete(reading, AT).orElseThrow();
  }

  @Test
  void rowsReadTakeThePlaceOfThoseInTheLakeAndKeepTheirIds() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    lake.commit(transaction(2, lake.update(2, "changed"), lake.insert(4, "new")));
    Map<Integer, Long> before = lake.rowIds();
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading, "tx2");
    reading.add(lake.row(2, "changed"));
    reading.add(lake.row(3, "mended"));
    reading.add(lake.row(5, "missed"));
    assertThat(lake.rows()).hasSize(4);
    CommittedBatch batch = complete(lake, reading);
    assertThat(batch.number()).isEqualTo(3);
    assertThat(lake.rows()).containsExactly("2:changed", "3:mended", "5:missed");
    assertThat(lake.rowIds())
        .containsEntry(2, before.get(2))
        .containsEntry(3, before.get(3))
        .doesNotContainEntry(5, before.get(1))
        .doesNotContainEntry(5, before.get(4));
    lake.commit(transaction(3, lake.update(3, "goes on"), lake.delete(2)));
    assertThat(lake.rows()).containsExactly("3:goes on", "5:missed");
    assertThat(lake.rowIds()).containsEntry(3, before.get(3));
  }

  @Test
  void onlyChangesThatTheSnapshotDoesNotSeeAreApplied() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading, "tx2", "tx4");
    // tx3 is in the log between two that the snapshot sees, and not in the snapshot itself
    stream(lake, reading, transaction(2, lake.update(1, "two")));
    stream(lake, reading, transaction(3, lake.update(2, "three"), lake.delete(3)));
    stream(lake, reading, transaction(4, lake.delete(1), lake.insert(4, "four")));
    stream(lake, reading, transaction(5, lake.insert(1, "five"), lake.update(4, "five")));
    reading.add(lake.row(2, "first"));
    reading.add(lake.row(3, "first"));
    reading.add(lake.row(4, "four"));
    List<String> rows = lake.rows();
    Map<Integer, Long> ids = lake.rowIds();
    complete(lake, reading);
    assertThat(lake.rows()).isEqualTo(rows).containsExactly("1:five", "2:three", "4:five");
    assertThat(lake.rowIds()).isEqualTo(ids);
  }

  @Test
  void readingThatIsGivenUpHoldsNobody() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    TableReading early = lake.pipeline.read(ORDERS, List.of());
    early.giveUp();
    // The snapshot of a reader who did not know yet.
    assertThat(early.begin(any -> true)).isFalse();
    assertThat(early.awaitPassed()).isFalse();
    TableReading late = lake.pipeline.read(ORDERS, List.of());
    begin(late);
    late.add(lake.row(1, "read"));
    late.giveUp();
    late.read();
    assertThat(late.isRead()).isFalse();
    TableReading read = lake.pipeline.read(ORDERS, List.of());
    begin(read);
    read.read();
    read.giveUp();
    assertThat(read.isRead()).isFalse();
    assertThatThrownBy(() -> lake.pipeline.complete(read, AT))
        .isInstanceOf(IllegalStateException.class);
    assertThat(lake.rows()).hasSize(1);
  }

  @Test
  void valuesThatTheSourceDidNotSendAreTakenFromTheRowsRead() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading);
    stream(lake, reading, transaction(2, lake.update(1, Unavailable.VALUE)));
    stream(lake, reading, transaction(3, lake.update(1, Unavailable.VALUE), lake.delete(2)));
    reading.add(lake.row(1, "true value"));
    reading.add(lake.row(2, "first"));
    complete(lake, reading);
    assertThat(lake.rows()).containsExactly("1:true value");
  }

  @Test
  void truncationAfterTheSnapshotEmptiesWhatWasRead() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading);
    stream(
        lake, reading, transaction(2, change(new RowChange.Truncate()), lake.insert(1, "after")));
    reading.add(lake.row(1, "first"));
    reading.add(lake.row(2, "first"));
    Map<Integer, Long> ids = lake.rowIds();
    complete(lake, reading);
    assertThat(lake.rows()).containsExactly("1:after");
    assertThat(lake.rowIds()).isEqualTo(ids);
  }

  @Test
  void equalRowsOfAKeylessTableKeepAllOfTheirIds() {
    WriterFixture lake = WriterFixture.open(folder, 3, List.of()).started(1, 1, 1, 2);
    List<Long> ids = lake.allRowIds();
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading);
    Record before = lake.row(2, "first");
    Record after = lake.row(3, "first");
    RowKey key = lake.target.keys().keyOf(before);
    stream(
        lake,
        reading,
        transaction(
            2,
            change(new RowChange.Update(key, lake.target.keys().keyOf(after), after, before)),
            lake.delete(1)));
    for (int id : new int[] {1, 1, 1, 2}) {
      reading.add(lake.row(id, "first"));
    }
    complete(lake, reading);
    assertThat(lake.rows()).containsExactly("1:first", "1:first", "3:first");
    assertThat(lake.allRowIds()).doesNotHaveDuplicates().isSubsetOf(ids);
  }

  @Test
  void whatTheSnapshotSeesIsNotAppliedAgain() {
    WriterFixture lake = WriterFixture.open(folder, 3, List.of()).started(1);
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading, "tx3");
    stream(lake, reading, transaction(2, lake.insert(2, "held")));
    stream(lake, reading, transaction(3, lake.insert(3, "seen")));
    reading.add(lake.row(1, "first"));
    reading.add(lake.row(3, "seen"));
    complete(lake, reading);
    assertThat(lake.rows()).containsExactly("1:first", "2:held", "3:seen");
  }

  @Test
  void versionTwoTableHasNoIdsToKeep() {
    WriterFixture lake = WriterFixture.open(folder, 2, List.of("id")).started(1, 2);
    lake.commit(transaction(2, lake.delete(2)));
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading, "tx2");
    stream(lake, reading, transaction(3, lake.update(1, "three")));
    reading.add(lake.row(1, "first"));
    reading.add(lake.row(7, "missed"));
    complete(lake, reading);
    assertThat(lake.rows()).containsExactly("1:three", "7:missed");
    lake.commit(transaction(4, lake.delete(7)));
    assertThat(lake.rows()).containsExactly("1:three");
  }

  @Test
  void rowsOfSomebodyElseGoAlsoWhenTheyComeAtTheLastMoment() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading);
    reading.add(lake.row(1, "first"));
    lake.appendAsSomebodyElse(9);
    Map<Integer, Long> ids = lake.rowIds();
    complete(lake, reading);
    assertThat(lake.rows()).containsExactly("1:first");
    assertThat(lake.rowIds()).containsEntry(1, ids.get(1));
  }

  @Test
  void snapshotThatLacksAnEarlierTransactionIsRefused() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    TableReading reading = lake.pipeline.read(ORDERS, List.of("tx1"));
    stream(lake, reading, transaction(2, lake.insert(2, "early")));
    assertThat(reading.begin(Set.of("tx1")::contains)).isFalse();
    assertThat(reading.begin(Set.of("tx2")::contains)).isTrue();
    reading.giveUpSnapshot();
    assertThat(reading.begin(Set.of("tx2")::contains)).isTrue();
    stream(lake, reading, transaction(3, lake.insert(3, "held")));
    assertThat(reading.heldBytes()).isPositive();
    reading.giveUpSnapshot();
    assertThat(reading.heldBytes()).isZero();
    assertThat(reading.begin(Set.of("tx2")::contains)).isFalse();
    assertThat(reading.begin(Set.of("tx3")::contains)).isTrue();
  }

  @Test
  void largeTransactionIsInTheSnapshotThatIsTakenAfterIt() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    assertThat(reading.begin(Set.of()::contains)).isTrue();
    reading.largeBegins();
    assertThat(reading.awaitPassed()).isFalse();
    assertThat(reading.begin(transaction -> true)).isFalse();
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.insert(2, "large"));
    large.commit(WriterFixture.end(2));
    var unused = lake.pipeline.settle();
    reading.largeEnded("tx2");
    assertThat(reading.begin(Set.of()::contains)).isFalse();
    begin(reading, "tx2");
    reading.add(lake.row(1, "first"));
    reading.add(lake.row(2, "large"));
    complete(lake, reading);
    assertThat(lake.rows()).containsExactly("1:first", "2:large");
  }

  @Test
  void baselineMovesAndTheOneBeforeStaysUnderItsBatch() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "two")));
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading, "tx2");
    stream(lake, reading, transaction(3, lake.insert(3, "three")));
    reading.add(lake.row(1, "read"));
    complete(lake, reading);
    lake.commit(transaction(4, lake.insert(4, "four")));
    Table table = lake.table();
    SnapshotRef baseline = requireNonNull(table.refs().get(Changelog.BASELINE));
    assertThat(table.snapshot(baseline.snapshotId()).summary())
        .containsEntry(SummaryKeys.BATCH, "4")
        .containsEntry(SummaryKeys.POSITION, "3");
    SnapshotRef first = requireNonNull(table.refs().get(Changelog.BASELINE + "_1"));
    assertThat(table.snapshot(first.snapshotId()).summary()).containsEntry(SummaryKeys.BATCH, "1");
    assertThat(lake.changelog())
        .containsExactly(
            "2 c at 2 by tx2/0 2:two", "3 c at 3 by tx3/0 3:three", "5 c at 4 by tx4/0 4:four");
  }

  @Test
  void requestIsKeptUntilTheReadingIsComplete() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.pipeline.requestReading(ORDERS, "somebody asked", false);
    assertThat(WriterFixture.open(folder).pipeline.reading(ORDERS)).contains("somebody asked");
    lake = WriterFixture.open(folder);
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading);
    reading.add(lake.row(2, "read"));
    complete(lake, reading);
    assertThat(lake.pipeline.reading(ORDERS)).isEmpty();
    assertThat(WriterFixture.open(folder).pipeline.reading(ORDERS)).isEmpty();
    assertThat(lake.rows()).containsExactly("2:read");
  }

  @Test
  void tableThatIsNewHasNoRowsBeforeItIsRead() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    WriterFixture.Other other = lake.openOther();
    assertThat(lake.pipeline.reading(other.name())).isPresent();
    assertThat(lake.pipeline.isHeldBack(other.name())).isTrue();
    TableReading reading = lake.pipeline.read(other.name(), List.of());
    begin(reading, "tx2");
    stream(lake, reading, transaction(2, other.insert(1, "seen"), lake.insert(2, "two")));
    stream(lake, reading, transaction(3, other.insert(2, "held")));
    assertThat(other.rows()).isEmpty();
    assertThat(lake.pipeline.position()).contains(new WriterFixture.Place(3));
    reading.add(other.row(1, "seen"));
    complete(lake, reading);
    assertThat(other.rows()).containsExactly("1:seen", "2:held");
    assertThat(lake.pipeline.isHeldBack(other.name())).isFalse();
    lake.commit(transaction(4, other.insert(3, "after")));
    assertThat(other.rows()).containsExactly("1:seen", "2:held", "3:after");
    lake = WriterFixture.open(folder);
    other = lake.openOther();
    assertThat(lake.pipeline.reading(other.name())).isEmpty();
    assertThat(lake.pipeline.isHeldBack(other.name())).isFalse();
    lake.commit(transaction(5, other.update(3, "restarted")));
    assertThat(other.rows()).containsExactly("1:seen", "2:held", "3:restarted");
  }

  @Test
  void readingThatStartsOverOrIsGivenUpLeavesNoFile() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    long files = lake.dataFilesOnDisk();
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    begin(reading);
    reading.add(lake.row(1, "half"));
    reading.startOver();
    assertThat(reading.rows()).isZero();
    begin(reading);
    reading.add(lake.row(1, "half"));
    reading.abandon();
    assertThat(lake.dataFilesOnDisk()).isEqualTo(files);
    assertThatThrownBy(() -> lake.pipeline.complete(reading, AT))
        .isInstanceOf(IllegalStateException.class);
    lake.commit(transaction(2, lake.update(1, "goes on")));
    assertThat(lake.rows()).containsExactly("1:goes on");
  }
}
