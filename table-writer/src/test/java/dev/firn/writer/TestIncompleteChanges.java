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
import java.util.Set;
import org.apache.iceberg.data.Record;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A row changes that the lake does not have, and not all of its values are sent. */
final class TestIncompleteChanges {
  private static final Instant AT = Instant.ofEpochSecond(100);

  @TempDir private Path folder;

  /** A lake with two tables. */
  private record Two(WriterFixture lake, WriterFixture.Other other) {
    /** A transaction of both, of which the table with a missing row cannot take its part. */
    SourceTransaction incomplete(long position) {
      return transaction(
          position,
          lake.insert((int) position, "whole"),
          lake.update(99, VALUE),
          other.insert((int) position, "taken"));
    }

    /** What the lake has to look like until the table is read. */
    void isHeldBack(String... changes) {
      assertThat(lake.pipeline.isHeldBack(ORDERS)).isTrue();
      assertThat(lake.rows()).containsExactly("1:first");
      assertThat(lake.changelog()).containsExactly(changes);
    }

    /** The table as it is at the source takes its place. */
    void read(String... seen) {
      TableReading reading = lake.pipeline.read(ORDERS, List.of());
      assertThat(reading.begin(Set.of(seen)::contains)).isTrue();
      reading.passed();
      reading.add(lake.row(1, "first"));
      reading.add(lake.row(99, "large"));
      reading.read();
      assertThat(lake.pipeline.complete(reading, AT)).isPresent();
      assertThat(lake.rows()).containsExactly("1:first", "99:large");
      assertThat(lake.pipeline.reading(ORDERS)).isEmpty();
    }
  }

  private Two started() {
    WriterFixture lake = WriterFixture.open(folder);
    WriterFixture.Other other = lake.openOther();
    return new Two(lake.started(1), other);
  }

  private Two again() {
    WriterFixture lake = WriterFixture.open(folder);
    return new Two(lake, lake.openOther());
  }

  @Test
  void otherTablesGoOnAndItsOwnWaitsToBeRead() {
    Two two = started();
    WriterFixture lake = two.lake();
    long files = lake.dataFilesOnDisk();
    assertThat(lake.pipeline.hasIncomplete()).isFalse();
    lake.commit(two.incomplete(2));
    assertThat(two.other().rows()).containsExactly("2:taken");
    assertThat(lake.pipeline.hasIncomplete()).isTrue();
    assertThat(lake.pipeline.takeIncomplete()).containsExactly(ORDERS);
    assertThat(lake.pipeline.takeIncomplete()).isEmpty();
    assertThat(lake.pipeline.reading(ORDERS)).isPresent();
    lake.commit(transaction(3, lake.insert(3, "not yet"), two.other().insert(3, "goes on")));
    two.isHeldBack();
    // The other table's rows and changelog, twice.
    assertThat(lake.dataFilesOnDisk()).isEqualTo(files + 4);
    two.read("tx2", "tx3");
    lake.commit(transaction(4, lake.update(99, VALUE), lake.insert(4, "goes on")));
    assertThat(lake.rows()).containsExactly("1:first", "4:goes on", "99:large");
    assertThat(lake.changelog())
        .containsExactly("5 u at 4 by tx4/0 99:large", "5 c at 4 by tx4/1 4:goes on");
  }

  @Test
  void batchThatWasPreparedOverItIsLeftOutAsWell() {
    Two two = started();
    WriterFixture lake = two.lake();
    long files = lake.dataFilesOnDisk();
    PreparedBatch first = lake.prepare(two.incomplete(2));
    PreparedBatch second =
        lake.prepare(transaction(3, lake.update(2, "over it"), two.other().insert(3, "taken")));
    lake.pipeline.commit(first);
    PreparedBatch third = lake.prepare(transaction(4, two.other().update(2, "goes on")));
    lake.pipeline.commit(second);
    lake.pipeline.commit(third);
    assertThat(lake.pipeline.settle()).isPresent();
    two.isHeldBack();
    assertThat(two.other().rows()).containsExactly("2:goes on", "3:taken");
    assertThat(lake.dataFilesOnDisk()).isEqualTo(files + 4);
    two.read("tx2", "tx3", "tx4");
  }

