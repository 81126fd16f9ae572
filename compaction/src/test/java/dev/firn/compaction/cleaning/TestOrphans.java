package dev.firn.compaction.cleaning;

import static dev.firn.compaction.cleaning.CleaningFixture.LATER;
import static dev.firn.compaction.cleaning.CleaningFixture.exists;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestOrphans {
  @TempDir private Path folder;
  private final Cleaning cleaning = Cleaning.with(CleaningSettings.defaults());

  private CleaningFixture lake() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    lake.append(1, 2);
    lake.delete(lake.files(), 0);
    return lake;
  }

  private static Consumer<String> at(String step, Runnable action) {
    return taken -> {
      if (taken.matches(step)) {
        action.run();
      }
    };
  }

  @Test
  void whatNothingReachesGoesOnceItIsOldEnough() {
    CleaningFixture lake = lake();
    Instant now = Instant.now();
    String old = lake.putIn("data");
    String young = lake.putIn("data");
    String list = lake.put(lake.table.location() + "/metadata/snap-1-1-x.avro");
    lake.date(old, now.minus(Duration.ofDays(3)));
    lake.date(list, now.minus(Duration.ofDays(30)));
    lake.date(young, now.minus(Duration.ofDays(3)).plusSeconds(1));

    CleaningResult result = cleaning.findOrphans(lake.table, List.of(), now);

    assertThat(result.paths()).containsExactlyInAnyOrder(old, list);
    assertThat(result.removed(FileKind.MANIFEST_LIST).files()).isEqualTo(1);
    assertThat(result.total().bytes()).isEqualTo(2);
    assertThat(exists(old)).isFalse();
    assertThat(exists(young)).isTrue();
    assertThat(lake.ids()).containsExactly(2L);
  }

  @Test
  void metadataFilesOfTheLogTheVersionHintAndNotesStay() {
    CleaningFixture lake = lake();
    String hint = lake.put(lake.table.location() + "/metadata/version-hint.text");
    String note = lake.put(lake.table.location() + "/metadata/firn-unreachable-1-a.txt.gz");
    String sum =
        lake.put(
            lake.table.location()
                + "/data/."
                + Location.name(lake.files().getFirst().file().location())
                + ".crc");
    String forgotten = lake.put(lake.table.location() + "/metadata/00000-x.metadata.json");

    CleaningResult result = cleaning.findOrphans(lake.table, List.of(), LATER);

    assertThat(result.paths()).containsExactly(forgotten);
    assertThat(result.removed(FileKind.METADATA).files()).isEqualTo(1);
    assertThat(List.of(hint, note, sum)).allMatch(CleaningFixture::exists);
    assertThat(lake.reachable()).allMatch(Files::exists);
  }

  @Test
  void hiddenFoldersAndFilesAreOfSomebodyElse() {
    CleaningFixture lake = lake();
    List<String> theirs =
        Stream.of("_delta_log", ".hoodie", "data/_spark_metadata/0", "data/.checkpoints")
            .map(lake::putIn)
            .toList();
    String success = lake.put(lake.table.location() + "/data/_SUCCESS");

    assertThat(cleaning.findOrphans(lake.table, List.of(), LATER).isNothing()).isTrue();

    assertThat(theirs).allMatch(CleaningFixture::exists);
    assertThat(exists(success)).isTrue();
    assertThat(Unreachable.in(lake.table).files()).isZero();
  }

  @Test
  void foldersOfPartitionsAreNotHiddenNorWhatATableCallsItsOwn() {
    CleaningFixture lake =
        CleaningFixture.at(
            folder,
            3,
            PartitionSpec.builderFor(CleaningFixture.SCHEMA)
                .identity("name", "_col")
                .bucket("id", 2, "_a b")
                .build(),
            Map.of());
    lake.append(1);
    lake.table.updateProperties().set("write.data.path", lake.table.location() + "/_own").commit();
    List<String> orphans =
        Stream.of("data/_col=x", "data/_a+b=1", "_own/data").map(lake::putIn).toList();
    String other = lake.putIn("data/_column=x");

    CleaningResult result = cleaning.findOrphans(lake.table, List.of(), LATER);

    assertThat(result.paths()).containsExactlyInAnyOrderElementsOf(orphans);
    assertThat(exists(other)).isTrue();
    assertThat(lake.ids()).containsExactly(1L);
  }

  @Test
  void aDryRunDeletesNothing() {
    CleaningFixture lake = lake();
    String orphan = lake.putIn("data");
    CleaningResult result = cleaning.dryRun().findOrphans(lake.table, List.of(), LATER);
    assertThat(result.paths()).containsExactly(orphan);
    assertThat(exists(orphan)).isTrue();
  }

  @Test
  void aFileThatIsCommittedAfterTheListingStays() {
    CleaningFixture lake = lake();
    DataFile file = lake.write(CleaningFixture.rows(9));
    int[] listed = new int[1];
    Consumer<String> commit =
        step -> {
          listed[0] += step.startsWith("list") ? 1 : 0;
          if (step.equals("refresh") && listed[0] == 1) {
            listed[0]++;
            lake.table.newAppend().appendFile(file).commit();
          }
        };

    CleaningResult result =
        cleaning.findOrphans(WatchedTable.of(lake.fresh(), commit), List.of(), LATER);

    assertThat(listed[0]).isEqualTo(2);
    assertThat(result.total().files()).isZero();
    assertThat(lake.ids()).containsExactly(2L, 9L);
  }

  @Test
  void aTableWhoseNameBeginsAlikeIsNotTouched() {
    CleaningFixture lake = lake();
    Table changelog =
        lake.catalog.createTable(
            TableIdentifier.of("shop", "orders_changelog"), CleaningFixture.SCHEMA);
    String other = lake.put(changelog.location() + "/data/x.parquet");
    assertThat(cleaning.findOrphans(lake.table, List.of(), LATER).isNothing()).isTrue();
    assertThat(exists(other)).isTrue();
  }

  @Test
  void tablesInsideAndAroundAreLeftAlone() {
    CleaningFixture lake = lake();
    Table inner =
        lake.catalog
            .buildTable(TableIdentifier.of("shop", "inner"), CleaningFixture.SCHEMA)
            .withLocation(lake.table.location() + "/inner")
            .create();
    String theirs = lake.put(inner.location() + "/data/x.parquet");
    String ours = lake.putIn("data");
    List<TableFolders> all = List.of(TableFolders.of(lake.table), TableFolders.of(inner));

    CleaningResult around = cleaning.findOrphans(lake.table, all, LATER);
    CleaningResult inside = cleaning.findOrphans(inner, all, LATER);

    assertThat(around.paths()).containsExactly(ours);
    assertThat(around.notes()).singleElement().asString().contains("in which lake.shop.inner lies");
    assertThat(inside.total().files()).isZero();
    assertThat(inside.notes()).singleElement().asString().contains("a folder of lake.shop.orders");
    assertThat(exists(theirs)).isTrue();
  }

  @Test
  void foldersOfDataAndMetadataElsewhereAreSearched() {
    Path elsewhere = folder.resolve("elsewhere");
    CleaningFixture lake =
        CleaningFixture.at(
            folder,
            3,
            PartitionSpec.unpartitioned(),
            Map.of(
                "write.data.path", elsewhere + "/data",
                "write.metadata.path", "file://" + elsewhere + "/metadata/"));
    lake.append(1);
    String data = lake.put(elsewhere + "/data/x.parquet");
    String metadata = lake.put("file://" + elsewhere + "/metadata/x-m0.avro");
    String outside = lake.put(elsewhere + "/x.parquet");

    CleaningResult result = cleaning.findOrphans(lake.table, List.of(), LATER);

    assertThat(result.paths()).containsExactlyInAnyOrder(data, metadata);
    assertThat(exists(outside)).isTrue();
    assertThat(lake.ids()).containsExactly(1L);
  }

  @Test
  void filesInFoldersWithStrangeNamesStay() {
    CleaningFixture lake =
        CleaningFixture.at(
            folder,
            3,
            PartitionSpec.builderFor(CleaningFixture.SCHEMA).identity("name").build(),
            Map.of());
    for (String name : List.of("a/b", "a b", "a%2Fb", "ä+ü", "50%", "a..b", "#?")) {
      DataFile file = lake.write(List.of(CleaningFixture.row(name.length(), name)));
      lake.table.newAppend().appendFile(file).commit();
    }
    Set<Path> before = lake.stored();

    assertThat(cleaning.findOrphans(lake.table, List.of(), LATER).isNothing()).isTrue();

    assertThat(lake.stored()).isEqualTo(before);
    assertThat(Unreachable.in(lake.table).files()).isZero();
  }

  @Test
  void aFileInUseUnderAnotherFormOfItsPathStays() {
    CleaningFixture lake = lake();
    DataFile file = lake.write(CleaningFixture.rows(9));
    String plain = CleaningFixture.path(file.location()).toString();
    lake.table
        .newAppend()
        .appendFile(DataFiles.builder(lake.table.spec()).copy(file).withPath(plain).build())
        .commit();
    assertThat(cleaning.findOrphans(lake.table, List.of(), LATER).isNothing()).isTrue();
    assertThat(lake.ids()).containsExactly(2L, 9L);
  }

  @Test
  void aFileWithTheNameOfAFileInUseElsewhereStays() {
    CleaningFixture lake = lake();
    String name = Location.name(lake.files().getFirst().file().location());
    String copy = lake.put(lake.table.location() + "/copies/" + name);
    CleaningResult result = cleaning.findOrphans(lake.table, List.of(), LATER);
    assertThat(exists(copy)).isTrue();
    assertThat(result.notes())
        .containsExactly("left 1 files whose names are those of files in use at other places");
  }

  @Test
  void linksLeadNowhere() throws Exception {
    CleaningFixture lake = lake();
    String outside = lake.put(folder.resolve("outside/x.parquet").toString());
    Files.createSymbolicLink(lake.folder().resolve("data/link"), folder.resolve("outside"));
    assertThat(cleaning.findOrphans(lake.table, List.of(), LATER).isNothing()).isTrue();
    assertThat(exists(outside)).isTrue();
  }

  @Test
  void aStorageThatCannotListIsLeftAlone() {
    CleaningFixture lake = lake();
    Table plain = WatchedTable.plain(lake.table);
    assertThat(cleaning.findOrphans(plain, List.of(), LATER).notes())
        .containsExactly(Listing.IMPOSSIBLE);
    assertThat(cleaning.sweep(plain, LATER).notes()).containsExactly(Listing.IMPOSSIBLE);
    assertThat(Unreachable.in(plain).notes()).containsExactly(Listing.IMPOSSIBLE);
  }

  @Test
  void moreThanAThousandGoToo() {
    CleaningFixture lake = lake();
    for (int i = 0; i < 1100; i++) {
      try {
        Files.createFile(lake.folder().resolve("data/orphan-%d.parquet".formatted(i)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    CleaningResult result = cleaning.findOrphans(lake.table, List.of(), LATER);
    assertThat(result.removed(FileKind.DATA_FILE).files()).isEqualTo(1100);
    assertThat(result.paths()).hasSize(CleaningResult.MAX_PATHS);
    assertThat(lake.stored()).isEqualTo(lake.reachable());
  }

  @Test
  void anotherProcessMayExpireAndSweepMeanwhile() {
    CleaningFixture lake = lake();
    long old = lake.table.snapshots().iterator().next().snapshotId();
    String list = lake.table.snapshot(old).manifestListLocation();
    Instant now = Instant.now();
    boolean[] done = new boolean[1];
    Runnable other =
        () -> {
          if (!done[0]) {
            done[0] = true;
            cleaning.beforeExpiry(lake.table, Set.of(old), now.minus(Duration.ofDays(1)));
            lake.expire(Set.of(old));
            cleaning.sweep(lake.table, now);
          }
        };
    Table watched = WatchedTable.of(lake.fresh(), at("read " + list, other));

    CleaningResult result = cleaning.findOrphans(watched, List.of(), now);

    assertThat(done[0]).isTrue();
    assertThat(result.isNothing()).isTrue();
    assertThat(lake.ids()).containsExactly(2L);
  }
}
