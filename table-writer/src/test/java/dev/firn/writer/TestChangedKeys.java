package dev.firn.writer;

import static dev.firn.writer.Unavailable.VALUE;
import static dev.firn.writer.WriterFixture.ORDERS;
import static dev.firn.writer.WriterFixture.change;
import static dev.firn.writer.WriterFixture.end;
import static dev.firn.writer.WriterFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A row goes on under another key, and the source does not send its large value again. */
final class TestChangedKeys {
  @TempDir private Path folder;

  @Test
  void valueIsThatOfTheRowUnderTheOldKeyAndTheRowIsAnother() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    Map<Integer, Long> before = lake.rowIds();
    lake.commit(transaction(2, lake.update(1, "large"), lake.update(2, "other")));
    lake.commit(transaction(3, lake.rekey(1, 10, VALUE)));
    assertThat(lake.rows()).containsExactly("10:large", "2:other");
    assertThat(lake.rowIds()).containsEntry(2, before.get(2)).doesNotContainValue(before.get(1));
    assertThat(lake.changelog())
        .endsWith("3 d at 3 by tx3/0 1:null", "3 c at 3 by tx3/0 10:large")
        .hasSize(4);
  }

  @Test
  void valueThatWasSentIsTaken() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.rekey(1, 2, "sent")));
    assertThat(lake.rows()).containsExactly("2:sent");
  }

  @Test
  void itIsThatOfTheSameBatch() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(
        transaction(2, lake.insert(3, "three"), lake.rekey(3, 4, VALUE), lake.update(1, "one")),
        transaction(3, lake.rekey(4, 5, VALUE), lake.rekey(1, 2, VALUE), lake.insert(1, "new")));
    assertThat(lake.rows()).containsExactly("1:new", "2:one", "5:three");
    assertThat(lake.changelog())
        .containsExactly(
            "2 c at 2 by tx2/0 3:three",
            "2 d at 2 by tx2/1 3:null",
            "2 c at 2 by tx2/1 4:three",
            "2 u at 2 by tx2/2 1:one",
            "2 d at 3 by tx3/0 4:null",
            "2 c at 3 by tx3/0 5:three",
            "2 d at 3 by tx3/1 1:null",
            "2 c at 3 by tx3/1 2:one",
            "2 c at 3 by tx3/2 1:new");
  }

  @Test
  void chainLeadsToTheRowBeforeTheBatch() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(
        transaction(
            2,
            lake.update(1, VALUE),
            lake.rekey(1, 2, VALUE),
            lake.update(2, VALUE),
            lake.rekey(2, 3, VALUE),
            lake.update(3, VALUE)));
    assertThat(lake.rows()).containsExactly("3:first");
    assertThat(lake.changelog())
        .containsExactly(
            "2 u at 2 by tx2/0 1:first",
            "2 d at 2 by tx2/1 1:null",
            "2 c at 2 by tx2/1 2:first",
            "2 u at 2 by tx2/2 2:first",
            "2 d at 2 by tx2/3 2:null",
            "2 c at 2 by tx2/3 3:first",
            "2 u at 2 by tx2/4 3:first");
  }

  private static TableChange[] swap(WriterFixture lake) {
    return new TableChange[] {
      lake.rekey(1, 9, VALUE), lake.rekey(2, 1, VALUE), lake.rekey(9, 2, VALUE)
    };
  }

  @Test
  void rowsSwapTheirKeys() {
    WriterFixture lake = WriterFixture.open(folder).started();
    lake.commit(transaction(2, lake.insert(1, "one"), lake.insert(2, "two")));
    Map<Integer, Long> ids = lake.rowIds();
    lake.commit(transaction(3, swap(lake)));
    assertThat(lake.rows()).containsExactly("1:two", "2:one");
    assertThat(lake.rowIds()).isEqualTo(ids);
    lake.commit(transaction(4, swap(lake)), transaction(5, swap(lake)));
    assertThat(lake.rows()).containsExactly("1:two", "2:one");
    assertThat(lake.changelog())
        .endsWith(
            "4 c at 5 by tx5/0 9:one",
            "4 d at 5 by tx5/1 2:null",
            "4 c at 5 by tx5/1 1:two",
            "4 d at 5 by tx5/2 9:null",
            "4 c at 5 by tx5/2 2:one");
  }

  @Test
  void batchesPreparedBeforeTheOnesBeforeAreCommitted() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    PreparedBatch first = lake.prepare(transaction(2, lake.update(1, "one"), lake.insert(3, "x")));
    PreparedBatch second =
        lake.prepare(transaction(3, lake.rekey(1, 4, VALUE), lake.rekey(3, 5, VALUE)));
    lake.pipeline.commit(first);
    PreparedBatch third =
        lake.prepare(
            transaction(4, lake.rekey(4, 1, VALUE), lake.rekey(2, 4, VALUE), lake.delete(5)));
    lake.pipeline.commit(second);
    assertThat(lake.rows()).containsExactly("2:first", "4:one", "5:x");
    PreparedBatch fourth =
        lake.prepare(transaction(5, lake.update(1, VALUE), lake.rekey(4, 6, VALUE)));
    lake.pipeline.commit(third);
    lake.pipeline.commit(fourth);
    assertThat(lake.rows()).containsExactly("1:one", "6:first");
    assertThat(lake.rowIds()).hasSize(2);
  }

  @Test
  void otherEnginesRewriteTheFilesMeanwhile() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    PreparedBatch first = lake.prepare(transaction(2, swap(lake)));
    PreparedBatch second = lake.prepare(transaction(3, lake.rekey(2, 7, VALUE)));
    new Foreigner(lake).rewrite();
    lake.pipeline.commit(first);
    new Foreigner(lake).rewrite();
    lake.pipeline.commit(second);
    assertThat(lake.rows()).containsExactly("1:first", "3:first", "7:first");
  }

  @Test
  void replayAfterACrashTellsItOnce() {
    WriterFixture lake = WriterFixture.open(folder).started();
    lake.commit(transaction(2, lake.insert(1, "one"), lake.insert(2, "two")));
    lake.pipeline.commit(lake.prepare(transaction(3, swap(lake))));

    WriterFixture again = WriterFixture.open(folder);
    again.commit(transaction(3, swap(again)));
    again.commit(transaction(4, again.rekey(1, 5, VALUE)));
    assertThat(again.rows()).containsExactly("2:one", "5:two");
    assertThat(again.changelog())
        .hasSize(10)
        .endsWith("4 d at 4 by tx4/0 1:null", "4 c at 4 by tx4/0 5:two");
  }

  @Test
  void largeTransactionFindsThemAsItGoes() {
    WriterFixture lake = WriterFixture.open(folder).started();
    lake.commit(transaction(2, lake.insert(1, "one"), lake.insert(2, "two")));
    LargeTransaction large = new LargeTransaction(lake.pipeline, 250);
    for (int i = 0; i < 3; i++) {
      List.of(swap(lake)).forEach(large::apply);
    }
    large.apply(lake.insert(3, "three"));
    large.apply(lake.rekey(3, 4, VALUE));
    large.apply(lake.update(4, VALUE));
    large.apply(lake.rekey(4, 5, VALUE));
    large.apply(lake.insert(3, "again"));
    large.commit(end(3));
    lake.pipeline.settle();
    assertThat(lake.rows()).containsExactly("1:two", "2:one", "3:again", "5:three");
    assertThat(lake.changelog())
        .hasSize(2 + 18 + 7)
        .contains("3 c at 3 by tx3/8 2:one", "3 c at 3 by tx3/7 1:two")
        .endsWith(
            "3 d at 3 by tx3/12 4:null",
            "3 c at 3 by tx3/12 5:three",
            "3 c at 3 by tx3/13 3:again");
    lake.commit(transaction(4, lake.rekey(5, 6, VALUE)));
    assertThat(lake.rows()).contains("6:three");
  }

  @Test
  void truncationAfterwardsLeavesTheChangelogWhole() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(
        transaction(
            2, lake.rekey(1, 2, VALUE), change(new RowChange.Truncate()), lake.insert(1, "new")));
    assertThat(lake.rows()).containsExactly("1:new");
    assertThat(lake.changelog()).contains("2 c at 2 by tx2/0 2:first");
  }

  @Test
  void changesHeldForAReadingAreAppliedToWhatWasRead() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    assertThat(reading.begin(transaction -> false)).isTrue();
    reading.passed();
    SourceTransaction swapped = transaction(2, swap(lake));
    reading.ended(swapped);
    lake.commit(swapped);
    reading.add(lake.row(1, "true one"));
    reading.add(lake.row(2, "true two"));
    Map<Integer, Long> ids = lake.rowIds();
    reading.read();
    assertThat(lake.pipeline.complete(reading, Instant.ofEpochSecond(100))).isPresent();
    assertThat(lake.rows()).containsExactly("1:true two", "2:true one");
    assertThat(lake.rowIds()).isEqualTo(ids);
  }

  @Test
  void changeHeldBackGetsTheTablesNewColumns() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    TableChange held = lake.rekey(1, 2, VALUE);
    lake.changeColumns(
        new ColumnChanges(
            List.of(
                new ColumnChanges.NewColumn(
                    "more", org.apache.iceberg.types.Types.StringType.get(), null)),
            Map.of(),
            java.util.Set.of("id", "name", "more")));
    lake.commit(transaction(2, lake.target.adapt(held)));
    assertThat(lake.rows()).containsExactly("2:first:null");
  }

  @Test
  void rowThatIsNotInTheLakeHasItsTableReadAgain() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.rekey(8, 9, VALUE)));
    assertThat(lake.rows()).containsExactly("1:first");
    assertThat(lake.pipeline.takeIncomplete()).containsExactly(ORDERS);
  }
}
