package dev.firn.compaction;

import static dev.firn.compaction.CompactionFixture.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.health.HealthSettings;
import dev.firn.compaction.health.Prices;
import dev.firn.compaction.health.TableHealth;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The health of tables that a real writer has written. */
class TestHealthBesideWriter {
  private static final HealthSettings SETTINGS =
      new HealthSettings(CompactionFixture.TARGET, Prices.DEFAULT);

  @TempDir private Path folder;

  private static TableHealth look(CompactionFixture lake) {
    return TableHealth.of(lake.table(), SETTINGS, Instant.now());
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void rowsAreThoseThatReadersSeeAndCompactionMakesReadingCheap(int formatVersion) {
    CompactionFixture lake = with(20, folder, formatVersion);
    for (int i = 0; i < 12; i++) {
      lake.commit(lake.update(i, "second"), lake.insert(100 + i, "first"));
    }
    lake.commit(lake.delete(3), lake.delete(100));

    TableHealth streamed = look(lake);

    assertThat(streamed.files().rows()).isEqualTo(lake.rows().size());
    assertThat(streamed.files().dataFiles()).isEqualTo(lake.files().size());
    assertThat(committer(streamed)).isEqualTo(TableHealth.Committer.WRITER);
    assertThat(streamed.activity().sourceTime()).contains(Instant.ofEpochSecond(14));
    assertThat(streamed.activity().lastHour().commits()).isGreaterThanOrEqualTo(13);
    assertThat(streamed.cost().readRatio()).isGreaterThan(4);

    lake.compact();
    TableHealth compacted = look(lake);

    assertThat(compacted.isHealthy()).isTrue();
    assertThat(compacted.cost().readRatio()).isLessThan(1.7);
    assertThat(compacted.files().rows()).isEqualTo(streamed.files().rows());
    assertThat(compacted.files().deletedRowRatio()).isZero();
    assertThat(committer(compacted)).isEqualTo(TableHealth.Committer.MAINTENANCE);
    assertThat(compacted.activity().lastCompaction())
        .contains(Instant.ofEpochMilli(lake.table().currentSnapshot().timestampMillis()));
    assertThat(compacted.activity().sourceTime()).contains(Instant.ofEpochSecond(14));
  }

  private static TableHealth.Committer committer(TableHealth health) {
    return health.activity().lastCommit().orElseThrow().by();
  }
}
