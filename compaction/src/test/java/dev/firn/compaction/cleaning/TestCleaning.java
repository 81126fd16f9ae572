package dev.firn.compaction.cleaning;

import static dev.firn.compaction.cleaning.CleaningFixture.LATER;
import static dev.firn.compaction.cleaning.CleaningFixture.exists;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.compaction.CompactionException;
import dev.firn.compaction.CompactionStoppedException;
import dev.firn.compaction.Pacer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Table;
import org.apache.iceberg.expressions.Expressions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestCleaning {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant AFTER = NOW.plus(Duration.ofHours(1));

  @TempDir private Path folder;
  private final Cleaning cleaning = Cleaning.with(CleaningSettings.defaults());

  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  private void expire(CleaningFixture lake, Long... ids) {
    cleaning.beforeExpiry(lake.table, Set.of(ids), NOW);
    lake.expire(Set.of(ids));
  }

  /** Two files, rewritten to one; the first two snapshots can go. */
  private CleaningFixture rewritten(int format) {
    CleaningFixture lake = CleaningFixture.at(folder, format);
    long first = lake.append(1, 2);
    long second = lake.append(3);
    lake.rewrite();
    expire(lake, first, second);
    return lake;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void filesOfExpiredSnapshotsGoAfterTheGrace(int format) {
    CleaningFixture lake = rewritten(format);
    assertThat(cleaning.sweep(lake.table, AFTER.minusMillis(1)).isNothing()).isTrue();
    assertThat(Unreachable.in(lake.table).files()).isPositive();

    CleaningResult result = cleaning.sweep(lake.table, AFTER);

    assertThat(result.removed(FileKind.DATA_FILE).files()).isEqualTo(2);
    assertThat(result.removed(FileKind.DATA_FILE).bytes()).isPositive();
    assertThat(result.removed(FileKind.MANIFEST).files()).isEqualTo(2);
    assertThat(result.removed(FileKind.MANIFEST_LIST).files()).isEqualTo(2);
    assertThat(result.total().files()).isEqualTo(6);
    assertThat(result.notes()).isEmpty();
    assertThat(lake.stored()).isEqualTo(lake.reachable());
    assertThat(lake.ids()).containsExactly(1L, 2L, 3L);
  }

  @Test
  void everyKindOfFileGoes() {
    CleaningFixture lake = CleaningFixture.at(folder, 2);
    Set<Long> old = new HashSet<>(Set.of(lake.append(1, 2), lake.append(3, 4)));
    old.add(lake.delete(lake.files(), 0));
    old.add(lake.deleteEqual(4));
    lake.statistics();
    lake.table.newDelete().deleteFromRowFilter(Expressions.alwaysTrue()).commit();
    old.add(lake.head());
    lake.append(5);
    cleaning.beforeExpiry(lake.table, old, NOW);
    lake.expire(old);

    CleaningResult result = cleaning.sweep(lake.table, AFTER);

    assertThat(result.removed(FileKind.DATA_FILE).files()).isEqualTo(2);
    assertThat(result.removed(FileKind.DELETE_FILE).files()).isEqualTo(2);
    assertThat(result.removed(FileKind.MANIFEST).files()).isPositive();
    assertThat(result.removed(FileKind.MANIFEST_LIST).files()).isEqualTo(old.size());
    assertThat(lake.stored()).isEqualTo(lake.reachable());
    assertThat(lake.ids()).containsExactly(5L);
  }

  @Test
  void whoPacesItEndsItAnywhere() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    long old = lake.append(1);
    lake.append(2);
    expire(lake, old);
    String orphan = lake.putIn("data");
    int[] calls = {0};

    assertThat(
            cleaning
                .paced(() -> calls[0]++)
                .dryRun()
                .findOrphans(lake.table, List.of(), LATER)
                .total()
                .files())
        .isPositive();

    assertThat(calls[0]).isGreaterThan(5);
    for (int last = 1; last <= calls[0]; last++) {
      int[] left = {last};
      Cleaning stopped =
          cleaning.paced(() -> {
            left[0]--;
            if (left[0] == 0) {
              throw new CompactionStoppedException("it is time");
            }
          });
      assertThatThrownBy(() -> stopped.findOrphans(lake.table, List.of(), LATER))
          .isInstanceOf(CompactionStoppedException.class);
      assertThat(lake.stored()).containsAll(lake.reachable());
    }
    assertThat(exists(orphan)).isTrue();
  }

  @Test
  void statisticsGoWithTheirSnapshotOnly() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    long old = lake.append(1);
    lake.statistics();
    String stale = lake.table.statisticsFiles().getFirst().path();
    lake.append(2);
    lake.statistics();
    expire(lake, old);
    lake.table.updateStatistics().removeStatistics(old).commit();
    lake.table.updatePartitionStatistics().removePartitionStatistics(old).commit();

    CleaningResult result = cleaning.sweep(lake.table, AFTER);

    assertThat(exists(stale)).isFalse();
    assertThat(result.removed(FileKind.STATISTICS).files()).isEqualTo(2);
    assertThat(lake.stored()).isEqualTo(lake.reachable());
  }

  @Test
  void aPuffinFileStaysWhileAnyOfItsVectorsLives() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    lake.append(1, 2, 3);
    lake.append(4, 5, 6);
    long both = lake.delete(lake.files(), 0);
    String puffin = lake.files().getFirst().deletes().getFirst().location();
    long one = lake.delete(List.of(fileWith(lake, 4)), 1);
    expire(lake, both);
    assertThat(cleaning.sweep(lake.table, AFTER).removed(FileKind.PUFFIN).files()).isZero();
    assertThat(lake.ids()).containsExactly(2L, 3L, 6L);
    assertThat(exists(puffin)).isTrue();

    lake.delete(List.of(fileWith(lake, 1)), 1);
    expire(lake, one);
    assertThat(cleaning.sweep(lake.table, AFTER).removed(FileKind.PUFFIN).files()).isEqualTo(1);
    assertThat(exists(puffin)).isFalse();
    assertThat(lake.ids()).containsExactly(3L, 6L);
    assertThat(lake.table.snapshots()).hasSize(3);
  }

  /** The first file has the smaller ids. */
  private static FileScanTask fileWith(CleaningFixture lake, long id) {
    List<FileScanTask> files = new ArrayList<>(lake.files());
    files.sort(
        (a, b) -> Long.compare(a.file().fileSequenceNumber(), b.file().fileSequenceNumber()));
    return id < 4 ? files.getFirst() : files.getLast();
  }

  @Test
  void branchesAndTagsKeepTheirFiles() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    long tagged = lake.append(1);
    lake.table.manageSnapshots().createTag("audit", tagged).createBranch("b", tagged).commit();
    long branched = lake.appendTo("b", 2);
    long between = lake.append(3);
    lake.rewrite();
    expire(lake, between);

    cleaning.sweep(lake.table, AFTER);

    assertThat(lake.ids(tagged)).containsExactly(1L);
    assertThat(lake.ids(branched)).containsExactly(1L, 2L);
    assertThat(lake.stored()).isEqualTo(lake.reachable());
  }

  @Test
  void anExpiryThatNeverCameRemovesNothing() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    long old = lake.append(1);
    lake.rewrite();
    Set<Path> before = lake.stored();
    cleaning.beforeExpiry(lake.table, Set.of(old), NOW);

    assertThat(cleaning.sweep(lake.table, AFTER).isNothing()).isTrue();

    assertThat(lake.stored()).isEqualTo(before);
    assertThat(lake.ids(old)).containsExactly(1L);
  }

  @Test
  void aFileThatSomebodyAddsAgainStaysAlsoIfThatHappensWhileTheNoteIsRead() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    long first = lake.append(1);
    DataFile file = lake.files().getFirst().file();
    lake.rewrite();
    expire(lake, first);
    Table watched =
        WatchedTable.of(
            lake.fresh(),
            once(
                "read .*/firn-unreachable-.*",
                () ->
                    lake.table
                        .newAppend()
                        .appendFile(lake.write(CleaningFixture.rows(7)))
                        .appendFile(file)
                        .commit()));

    CleaningResult result = cleaning.sweep(watched, AFTER);

    assertThat(result.removed(FileKind.DATA_FILE).files()).isZero();
    assertThat(result.removed(FileKind.MANIFEST).files()).isPositive();
    assertThat(exists(file.location())).isTrue();
    assertThat(lake.ids()).containsExactly(1L, 7L);
  }

  private static Consumer<String> once(String step, Runnable action) {
    boolean[] done = new boolean[1];
    return taken -> {
      if (!done[0] && taken.matches(step)) {
        done[0] = true;
        action.run();
      }
    };
  }

  @Test
  void aDryRunTellsTheSameAndChangesNothing() {
    CleaningFixture lake = rewritten(3);
    Set<Path> before = lake.stored();

    CleaningResult would = cleaning.dryRun().sweep(lake.table, AFTER);
    cleaning.dryRun().beforeExpiry(lake.table, lake.snapshots(), NOW);

    assertThat(lake.stored()).isEqualTo(before);
    assertThat(would.outcome()).isEqualTo(CleaningResult.Outcome.WOULD_REMOVE);
    assertThat(would.paths()).hasSize(6).allMatch(CleaningFixture::exists);
    CleaningResult done = cleaning.sweep(lake.table, AFTER);
    assertThat(done.removed()).isEqualTo(would.removed());
    assertThat(done.paths()).isEqualTo(would.paths()).noneMatch(CleaningFixture::exists);
  }

  @Test
  void aNoteOfAnotherTableAtTheSamePlaceIsLeftAlone() {
    CleaningFixture lake = rewritten(3);
    lake.catalog.dropTable(CleaningFixture.ORDERS, false);
    Table other = lake.catalog.createTable(CleaningFixture.ORDERS, CleaningFixture.SCHEMA);
    assertThat(other.location()).isEqualTo(lake.table.location());
    Set<Path> before = lake.stored();

    assertThat(cleaning.sweep(other, AFTER).isNothing()).isTrue();

    assertThat(lake.stored()).isEqualTo(before);
  }

  @Test
  void aDeleteThatFailsIsToldAndTriedAgain() {
    CleaningFixture lake = rewritten(3);
    Consumer<String> failing =
        step -> {
          if (step.matches("delete .*-m\\d+\\.avro")) {
            throw new UncheckedIOException(new IOException("no right to"));
          }
        };

    CleaningResult result = cleaning.sweep(WatchedTable.of(lake.fresh(), failing), AFTER);

    assertThat(result.failed()).isEqualTo(2);
    assertThat(result.total().files()).isEqualTo(4);
    assertThat(result.notes()).singleElement().asString().contains("2 files", "no right to");
    assertThat(lake.notes()).hasSize(1);
    assertThat(cleaning.sweep(lake.table, AFTER).failed()).isZero();
    assertThat(lake.stored()).isEqualTo(lake.reachable());
  }

  @Test
  void nothingIsRemovedWhereMetadataCannotBeRead() throws Exception {
    CleaningFixture lake = rewritten(3);
    Files.delete(
        CleaningFixture.path(
            lake.table.currentSnapshot().allManifests(lake.table.io()).getFirst().path()));
    Set<Path> before = lake.stored();

    assertThatThrownBy(() -> cleaning.sweep(lake.table, AFTER))
        .isInstanceOf(CompactionException.class)
        .hasMessageContaining("lake.shop.orders")
        .hasMessageContaining("nothing (more) is removed");
    assertThatThrownBy(() -> cleaning.findOrphans(lake.table, List.of(), LATER))
        .isInstanceOf(CompactionException.class);

    assertThat(lake.stored()).isEqualTo(before);
  }

  @Test
  void aSnapshotThatCannotBeReadCanBeExpired() throws Exception {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    long old = lake.append(1);
    lake.append(2);
    lake.rewrite();
    Files.delete(CleaningFixture.path(lake.table.snapshot(old).manifestListLocation()));
    expire(lake, old);

    CleaningResult result = cleaning.sweep(lake.table, AFTER);

    assertThat(result.failed()).isZero();
    assertThat(lake.ids()).containsExactly(1L, 2L);
  }

  @Test
  void aTableThatSharesItsFilesIsLeftAlone() {
    CleaningFixture lake = rewritten(3);
    lake.putIn("data");
    lake.table.updateProperties().set("gc.enabled", "false").commit();
    Set<Path> before = lake.stored();

    assertThat(cleaning.sweep(lake.table, AFTER).notes())
        .containsExactly("left alone: gc.enabled=false");
    assertThat(cleaning.findOrphans(lake.table, List.of(), LATER).notes())
        .containsExactly("left alone: gc.enabled=false");

    assertThat(lake.stored()).isEqualTo(before);
  }

  @Test
  void twoSweepsAtOnceDoNoHarm() {
    CleaningFixture lake = rewritten(3);
    Table watched =
        WatchedTable.of(lake.fresh(), once("delete .*", () -> cleaning.sweep(lake.fresh(), AFTER)));

    CleaningResult result = cleaning.sweep(watched, AFTER);

    assertThat(result.failed()).isZero();
    assertThat(lake.stored()).isEqualTo(lake.reachable());
  }

  @Test
  void filesOutsideTheTablesFoldersStay() {
    CleaningFixture lake =
        CleaningFixture.at(
            folder,
            3,
            PartitionSpec.unpartitioned(),
            Map.of("write.data.path", folder.resolve("outside").toUri().toString()));
    long first = lake.append(1);
    String outside = lake.files().getFirst().file().location();
    lake.rewrite();
    lake.table.updateProperties().remove("write.data.path").commit();
    expire(lake, first);

    CleaningResult result = cleaning.sweep(lake.table, AFTER);

    assertThat(exists(outside)).isTrue();
    assertThat(result.notes()).containsExactly("left 1 files that lie outside the table's folders");
  }

  @Test
  void anIllegibleNoteIsLeft() throws Exception {
    CleaningFixture lake = rewritten(3);
    Path note = lake.notes().iterator().next();
    byte[] whole = Files.readAllBytes(note);
    Files.write(note, Arrays.copyOf(whole, whole.length - 5));

    CleaningResult result = cleaning.sweep(lake.table, AFTER);

    assertThat(result.notes()).singleElement().asString().contains("it is not whole");
    assertThat(note).exists();
    assertThat(lake.ids()).containsExactly(1L, 2L, 3L);
  }

  @Test
  void aNoteCostsOnlyManifestsThatLeave() {
    CleaningFixture lake =
        CleaningFixture.at(
            folder,
            3,
            PartitionSpec.unpartitioned(),
            Map.of("commit.manifest.min-count-to-merge", "1000"));
    long oldest = lake.append(1);
    for (long id = 2; id < 12; id++) {
      lake.append(id);
    }
    Set<String> read = new TreeSet<>();
    cleaning.beforeExpiry(WatchedTable.of(lake.fresh(), read::add), Set.of(oldest), NOW);
    // two manifest lists; no manifest leaves
    assertThat(read).filteredOn(step -> step.startsWith("read")).hasSize(2);
    assertThat(lake.notes()).hasSize(1);
  }

  @Test
  void filesThatAMergeTookOverAreNotNoted() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    Set<Long> old = new TreeSet<>();
    for (long id = 0; id < 6; id++) {
      old.add(lake.append(id));
    }
    lake.append(6);
    cleaning.beforeExpiry(lake.table, old, NOW);
    lake.expire(old);

    CleaningResult result = cleaning.sweep(lake.table, AFTER);

    assertThat(result.looked()).isEqualTo(result.total().files());
    assertThat(result.removed().keySet())
        .containsExactlyInAnyOrder(FileKind.MANIFEST, FileKind.MANIFEST_LIST);
    assertThat(lake.stored()).isEqualTo(lake.reachable());
  }

  /** The table changes between the runs, each of which is killed a step later, or three. */
  @Test
  void aKillAtAnyStepLeavesNothingThatTheNextRunDoesNotFinish() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    long last = lake.append(LongStream.range(0, 100).toArray());
    boolean killed = true;
    int kills = 0;
    for (int at = 1; killed; at += at < 12 ? 1 : 3) {
      Set<Long> old = Set.of(last, lake.delete(lake.files(), 0));
      last = lake.rewrite();
      Set<Long> rows = lake.ids();
      killed = isKilled(lake, old, at);
      kills += killed ? 1 : 0;
      lake.table.refresh();
      expireAndSweep(lake.table, lake, old);
      assertThat(Unreachable.in(lake.table).examples()).allMatch(file -> file.endsWith("finished"));
      run(lake.table, lake, old);
      assertThat(lake.ids()).isEqualTo(rows);
      assertThat(lake.stored()).isEqualTo(lake.reachable());
    }
    assertThat(kills).isGreaterThan(12);
  }

  private boolean isKilled(CleaningFixture lake, Set<Long> old, int at) {
    int[] steps = new int[1];
    Consumer<String> killing =
        step -> {
          if (++steps[0] >= at) {
            throw new Killed();
          }
        };
    try {
      run(WatchedTable.of(lake.fresh(), killing), lake, old);
      return false;
    } catch (Killed e) {
      return true;
    }
  }

  private void expireAndSweep(Table table, CleaningFixture lake, Set<Long> old) {
    cleaning.beforeExpiry(table, old, NOW);
    lake.expire(old);
    cleaning.sweep(table, AFTER);
  }

  private void run(Table table, CleaningFixture lake, Set<Long> old) {
    expireAndSweep(table, lake, old);
    cleaning.findOrphans(table, List.of(), LATER);
  }

  @Test
  void progressIsToldEveryTenSecondsAtMost() {
    long[] nanos = new long[1];
    List<String> told = new ArrayList<>();
    Telling telling = new Telling(told::add, Pacer.NONE, () -> nanos[0]);
    for (int second = 0; second <= 35; second++) {
      nanos[0] = Duration.ofSeconds(second).toNanos();
      String line = "at " + second;
      telling.at(() -> line);
    }
    assertThat(told).containsExactly("at 10", "at 20", "at 30");
  }

  @Test
  void resultsAddUp() {
    CleaningFixture lake = rewritten(3);
    CleaningResult swept = cleaning.sweep(lake.table, AFTER);
    lake.putIn("data");
    CleaningResult both = swept.plus(cleaning.findOrphans(lake.table, List.of(), LATER));
    assertThat(both.removed(FileKind.DATA_FILE).files()).isEqualTo(3);
    assertThat(both.total().files()).isEqualTo(7);
    assertThat(both.paths()).hasSize(7);
  }
}
