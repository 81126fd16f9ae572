package dev.firn.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestWork {
  private static final long GB = 1L << 30;

  @TempDir private Path folder;

  private final List<String> lines = new ArrayList<>();
  private long now;

  @Test
  void linesSayHowFarItIsAndHowLongItTakes() {
    Work work = new Work("shop.orders", lines::add, Pacer.NONE, () -> now);
    work.begin(17, 4 * GB);
    work.nextGroup();
    work.nextGroup();
    pass(30);
    work.advance(GB);

    assertThat(lines)
        .containsExactly("shop.orders: group 2 of 17, 1.0 of 4.0 GB, about 2 min left");
  }

  @Test
  void thereAreTenSecondsBetweenLines() {
    Work work = new Work("t", lines::add, Pacer.NONE, () -> now);
    work.begin(1, 10 << 20);
    for (int second = 0; second < 25; second++) {
      pass(1);
      work.advance(1 << 18);
    }

    assertThat(lines)
        .containsExactly(
            "t: group 0 of 1, 2.5 of 10.0 MB, about 30 s left",
            "t: group 0 of 1, 5.0 of 10.0 MB, about 20 s left");
  }

  private void pass(int seconds) {
    now += Duration.ofSeconds(seconds).toNanos();
  }

  /** Before the first group, within one, and while the new files are read again. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 4, 5})
  void aStopLeavesTheTableAndNoFile(int paces) throws IOException {
    ForeignTable lake = ForeignTable.in(folder, 3, PartitionSpec.unpartitioned());
    lake.append(0, 20_000, "eu");
    lake.append(20_000, 20_010, "eu");
    Snapshot before = lake.table().currentSnapshot();
    int[] calls = {0};

    TableResult result =
        run(
            lake,
            () -> {
              if (calls[0]++ == paces) {
                throw new CompactionStoppedException("the pipeline ends");
              }
            });

    assertThat(result.notes()).containsExactly("stopped after 0 of 1 groups: the pipeline ends");
    assertThat(result.failure()).isEmpty();
    assertThat(lake.table().currentSnapshot()).isEqualTo(before);
    try (Stream<Path> files = Files.walk(folder)) {
      assertThat(files).noneMatch(file -> file.toString().contains("compacted"));
    }
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> new CompactionSettings(0, CompactionMode.ALL))
        .hasMessageContaining("a target of 0 bytes");
  }

  private static TableResult run(ForeignTable lake, Pacer pacer) {
    return Compaction.of(
            "other.t", CompactionFixture.all(CompactionFixture.TARGET), Progress.NONE, pacer)
        .run(lake.table(), InstantSource.system());
  }
}
