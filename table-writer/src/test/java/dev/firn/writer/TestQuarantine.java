package dev.firn.writer;

import static dev.firn.writer.WriterFixture.ORDERS;
import static dev.firn.writer.WriterFixture.end;
import static dev.firn.writer.WriterFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestQuarantine {
  private static final TableIdentifier NAME = TableIdentifier.of("firn", "shop_quarantine");

  @TempDir private Path folder;

  private static WriterFixture open(Path folder) {
    WriterFixture lake = WriterFixture.open(folder);
    assertThat(lake.pipeline.openQuarantine()).isEqualTo(NAME);
    return lake;
  }

  private static SetAside value(String op, String event) {
    return new SetAside(op, "source.orders", Optional.of("due"), "infinity", event);
  }

  private static TableChange aside(String op, String event) {
    return new TableChange(ORDERS, new RowChange.Aside(value(op, event)), 100);
  }

  /** Batch, operation, position, transaction, order, kind, event. */
  private static List<String> entries(WriterFixture lake) {
    List<Record> rows = new ArrayList<>();
    try (CloseableIterable<Record> read =
        IcebergGenerics.read(lake.catalog.loadTable(NAME)).build()) {
      read.forEach(rows::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    rows.sort(
        Comparator.<Record>comparingLong(row -> (Long) row.getField("_batch"))
            .thenComparingLong(row -> (Long) row.getField("_sequence")));
    return rows.stream()
        .map(row ->
            "%s %s at %s by %s/%s %s %s"
                .formatted(
                    row.getField("_batch"),
                    row.getField("_op"),
                    row.getField("_position"),
                    row.getField("_transaction"),
                    row.getField("_order"),
                    row.getField(Quarantine.KIND),
                    row.getField(Quarantine.EVENT)))
        .toList();
  }

  @Test
  void whatIsSetAsideIsTheBatchsAndChangesNoRow() {
    WriterFixture lake = open(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "a"), aside("c", "bad")));
    assertThat(lake.rows()).containsExactly("1:first", "2:a");
    assertThat(lake.changelog()).containsExactly("2 c at 2 by tx2/0 2:a");
    assertThat(entries(lake)).containsExactly("2 c at 2 by tx2/1 value bad");
  }

  @Test
  void batchMayBeNothingElse() {
    WriterFixture lake = open(folder).started(1);
    lake.commit(transaction(2, aside("d", "bad")));
    assertThat(entries(lake)).containsExactly("2 d at 2 by tx2/0 value bad");
    assertThat(lake.pipeline.position()).contains(new WriterFixture.Place(2));
  }

  @Test
  void replayedBatchIsToldOnce() {
    WriterFixture first = open(folder).started(1);
    first.pipeline.commit(first.prepare(transaction(2, first.insert(2, "a"), aside("c", "bad"))));
    // It was cut off before the quarantine and the control table.
    WriterFixture second = open(folder);
    second.commit(transaction(2, second.insert(2, "a"), aside("c", "bad")));
    assertThat(second.rows()).containsExactly("1:first", "2:a");
    assertThat(entries(second)).containsExactly("2 c at 2 by tx2/1 value bad");
    WriterFixture third = open(folder);
    Batch again = third.pipeline.newBatch();
    assertThat(again.add(transaction(2, third.insert(2, "a"), aside("c", "bad")))).isFalse();
  }

  @Test
  void largeTransactionTellsAtItsEnd() {
    WriterFixture lake = open(folder).started(1);
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.insert(2, "a"));
    large.apply(aside("c", "bad"));
    large.apply(lake.insert(3, "b"));
    large.commit(end(2));
    assertThat(lake.pipeline.settle()).isPresent();
    assertThat(lake.rows()).containsExactly("1:first", "2:a", "3:b");
    assertThat(entries(lake)).containsExactly("2 c at 2 by tx2/1 value bad");
    assertThat(lake.changelog()).last().isEqualTo("2 c at 2 by tx2/2 3:b");
  }

  @Test
  void largeTransactionThatIsGivenUpLeavesNothing() {
    WriterFixture lake = open(folder).started(1);
    long before = lake.dataFilesOnDisk();
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(aside("c", "bad"));
    large.abandon();
    assertThat(lake.dataFilesOnDisk()).isEqualTo(before);
    assertThat(entries(lake)).isEmpty();
  }

  @Test
  void largeTransactionIsDroppedWholeWhereItsTableIsHeldBackSinceItBegan() {
    WriterFixture lake = open(folder).started(1);
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.insert(2, "a"));
    lake.pipeline.requestReading(ORDERS, "its columns do not fit", true);
    large.apply(lake.insert(3, "b"));
    large.apply(
        new TableChange(
            ORDERS,
            new RowChange.Aside(
                new SetAside("c", "source.orders", Optional.empty(), "does not fit", "bad")),
            100));
    large.commit(end(2));
    assertThat(lake.pipeline.settle()).isPresent();
    assertThat(lake.rows()).containsExactly("1:first");
    assertThat(lake.changelog()).isEmpty();
    assertThat(entries(lake)).containsExactly("2 c at 2 by tx2/2 event bad");
  }

  @Test
  void initialSnapshotTellsOfItsRowsWhenItIsPublished() {
    WriterFixture lake = open(folder);
    InitialSnapshot snapshot = lake.pipeline.initialSnapshot();
    snapshot.add(ORDERS, lake.row(1, null));
    snapshot.setAside(ORDERS, value("r", "bad"));
    assertThat(entries(lake)).isEmpty();
    snapshot.publish(end(1));
    assertThat(entries(lake)).containsExactly("1 r at 1 by tx1/0 value bad");
    // The one that is the table's, and that of the quarantine.
    assertThat(lake.dataFilesOnDisk()).isEqualTo(2);
  }

  @Test
  void tableThatIsReadAgainSettlesWhatWasTold() throws InterruptedException {
    WriterFixture lake = open(folder).started(1);
    lake.commit(transaction(2, aside("u", "before")));
    lake.pipeline.requestReading(ORDERS, "asked for", false);
    TableReading reading = lake.pipeline.read(ORDERS, Set.of());
    assertThat(reading.begin(id -> !id.equals("tx3"))).isTrue();
    SourceTransaction meanwhile = transaction(3, lake.update(1, "a"), aside("u", "meanwhile"));
    reading.ended(meanwhile);
    lake.commit(meanwhile);
    reading.passed();
    assertThat(reading.awaitPassed()).isTrue();
    reading.add(lake.row(1, "first"));
    reading.setAside(value("r", "read"));
    reading.read();
    assertThat(lake.pipeline.complete(reading, Instant.EPOCH)).isPresent();
    assertThat(lake.rows()).containsExactly("1:a");
    assertThat(entries(lake))
        .containsExactly(
            "2 u at 2 by tx2/0 value before",
            "3 u at 3 by tx3/1 value meanwhile",
            "4 r at 3 by /0 table read null",
            "4 r at 3 by /0 value read",
            "4 u at 3 by tx3/1 value meanwhile");
  }

  @Test
  void readingThatStartsOverForgetsWhatItFound() throws InterruptedException {
    WriterFixture lake = open(folder).started(1);
    TableReading reading = lake.pipeline.read(ORDERS, Set.of());
    assertThat(reading.begin(id -> true)).isTrue();
    reading.passed();
    reading.setAside(value("r", "first"));
    reading.startOver();
    assertThat(reading.begin(id -> true)).isTrue();
    reading.passed();
    reading.add(lake.row(1, "first"));
    reading.setAside(value("r", "second"));
    reading.read();
    assertThat(lake.pipeline.complete(reading, Instant.EPOCH)).isPresent();
    assertThat(entries(lake)).containsExactly("2 r at 1 by /0 value second");
  }

  @Test
  void tableThatAwaitsItsReadingTellsNothing() {
    WriterFixture lake = open(folder).started(1);
    lake.pipeline.requestReading(ORDERS, "made anew", true);
    lake.commit(transaction(2, aside("c", "bad")));
    assertThat(entries(lake)).isEmpty();
  }

  @Test
  void nothingIsLostWithoutAQuarantine() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    assertThatThrownBy(() -> lake.commit(transaction(2, aside("c", "bad"))))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("quarantine is not open");
  }

  @Test
  void quarantineThatIsNotOpenedAnyMoreStaysAsItIs() {
    WriterFixture first = open(folder).started(1);
    first.commit(transaction(2, aside("c", "bad")));
    WriterFixture without = WriterFixture.open(folder);
    assertThat(without.pipeline.hasQuarantine()).isTrue();
    without.pipeline.noteTablesLeftOut();
    without.commit(transaction(3, without.insert(2, "a")));
    WriterFixture again = open(folder);
    again.commit(transaction(4, aside("c", "other")));
    assertThat(entries(again))
        .containsExactly("2 c at 2 by tx2/0 value bad", "4 c at 4 by tx4/0 value other");
    assertThat(again.pipeline.reading(NAME)).isEmpty();
  }

  private static QuarantineLog log(WriterFixture lake) {
    return QuarantineLog.open(lake.catalog, lake.settings()).orElseThrow();
  }

  private static List<String> ids(List<QuarantineLog.Entry> entries) {
    return entries.stream().map(entry -> entry.id().toString()).toList();
  }

  @Test
  void entriesAreOpenUntilTheirTableIsReadAgain() {
    WriterFixture lake = open(folder).started(1);
    lake.commit(transaction(2, aside("c", "first"), aside("c", "second")));
    assertThat(log(lake).open()).containsExactly(Map.entry("shop.orders", 2L));
    TableReading reading = lake.pipeline.read(ORDERS, Set.of());
    assertThat(reading.begin(id -> true)).isTrue();
    reading.passed();
    reading.setAside(value("r", "third"));
    reading.read();
    assertThat(lake.pipeline.complete(reading, Instant.EPOCH)).isPresent();
    QuarantineLog log = log(lake);
    assertThat(log.open()).containsExactly(Map.entry("shop.orders", 1L));
    assertThat(ids(log.newest(10, entry -> true))).containsExactly("2.0", "2.1", "3.1");
    assertThat(ids(log.newest(10, QuarantineLog.Entry::isOpen))).containsExactly("3.1");
    assertThat(ids(log.newest(1, entry -> true))).containsExactly("3.1");
    assertThat(log.event(QuarantineLog.Id.parse("2.1"))).contains("second");
    assertThat(log.event(QuarantineLog.Id.parse("3.0"))).isEmpty();
  }

  @Test
  void entriesCanBeDroppedWhileThePipelineGoesOn() {
    WriterFixture lake = open(folder).started(1);
    lake.commit(transaction(2, aside("c", "first"), aside("c", "second")));
    lake.commit(transaction(3, aside("c", "third")));
    assertThat(log(lake).drop(entry -> entry.id().toString().equals("2.0"))).isOne();
    lake.commit(transaction(4, lake.insert(2, "a"), aside("c", "fourth")));
    assertThat(entries(lake))
        .containsExactly(
            "2 c at 2 by tx2/1 value second",
            "3 c at 3 by tx3/0 value third",
            "4 c at 4 by tx4/1 value fourth");
    assertThat(log(lake).drop(entry -> true)).isEqualTo(3);
    assertThat(entries(lake)).isEmpty();
    assertThat(log(lake).drop(entry -> true)).isZero();
  }

  @Test
  void entriesThatAnEngineDeletedDoNotComeBackWithOthers() {
    WriterFixture lake = open(folder).started(1);
    lake.commit(transaction(2, aside("c", "first"), aside("c", "second"), aside("c", "third")));
    Table table = lake.catalog.loadTable(NAME);
    RowDelta deletion = table.newRowDelta();
    Foreigner.vectors(table, Foreigner.files(table).getFirst(), 0).forEach(deletion::addDeletes);
    deletion.commit();
    assertThat(log(lake).drop(entry -> entry.id().toString().equals("2.1"))).isOne();
    assertThat(entries(lake)).containsExactly("2 c at 2 by tx2/2 value third");
  }
}
