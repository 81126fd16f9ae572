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
import java.util.Set;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestColumnChanges {
  private static final ColumnChanges SIZE_ADDED =
      new ColumnChanges(
          List.of(new ColumnChanges.NewColumn("size", Types.IntegerType.get(), null)),
          Map.of(),
          Set.of("id", "name", "size"));
  private static final ColumnChanges ID_WIDENED = widened("id", Types.LongType.get());

  @TempDir private Path folder;

  private static ColumnChanges widened(String column, Type.PrimitiveType type) {
    return new ColumnChanges(List.of(), Map.of(column, type), Set.of("id", "name"));
  }

  private static ColumnChanges sent(String... columns) {
    return new ColumnChanges(List.of(), Map.of(), Set.of(columns));
  }

  @Test
  void addedColumnIsNullInRowsThatWereThere() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    lake.changeColumns(SIZE_ADDED);
    lake.commit(
        transaction(
            2,
            change(lake.update(Map.of("id", 2, "name", "b", "size", 20))),
            change(lake.insert(Map.of("id", 3, "name", "c", "size", 30)))));
    assertThat(lake.rows()).containsExactly("1:first:null", "2:b:20", "3:c:30");
    assertThat(lake.changelog())
        .containsExactly("2 u at 2 by tx2/0 2:b:20", "2 c at 2 by tx2/1 3:c:30");
  }

  @Test
  void olderSnapshotKeepsItsColumns() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    long before = lake.table().currentSnapshot().snapshotId();
    lake.changeColumns(SIZE_ADDED);
    lake.commit(transaction(2, change(lake.update(Map.of("id", 1, "name", "a", "size", 10)))));
    lake.changeColumns(ID_WIDENED);
    assertThat(lake.rowsAt(before)).containsExactly("1:first");
    assertThat(lake.rows()).containsExactly("1:a:10");
  }

  @Test
  void rowsKeepTheirIdsAndPlacesWhenTheKeyGetsWider() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    lake.changeColumns(ID_WIDENED);
    lake.commit(
        transaction(
            2,
            change(lake.update(Map.of("id", 2L, "name", "b"))),
            change(lake.delete(Map.of("id", 1L))),
            change(lake.insert(Map.of("id", 1L << 40, "name", "c")))));
    assertThat(lake.rows()).containsExactly("1099511627776:c", "2:b");
    assertThat(lake.table().schema().identifierFieldNames()).containsExactly("id");
  }

  @Test
  void askedTwiceItIsDoneOnce() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.changeColumns(SIZE_ADDED);
    Table after = lake.table();
    lake.changeColumns(SIZE_ADDED);
    assertThat(lake.table().currentSnapshot()).isEqualTo(after.currentSnapshot());
    assertThat(lake.table().schema().sameSchema(after.schema())).isTrue();
  }

  @Test
  void positionAndBatchStayWhatTheyWere() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.commit(transaction(2, lake.insert(2, "two")));
    Mark before = Mark.in(lake.table().properties()).orElseThrow();
    lake.changeColumns(SIZE_ADDED);
    assertThat(Mark.in(lake.table().currentSnapshot().summary())).contains(before);
    assertThat(WriterFixture.open(folder).pipeline.position()).contains(new WriterFixture.Place(2));
  }

  @Test
  void startTakesTheTableWithTheColumnsThatItHas() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.changeColumns(SIZE_ADDED);
    lake.commit(transaction(2, change(lake.insert(Map.of("id", 2, "name", "b", "size", 20)))));
    WriterFixture again = WriterFixture.open(folder);
    assertThat(again.target.columns().columns())
        .extracting(Types.NestedField::name)
        .containsExactly("id", "name", "size");
    again.commit(transaction(3, change(again.update(Map.of("id", 2, "name", "older")))));
    assertThat(again.rows()).containsExactly("1:first:null", "2:older:null");
  }

  @Test
  void startGivesAChangelogWhatItLacks() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.pipeline.writer(ORDERS).changeColumns(SIZE_ADDED);
    assertThat(changelogColumns(lake)).doesNotContain("size");
    WriterFixture again = WriterFixture.open(folder);
    assertThat(changelogColumns(again)).contains("size");
    again.commit(transaction(2, change(again.insert(Map.of("id", 2, "name", "b", "size", 20)))));
    assertThat(again.changelog()).containsExactly("2 c at 2 by tx2/0 2:b:20");
  }

  private static List<String> changelogColumns(WriterFixture lake) {
    Schema schema = lake.catalog.loadTable(Changelog.nameFor(ORDERS)).schema();
    return schema.columns().stream().map(Types.NestedField::name).toList();
  }

  @Test
  void replacedWriterChangesNoColumn() {
    WriterFixture old = WriterFixture.open(folder).started(1);
    WriterFixture taker = WriterFixture.open(folder);
    assertThatThrownBy(() -> old.changeColumns(SIZE_ADDED)).isInstanceOf(FencedException.class);
    assertThat(taker.table().schema().findField("size")).isNull();
  }

  @Test
  void foreignCommitIsTakenIn() throws Exception {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.appendAsSomebodyElse(7);
    lake.changeColumns(SIZE_ADDED);
    lake.commit(transaction(2, change(lake.update(Map.of("id", 7, "name", "g", "size", 70)))));
    assertThat(lake.rows()).containsExactly("1:first:null", "7:g:70");
  }

  @Test
  void unchangedLargeValueIsFoundInARowFromBefore() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    lake.changeColumns(SIZE_ADDED);
    lake.changeColumns(ID_WIDENED);
    lake.commit(
        transaction(
            2, change(lake.update(Map.of("id", 1L, "name", Unavailable.VALUE, "size", 10)))));
    assertThat(lake.rows()).containsExactly("1:first:10");
    assertThat(lake.changelog()).containsExactly("2 u at 2 by tx2/0 1:first:10");
  }

  @Test
  void changeMadeBeforeIsBroughtToTheNewColumns() {
    WriterFixture lake = WriterFixture.open(folder).started(1);
    TableChange insert = lake.insert(2, "two");
    TableChange update = lake.update(1, Unavailable.VALUE);
    TableChange delete = lake.delete(2);
    lake.changeColumns(SIZE_ADDED);
    lake.changeColumns(ID_WIDENED);
    lake.commit(
        transaction(
            2,
            lake.target.adapt(insert),
            lake.target.adapt(update),
            change(lake.insert(Map.of("id", 3L, "name", "c", "size", 30)))),
        transaction(3, lake.target.adapt(delete)));
    assertThat(lake.rows()).containsExactly("1:first:null", "3:c:30");
    assertThat(lake.changelog())
        .containsExactly(
            "2 c at 2 by tx2/0 2:two:null",
            "2 u at 2 by tx2/1 1:first:null",
            "2 c at 2 by tx2/2 3:c:30",
            "2 d at 3 by tx3/0 2:null:null");
  }

  @Test
  void largeTransactionGoesOnWithOtherColumns() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    Map<Integer, Long> ids = lake.rowIds();
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(1, Unavailable.VALUE));
    large.apply(lake.update(2, "b"));
    large.apply(lake.insert(4, "d"));
    lake.target = large.changeColumns(ORDERS, SIZE_ADDED);
    large.apply(change(lake.update(Map.of("id", 1, "name", Unavailable.VALUE, "size", 10))));
    large.apply(change(lake.delete(Map.of("id", 4))));
    lake.target = large.changeColumns(ORDERS, ID_WIDENED);
    large.apply(change(lake.update(Map.of("id", 3L, "name", "c", "size", 30))));
    assertThat(lake.rows()).containsExactly("1:first:null", "2:first:null", "3:first:null");
    large.commit(end(2));
    var unused = lake.pipeline.settle();
    assertThat(lake.rows()).containsExactly("1:first:10", "2:b:null", "3:c:30");
    assertThat(lake.changelog())
        .containsExactly(
            "2 u at 2 by tx2/0 1:first:null",
            "2 u at 2 by tx2/1 2:b:null",
            "2 c at 2 by tx2/2 4:d:null",
            "2 u at 2 by tx2/3 1:first:10",
            "2 d at 2 by tx2/4 4:null:null",
            "2 u at 2 by tx2/5 3:c:30");
    assertThat(lake.rowIds().values()).containsExactlyInAnyOrderElementsOf(ids.values());
  }

  @Test
  void keylessRowsFromBeforeAreFoundWhenAColumnIsAdded() {
    WriterFixture lake = WriterFixture.open(folder, 3, List.of()).started(1, 1, 2);
    lake.changeColumns(SIZE_ADDED);
    lake.commit(
        transaction(
            2,
            change(lake.delete(Map.of("id", 1, "name", "first"))),
            change(lake.insert(Map.of("id", 1, "name", "first", "size", 10)))));
    assertThat(lake.rows()).containsExactly("1:first:10", "1:first:null", "2:first:null");
  }

  @Test
  void keylessRowsAreToldApartByTheColumnsThatAreSent() {
    WriterFixture lake = WriterFixture.open(folder, 3, List.of()).started(1, 2);
    lake.commit(transaction(2, lake.insert(3, "gone")));
    lake.changeColumns(sent("id"));
    lake.commit(
        transaction(3, change(lake.delete(Map.of("id", 3))), change(lake.delete(Map.of("id", 2)))));
    assertThat(lake.rows()).containsExactly("1:first");
    lake.changeColumns(sent("id", "name"));
    lake.commit(transaction(4, change(lake.delete(Map.of("id", 1, "name", "first")))));
    assertThat(lake.rows()).isEmpty();
  }

  @Test
  void keylessLargeTransactionLosesAColumn() {
    WriterFixture lake = WriterFixture.open(folder, 3, List.of()).started(1, 2, 3);
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.insert(4, "d"));
    large.apply(lake.insert(5, "e"));
    large.apply(lake.delete(1));
    Map<Integer, Long> ids = lake.rowIds();
    lake.target = large.changeColumns(ORDERS, sent("id"));
    large.apply(change(lake.delete(Map.of("id", 4))));
    large.apply(change(lake.delete(Map.of("id", 2))));
    large.apply(change(lake.insert(Map.of("id", 6))));
    large.commit(end(2));
    assertThat(lake.rows()).containsExactly("3:first", "5:e", "6:null");
    assertThat(lake.rowIds()).containsEntry(3, ids.get(3));
  }

  @Test
  void formatVersion2FollowsToo() {
    WriterFixture lake = WriterFixture.open(folder, 2, List.of("id")).started(1, 2);
    lake.changeColumns(SIZE_ADDED);
    lake.changeColumns(ID_WIDENED);
    lake.commit(transaction(2, change(lake.update(Map.of("id", 2L, "name", "b", "size", 20)))));
    assertThat(lake.rows()).containsExactly("1:first:null", "2:b:20");
  }
}
