package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.StepsFile;
import dev.firn.writer.Step;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TestPhase {
  private static StepsFile.Seen seen(int committed, int all, Step... steps) {
    return new StepsFile.Seen(1, Set.of(steps), committed, all);
  }

  @Test
  void betweenTablesIsAfterTheFirstCommitAndBeforeTheLast() {
    assertThat(Phase.of(seen(0, 3, Step.STATE_COMMIT), Phase.BETWEEN_TABLES))
        .isEqualTo(Phase.STATE_COMMIT);
    assertThat(Phase.of(seen(1, 3, Step.STATE_COMMIT), Phase.STATE_COMMIT))
        .isEqualTo(Phase.BETWEEN_TABLES);
    assertThat(Phase.BETWEEN_TABLES.isIn(seen(3, 3, Step.STATE_COMMIT))).isFalse();
  }

  @Test
  void initialSnapshotIsNothingElse() {
    StepsFile.Seen publishing = seen(2, 6, Step.SNAPSHOT, Step.DECODE, Step.STATE_COMMIT);
    assertThat(Phase.of(publishing, Phase.BETWEEN_TABLES)).isEqualTo(Phase.SNAPSHOT);
    assertThat(Phase.of(publishing, Phase.DECODE)).isEqualTo(Phase.SNAPSHOT);
  }

  @Test
  void phaseThatWasMeantCountsIfItIsTrue() {
    StepsFile.Seen both = seen(0, 0, Step.DECODE, Step.CONTROL_TABLE);
    assertThat(Phase.of(both, Phase.DECODE)).isEqualTo(Phase.DECODE);
    assertThat(Phase.of(both, Phase.FILES)).isEqualTo(Phase.CONTROL_TABLE);
  }

  @Test
  void processThatSaysNothingYetIsStarting() {
    StepsFile.Seen nobody = new StepsFile.Seen(0, Set.of(), 0, 0);
    assertThat(Phase.of(nobody, Phase.DECODE)).isEqualTo(Phase.START);
    assertThat(Phase.of(seen(0, 0), Phase.DECODE)).isEqualTo(Phase.IDLE);
  }

  @Test
  void jsonNamesAreWords() {
    assertThat(Phase.BETWEEN_TABLES.key()).isEqualTo("betweenTables");
    assertThat(Phase.SNAPSHOT.key()).isEqualTo("snapshot");
    assertThat(Phase.CONTROL_TABLE.text()).isEqualTo("control table");
  }
}
