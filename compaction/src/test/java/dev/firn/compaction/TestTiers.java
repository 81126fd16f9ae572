package dev.firn.compaction;

import static dev.firn.compaction.CompactionFixture.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.RowChange;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestTiers {
  private static final long SEED = Long.getLong("firn.seed", 20261122);
  private static final CompactionSettings TIERED =
      new CompactionSettings(CompactionFixture.TARGET, CompactionMode.TIERED);

  @TempDir private Path folder;

  @Test
  void aTierHasEightTimesTheRowsOfTheOneBelow() {
    assertThat(IntStream.of(0, 63, 64, 511, 512, 4_095, 4_096).map(Tiers::of))
        .containsExactly(0, 0, 1, 1, 2, 2, 3);
  }

  @Test
  void sevenFilesAreLeftAndEightBecomeOne() {
    CompactionFixture lake = with(1, folder, 3);
    for (int id = 1; id < 7; id++) {
      lake.commit(lake.insert(id, "first"));
    }
    assertThat(run(lake).isNothing()).isTrue();
    lake.commit(lake.insert(7, "first"));

    TableResult result = run(lake);

    assertThat(result.filesAfter()).isEqualTo(1);
    assertThat(lake.table().currentSnapshot().summary())
        .containsEntry("firn.compaction.mode", "tiered");
    assertThat(lake.rows()).hasSize(8);
  }

  @Test
  void aLargerFileIsNotMergedWithSmallOnes() {
    CompactionFixture lake = with(1_000, folder, 3);
    for (int id = 0; id < 8; id++) {
      lake.commit(lake.insert(1_000 + id, "first"));
    }

    TableResult result = run(lake);

    assertThat(result.rows()).isEqualTo(8);
    assertThat(lake.files()).hasSize(2);
  }

  @Test
  void whereMuchIsDeletedALargeFileIsWrittenAgainAlone() {
    CompactionFixture lake = with(40_000, folder, 3);
    lake.commit(IntStream.range(0, 7_000).mapToObj(lake::delete).toArray(RowChange[]::new));
    assertThat(run(lake).isNothing()).isTrue();
    lake.commit(IntStream.range(7_000, 8_000).mapToObj(lake::delete).toArray(RowChange[]::new));

    assertThat(run(lake).deletedRowsRemoved()).isEqualTo(8_000);
  }

  /** The rule alone, over a long time: each step adds a few files and merges once. */
  @Test
  void filesStayFewAndRowsAreRewrittenOncePerTier() {
    System.out.printf("TestTiers: seed %d (-Dfirn.seed=%d)%n", SEED, SEED);
    SplittableRandom random = new SplittableRandom(SEED);
    Map<Integer, Integer> files = new HashMap<>();
    List<Long> live = new ArrayList<>();
    long added = 0;
    long rewritten = 0;
    for (int step = 0; step < 20_000; step++) {
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        long rows = random.nextLong(1, 201);
        live.add(rows);
        added += rows;
      }
      List<Long> merged = Tiers.toMerge(live, Tiers::of);
      if (!merged.isEmpty()) {
        merged.forEach(live::remove);
        long rows = merged.stream().mapToLong(Long::longValue).sum();
        rewritten += rows;
        live.add(rows);
      }
      files.clear();
      live.forEach(rows -> files.merge(Tiers.of(rows), 1, Integer::sum));
      assertThat(files.values()).as("step %d", step).allMatch(some -> some < Tiers.FACTOR + 3);
    }
    int tiers = Tiers.of(added) + 1;
    assertThat(live).hasSizeLessThanOrEqualTo(tiers * Tiers.FACTOR);
    assertThat((double) rewritten / added).isLessThan(tiers);
  }

  @Test
  void besideAWriterTheTableStaysTheSame() {
    CompactionFixture lake = with(50, folder, 3);
    SplittableRandom random = new SplittableRandom(SEED);
    int next = 50;
    for (int step = 0; step < 25; step++) {
      lake.commit(lake.insert(next++, "first"), lake.update(random.nextInt(40), "at " + step));
      Map<Integer, String> before = lake.rows();
      run(lake);
      assertThat(lake.rows()).isEqualTo(before);
      assertThat(lake.files()).hasSizeLessThan(2 * Tiers.FACTOR);
    }
  }

  private static TableResult run(CompactionFixture lake) {
    return Compaction.run(lake.table(), "shop.orders", TIERED, Progress.NONE, Pacer.NONE);
  }
}
