package dev.firn.compaction.cleaning;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.apache.iceberg.DataFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestUnreachable {
  @TempDir private Path folder;

  @Test
  void filesOfATableAreReached() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    assertThat(Unreachable.in(lake.table).files()).isZero();
    lake.append(1, 2);
    lake.delete(lake.files(), 0);
    lake.statistics();
    lake.rewrite();
    assertThat(Unreachable.in(lake.table)).isEqualTo(new Unreachable(0, 0, List.of(), List.of()));
  }

  @Test
  void whatIsNotCommittedIsNot() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    DataFile file = lake.write(CleaningFixture.rows(1));
    Unreachable unreachable = Unreachable.in(lake.table);
    assertThat(unreachable.files()).isEqualTo(1);
    assertThat(unreachable.bytes()).isEqualTo(file.fileSizeInBytes());
    assertThat(unreachable.examples()).containsExactly(file.location());
  }

  @Test
  void filesOfExpiredSnapshotsAreNotBeforeTheyAreRemoved() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    long old = lake.append(1);
    lake.rewrite();
    lake.expire(Set.of(old));
    // data file, manifest, manifest list
    assertThat(Unreachable.in(lake.fresh()).files()).isEqualTo(3);
  }

  @Test
  void filesOfATableInsideAreNotCounted() {
    CleaningFixture lake = CleaningFixture.at(folder, 3);
    TableFolders inner = new TableFolders("inner", Set.of(lake.table.location() + "/inner"));
    lake.putIn("inner");
    assertThat(Unreachable.in(lake.table, List.of(inner)).files()).isZero();
    assertThat(Unreachable.in(lake.table).files()).isEqualTo(1);
  }
}
