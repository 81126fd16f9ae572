package dev.firn.writer;

import static dev.firn.writer.WriterFixture.change;
import static dev.firn.writer.WriterFixture.end;
import static dev.firn.writer.WriterFixture.transaction;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestLargeTransaction {
  @TempDir private Path folder;

  @Test
  void outlastsARewrite() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3, 4, 5);
    lake.commit(transaction(2, lake.update(5, "five"), lake.insert(6, "six")));
    Map<Integer, Long> ids = lake.rowIds();
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(2, "b"));
    large.apply(lake.delete(3));
    large.apply(lake.insert(7, "seven"));
    large.apply(lake.update(7, "SEVEN"));
    large.apply(lake.update(6, "SIX"));
    new Foreigner(lake).rewrite();
    large.apply(lake.update(1, "a"));
    large.apply(lake.insert(8, "eight"));
    large.apply(lake.delete(8));
    large.commit(end(3));
    assertThat(lake.rows()).containsExactly("1:a", "2:b", "4:first", "5:five", "6:SIX", "7:SEVEN");
    ids.remove(3);
    assertThat(lake.rowIds()).containsAllEntriesOf(ids).hasSize(6);
    lake.commit(transaction(4, lake.update(4, "d"), lake.update(7, "e"), lake.delete(1)));
    assertThat(lake.rows()).containsExactly("2:b", "4:d", "5:five", "6:SIX", "7:e");
    assertThat(lake.rowIds()).containsAllEntriesOf(Map.of(4, ids.get(4), 5, ids.get(5)));
  }

  @Test
  void outlastsSeveralRewritesOfSomeFiles() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    for (int i = 4; i < 12; i++) {
      lake.commit(transaction(i, lake.insert(i, "new"), lake.update(i - 2, "touched")));
    }
    Map<Integer, Long> ids = lake.rowIds();
    Foreigner foreigner = new Foreigner(lake);
    LargeTransaction large = lake.pipeline.largeTransaction();
    for (int id = 1; id < 12; id += 2) {
      large.apply(lake.update(id, "large"));
      foreigner.rewrite(foreigner.files().subList(0, 2));
    }
    large.commit(end(12));
    assertThat(lake.rowIds()).isEqualTo(ids);
    assertThat(lake.rows()).filteredOn(row -> row.endsWith("large")).hasSize(6);
    WriterFixture again = WriterFixture.open(folder);
    again.commit(transaction(13, again.delete(1), again.delete(2)));
    assertThat(again.rows()).hasSize(9);
  }

  @Test
  void changelogTellsItOnce() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(1, "a"));
    large.apply(lake.delete(2));
    new Foreigner(lake).rewrite();
    large.commit(end(2));
    lake.pipeline.settle();
    assertThat(lake.changelog())
        .containsExactly("2 u at 2 by tx2/0 1:a", "2 d at 2 by tx2/1 2:null");
  }

  @Test
  void rowsBehindOneThatLacksAValueDoNotPileUp() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    long files = lake.dataFilesOnDisk();
    LargeTransaction large = new LargeTransaction(lake.pipeline, 6_500);
    large.apply(lake.update(1, Unavailable.VALUE));
    for (int i = 0; i < 64; i++) {
      large.apply(lake.update(2, "two"));
    }
    assertThat(lake.dataFilesOnDisk()).isGreaterThan(files);
    large.commit(end(2));
    lake.pipeline.settle();
    assertThat(lake.rows()).containsExactly("1:first", "2:two", "3:first");
    assertThat(lake.changelog()).hasSize(65).startsWith("2 u at 2 by tx2/0 1:first");
  }

  @Test
  void keylessRowsAreToldApartByTheirIds() {
    WriterFixture lake = WriterFixture.open(folder, 3, List.of()).started(1, 1, 1, 2);
    lake.commit(transaction(2, lake.insert(1, "first"), lake.insert(3, "first")));
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.delete(1));
    large.apply(lake.move(1, 5));
    large.apply(lake.move(5, 6));
    large.apply(lake.insert(1, "first"));
    new Foreigner(lake).rewrite();
    large.commit(end(3));
    assertThat(lake.rows())
        .containsExactly("1:first", "1:first", "1:first", "2:first", "3:first", "6:first");
    lake.commit(transaction(4, lake.delete(1), lake.delete(1), lake.delete(1), lake.delete(6)));
    assertThat(lake.rows()).containsExactly("2:first", "3:first");
  }

  @Test
  void outlastsARewriteWhenAllRowsGo() {
    WriterFixture lake = WriterFixture.open(folder, 2, List.of("id")).started(1, 2);
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(1, "a"));
    large.apply(change(new RowChange.Truncate()));
    large.apply(lake.insert(2, "b"));
    new Foreigner(lake).rewrite();
    large.commit(end(2));
    assertThat(lake.rows()).containsExactly("2:b");
    lake.commit(transaction(3, lake.update(2, "c")));
    assertThat(lake.rows()).containsExactly("2:c");
  }

  @Test
  void foreignSnapshotWithoutAChangeIsNothing() {
    WriterFixture lake = WriterFixture.open(folder, 2, List.of("id")).started(1, 2, 3);
    lake.commit(transaction(2, lake.update(1, "a")));
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(2, "b"));
    lake.table().newFastAppend().commit();
    large.commit(end(3));
    assertThat(lake.rows()).containsExactly("1:a", "2:b", "3:first");
  }

  @Test
  void stopsWhenSomebodyElseAppends() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    Foreigner foreigner = new Foreigner(lake);
    assertStops(lake, () -> foreigner.append(9));
  }

  @Test
  void stopsWhenSomebodyElseDeletes() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    Foreigner foreigner = new Foreigner(lake);
    assertStops(lake, () -> foreigner.redelete(foreigner.files().getFirst(), 2));
  }

  @Test
  void stopsWhenARewriteLosesARow() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    Foreigner foreigner = new Foreigner(lake);
    assertStops(lake, () -> foreigner.rewrite(foreigner.files(), row -> !row.get(0).equals(3)));
  }

  @Test
  void stopsWhenARewriteChangesARow() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3);
    Foreigner foreigner = new Foreigner(lake);
    assertStops(
        lake,
        () ->
            foreigner.rewrite(
                foreigner.files(),
                row -> {
                  row.setField("_last_updated_sequence_number", null);
                  return true;
                }));
  }

  @Test
  void stopsInFormatVersion2WhereRowsHaveNoIds() {
    WriterFixture lake = WriterFixture.open(folder, 2, List.of("id")).started(1, 2, 3);
    Foreigner foreigner = new Foreigner(lake);
    assertStops(lake, foreigner::rewrite);
  }

  private static void assertStops(WriterFixture lake, Runnable meanwhile) {
    LargeTransaction large = lake.pipeline.largeTransaction();
    large.apply(lake.update(1, "large"));
    meanwhile.run();
    assertThatThrownBy(() -> large.commit(end(2)))
        .isInstanceOf(PipelineException.class)
        .hasMessageContaining("start again");
  }
}
