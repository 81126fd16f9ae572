package dev.firn.compaction.cleaning;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.PartitionSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TestTableFolders {
  @TempDir private Path folder;

  private static TableFolders folders(String table, String... folders) {
    return new TableFolders(table, Set.of(folders));
  }

  private static Territory territory(String location, TableFolders... others) {
    return Territory.of(folders("t", location), List.of(others));
  }

  @Test
  void areTheLocationAndWhereDataAndMetadataAreWritten() {
    CleaningFixture lake =
        CleaningFixture.at(
            folder,
            2,
            PartitionSpec.unpartitioned(),
            Map.of("write.data.path", folder + "/d/", "write.metadata.path", "file:/m"));
    assertThat(TableFolders.of(lake.table))
        .isEqualTo(folders("lake.shop.orders", lake.table.location(), folder + "/d", "file:/m"));
  }

  @ParameterizedTest
  @CsvSource({
    "/lake/t, file:/lake/t/data/f",
    "file:/lake/t, file:///lake/t/f",
    "file:///lake/t/, /lake/t/f",
    "file://localhost/lake/t, /lake//t/f",
    "s3://b/t, s3a://b/t/f",
    "s3n://B/t, S3://b/t/f",
    "abfss://c@a/t, abfs://c@a/t/f",
    "file:///lake/a%20b, /lake/a b/f",
    "memory://lake/shop/orders, memory://lake/shop/orders/data/f"
  })
  void formsOfOnePlaceAreOne(String location, String file) {
    assertThat(territory(location).owns(file)).isTrue();
    assertThat(Location.mayCover(Location.identity(location), Location.identity(file))).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "/lake/t, /lake/t",
    "/lake/t, /lake/t2/f",
    "/lake/t, /lake/T/f",
    "/lake/t, /lake/t/../u/f",
    "file:///lake/t, file:///lake/t/%2e%2e/u/f",
    "/lake/t, /lake/t/./f",
    "/lake/t, lake/t/f",
    "/lake/t, s3://lake/t/f",
    "s3://b/t, s3://c/t/f",
    "s3://b/t, s3://b//t/f",
    "s3://b/t, gs://b/t/f"
  })
  void whatIsElsewhereIsNot(String location, String file) {
    assertThat(territory(location).owns(file)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "file:/", "file:///", "s3://bucket", "s3://bucket/", "lake/t", "/a/../b"})
  void rootsAreLeftAlone(String location) {
    Territory territory = territory(location);
    assertThat(territory.roots()).isEmpty();
    assertThat(territory.owns(location + "/f")).isFalse();
    assertThat(territory.notes()).singleElement().asString().contains("'" + location + "'");
  }

  @Test
  void aTableInsideIsLeftAlone() {
    Territory territory = territory("/lake/t", folders("u", "file:/lake/T/inner/"));
    assertThat(territory.owns("/lake/t/data/f")).isTrue();
    assertThat(territory.owns("/lake/t/inner/f")).isFalse();
    assertThat(territory.owns("/lake/t/inner2/f")).isTrue();
    assertThat(territory.notes()).singleElement().asString().contains("in which u lies");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/lake", "file:///lake/t", "/Lake/T", "/"})
  void aTableInsideAnotherIsLeftAlone(String around) {
    Territory territory = territory("/lake/t", folders("u", around));
    assertThat(territory.roots()).isEmpty();
    assertThat(territory.owns("/lake/t/f")).isFalse();
    assertThat(territory.notes()).singleElement().asString().contains("lies in a folder of u");
  }

  @Test
  void onlyTheSharedFolderIsLeftAlone() {
    Collection<TableFolders> others =
        List.of(folders("u", "/lake/u", "/shared"), folders("t", "/lake/t", "/shared"));
    Territory territory = Territory.of(folders("t", "/lake/t", "/shared"), others);
    assertThat(territory.roots()).containsExactly("/lake/t");
    assertThat(territory.owns("/lake/t/f")).isTrue();
    assertThat(territory.owns("/shared/f")).isFalse();
  }

  @Test
  void foldersInEachOtherAreListedOnce() {
    Territory territory =
        Territory.of(folders("t", "/lake/t", "file:/lake/t/data", "/else"), List.of());
    assertThat(territory.roots()).containsExactlyInAnyOrder("/lake/t", "/else");
  }

  @ParameterizedTest
  @CsvSource({
    "/lake/t/name=a%2Fb/f, file:///lake/t/name=a/b/f",
    "file:///lake/t/a%252Fb/f, /lake/t/a%2Fb/f",
    "file:///lake/%C3%A4/f, /lake/ä/f",
    "s3a://b/t//f, s3://b/t/f",
    "/lake/T/f, /lake/t/F",
    "/lake/u/../t/f, /lake/t/./f"
  })
  void whatMayBeOneFileHasOneIdentity(String some, String other) {
    assertThat(Location.identity(some)).isEqualTo(Location.identity(other));
  }

  @Test
  void setsGrowAndForgetNothing() {
    LocationSet set = new LocationSet();
    Set<String> texts =
        Stream.iterate(0, i -> i < 5000, i -> i + 1)
            .map(i -> "file:///lake/" + i)
            .collect(Collectors.toSet());
    assertThat(texts).allMatch(set::add).noneMatch(set::add).allMatch(set::contains);
    assertThat(set.size()).isEqualTo(5000);
    assertThat(set.contains("file:///lake/5000")).isFalse();
  }
}
