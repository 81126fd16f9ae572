package dev.firn.writer;

import static dev.firn.writer.WriterFixture.ORDERS;
import static dev.firn.writer.WriterFixture.transaction;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.Table;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TestFollowing {
  private static final KeyIndex.Liveness ALL = (file, position) -> true;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"3,true,1", "3,true,2", "3,false,3", "2,true,4", "2,false,5"})
  void indexIsWhatReadingTheWholeTableMakesIt(int formatVersion, boolean keyed, long seed) {
    WriterFixture lake =
        WriterFixture.withoutChangelog(folder, formatVersion, key(keyed)).started(1, 2, 3, 4);
    Foreigner foreigner = new Foreigner(lake);
    Random random = new Random(seed);
    for (int i = 2; i < 20; i++) {
      lake.commit(transaction(i, changes(lake, keyed, random)));
      for (int n = random.nextInt(3); n > 0; n--) {
        disturb(foreigner, formatVersion, random);
      }
      TableState state = state(lake);
      state.table().refresh();
      state.follow();
      assertReflectsTheTable(state, lake, keyed);
    }
  }

  private static List<String> key(boolean keyed) {
    return keyed ? List.of("id") : List.of();
  }

  private static TableChange[] changes(WriterFixture lake, boolean keyed, Random random) {
    TableChange[] changes = new TableChange[1 + random.nextInt(5)];
    for (int i = 0; i < changes.length; i++) {
      int id = random.nextInt(12);
      changes[i] =
          switch (random.nextInt(3)) {
            case 0 -> lake.insert(id, "first");
            case 1 -> keyed ? lake.update(id, "v" + random.nextInt()) : lake.move(id, id + 1);
            default -> lake.delete(id);
          };
    }
    return changes;
  }

  private static void disturb(Foreigner foreigner, int formatVersion, Random random) {
    List<FileScanTask> files = new ArrayList<>(foreigner.files());
    Collections.shuffle(files, random);
    List<FileScanTask> some = files.subList(0, random.nextInt(1 + files.size()));
    int die = random.nextInt(formatVersion == 3 ? 6 : 4);
    if (die == 0) {
      foreigner.append(random.nextInt(12), random.nextInt(12));
    } else if (die < 3 && !some.isEmpty()) {
      foreigner.rewrite(some);
    } else if (die == 3 && !some.isEmpty()) {
      foreigner.rewrite(some, row -> random.nextInt(4) > 0);
    } else if (!some.isEmpty()) {
      foreigner.redelete(
          some.getFirst(),
          IntStream.range(0, (int) some.getFirst().file().recordCount())
              .filter(position -> random.nextInt(3) == 0)
              .mapToLong(position -> position)
              .toArray());
    }
  }

  private static TableState state(WriterFixture lake) {
    return lake.pipeline.writer(ORDERS).state();
  }

  /** The key index has each live row of the table where it is, and nothing else. */
  private static void assertReflectsTheTable(TableState state, WriterFixture lake, boolean keyed) {
    Table table = lake.table();
    TableState fresh =
        new TableState(
            table,
            new TableDefinition(ORDERS, WriterFixture.SCHEMA, key(keyed)),
            128L << 20,
            KeyMemory.heap());
    fresh.load();
    assertThat(state.snapshotId()).isEqualTo(fresh.snapshotId());
    assertThat(state.index().size()).isEqualTo(fresh.index().size());
    Map<String, LiveFile> known = new HashMap<>();
    state.files().committed().forEach(file -> known.put(file.file().location(), file));
    assertThat(known).hasSize(fresh.files().committed().size());
    KeyColumns keys = new KeyColumns(fresh);
    for (LiveFile file : fresh.files().committed()) {
      LiveFile same = requireNonNull(known.get(file.file().location()), "a file is unknown");
      assertThat(positions(same.deleted())).isEqualTo(positions(file.deleted()));
      keys.read(
          file,
          (key, location, lastUpdated) -> {
            RowLocation found =
                requireNonNull(
                    state.find(key, (id, at) -> id == same.id() && at == location.position()),
                    "a row is unknown");
            assertThat(same.rowId(found)).isEqualTo(file.rowId(location));
          });
    }
  }

  private static List<Long> positions(PositionDeleteIndex index) {
    List<Long> positions = new ArrayList<>();
    index.forEach(positions::add);
    return positions;
  }

  @Test
  void followingKeepsNothingOfFilesThatAreGone() {
    WriterFixture lake = WriterFixture.withoutChangelog(folder).started(1, 2, 3);
    Foreigner foreigner = new Foreigner(lake);
    for (int i = 2; i < 40; i++) {
      lake.commit(transaction(i, lake.update(i % 3 + 1, "v" + i)));
      foreigner.rewrite(foreigner.files().subList(0, 1));
    }
    lake.commit(transaction(40, lake.update(1, "last")));
    TableState state = state(lake);
    assertThat(state.files().size()).isEqualTo(foreigner.files().size());
    assertThat(state.index().size()).isEqualTo(3);
  }

  @Test
  void writesThatWerePlannedBeforeARewriteArePlannedAgain() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2, 3, 4, 5, 6);
    lake.commit(transaction(2, lake.insert(7, "new")));
    Map<Integer, Long> ids = lake.rowIds();
    PreparedBatch first = lake.prepare(transaction(3, lake.update(7, "a"), lake.delete(1)));
    PreparedBatch second = lake.prepare(transaction(4, lake.update(7, "b"), lake.update(2, "c")));
    Foreigner foreigner = new Foreigner(lake);
    foreigner.rewrite(foreigner.files().subList(0, 1));
    lake.pipeline.commit(first);
    foreigner.rewrite();
    lake.pipeline.commit(second);
    assertThat(lake.rows())
        .containsExactly("2:c", "3:first", "4:first", "5:first", "6:first", "7:b");
    ids.remove(1);
    assertThat(lake.rowIds()).isEqualTo(ids);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void deletesThatArePlannedAgainLeaveNoFileBehind(int formatVersion) throws IOException {
    WriterFixture lake = WriterFixture.open(folder, formatVersion, List.of("id")).started(1, 2, 3);
    lake.commit(transaction(2, lake.insert(4, "new")));
    PreparedBatch planned = lake.prepare(transaction(3, lake.delete(1), lake.delete(4)));
    Foreigner foreigner = new Foreigner(lake);
    foreigner.rewrite(foreigner.files().subList(0, 1));
    lake.pipeline.commit(planned);
    assertThat(lake.rows()).containsExactly("2:first", "3:first");
    assertThat(deleteFilesOnDisk()).isEqualTo(deleteFilesOf(lake.table()));
  }

  private Set<String> deleteFilesOnDisk() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.contains("-deletes"))
          .collect(Collectors.toSet());
    }
  }

  private static Set<String> deleteFilesOf(Table table) {
    Set<String> names = new HashSet<>();
    for (Snapshot snapshot : table.snapshots()) {
      SnapshotChanges.builderFor(table)
          .snapshot(snapshot)
          .build()
          .addedDeleteFiles()
          .forEach(file -> names.add(Path.of(file.location()).getFileName().toString()));
    }
    return names;
  }

  @Test
  void valuesThatTheSourceLeavesOutAreFoundAlsoInATableThatWasRewrittenAndCleaned() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    lake.commit(transaction(2, lake.update(1, "large")));
    List<FileScanTask> before = new Foreigner(lake).files();
    new Foreigner(lake).rewrite();
    before.forEach(file -> lake.table().io().deleteFile(file.file().location()));
    lake.commit(transaction(3, lake.update(1, Unavailable.VALUE)));
    assertThat(lake.rows()).containsExactly("1:large", "2:first");
    assertThat(lake.changelog()).endsWith("3 u at 3 by tx3/0 1:large");
  }

  @Test
  void whatFailedHalfwayIsReadAnew() {
    WriterFixture lake = WriterFixture.open(folder).started(1, 2);
    TableState state = state(lake);
    state.reflects(null);
    lake.commit(transaction(2, lake.update(1, "changed")));
    assertThat(lake.rows()).containsExactly("1:changed", "2:first");
    assertThat(state.find(lake.key(2), ALL)).isNotNull();
  }
}