  @Test
  void changesBeforeItStayInTheChangelog() {
    Two two = started();
    WriterFixture lake = two.lake();
    lake.pipeline.commit(lake.prepare(transaction(2, lake.update(1, "first"))));
    lake.pipeline.commit(lake.prepare(two.incomplete(3)));
    var unused = lake.pipeline.settle();
    two.isHeldBack("2 u at 2 by tx2/0 1:first");
  }

  /** What readers have seen of the table is told, whatever becomes of what comes after it. */
  @Test
  void changesBeforeItStayInTheChangelogAfterACrash() {
    Two two = started();
    WriterFixture lake = two.lake();
    lake.pipeline.commit(lake.prepare(transaction(2, lake.update(1, "first"))));
    lake.pipeline.commit(lake.prepare(two.incomplete(3)));
    two = again();
    two.lake().commit(transaction(2, two.lake().update(1, "first")), two.incomplete(3));
    two.isHeldBack("2 u at 2 by tx2/0 1:first");
  }

  @Test
  void crashBeforeItIsNotedBringsItAgain() {
    Two two = started();
    two.lake().pipeline.commit(two.lake().prepare(two.incomplete(2)));
    two = again();
    assertThat(two.lake().pipeline.isHeldBack(ORDERS)).isFalse();
    two.lake().commit(two.incomplete(2));
    assertThat(two.other().rows()).containsExactly("2:taken");
    assertThat(two.lake().pipeline.takeIncomplete()).containsExactly(ORDERS);
    two.isHeldBack();
    two = again();
    two.lake().commit(transaction(3, two.lake().insert(3, "not yet")));
    two.isHeldBack();
    two.read("tx2", "tx3");
  }

  @Test
  void largeTransactionLeavesItOut() {
    Two two = started();
    WriterFixture lake = two.lake();
    long files = lake.dataFilesOnDisk();
    LargeTransaction large = lake.pipeline.largeTransaction();
    two.incomplete(2).changes().forEach(large::apply);
    large.apply(lake.update(1, "not yet"));
    large.commit(end(2));
    assertThat(lake.pipeline.settle()).isPresent();
    two.isHeldBack();
    assertThat(two.other().rows()).containsExactly("2:taken");
    assertThat(lake.pipeline.takeIncomplete()).containsExactly(ORDERS);
    assertThat(lake.dataFilesOnDisk()).isEqualTo(files + 2);
    two.read("tx2");
  }

  /** A row whose key the lake could not hold got another one: its large value is nowhere. */
  @Test
  void newRowThatLacksAValueIsOneAsWellThoughALaterChangeHasIt() {
    Two two = started();
    WriterFixture lake = two.lake();
    lake.commit(
        transaction(2, insert(lake, 99), lake.update(99, "large"), two.other().insert(2, "taken")));
    two.isHeldBack();
    assertThat(two.other().rows()).containsExactly("2:taken");
    two.read("tx2");
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(insert(lake, 98));
    large.apply(lake.update(98, "large"));
    large.commit(end(3));
    assertThat(lake.pipeline.settle()).isPresent();
    assertThat(lake.pipeline.isHeldBack(ORDERS)).isTrue();
    assertThat(lake.rows()).containsExactly("1:first", "99:large");
    two.read("tx2", "tx3");
  }

  private static TableChange insert(WriterFixture lake, int id) {
    Record row = lake.row(id, VALUE);
    return change(new RowChange.Insert(lake.target.keys().keyOf(row), row));
  }

  /** The row came and went aside, say, and so neither the table nor the snapshot has it. */
  @Test
  void readingThatLacksTheRowAsWellIsGivenUp() {
    Two two = started();
    WriterFixture lake = two.lake();
    long files = lake.dataFilesOnDisk();
    TableReading reading = lake.pipeline.read(ORDERS, List.of());
    assertThat(reading.begin(seen -> false)).isTrue();
    reading.passed();
    reading.ended(transaction(2, lake.update(99, VALUE)));
    reading.add(lake.row(1, "true value"));
    reading.read();
    assertThat(lake.pipeline.complete(reading, AT)).isEmpty();
    assertThat(lake.rows()).containsExactly("1:first");
    assertThat(lake.dataFilesOnDisk()).isEqualTo(files);
    two.read("tx2");
  }
}
