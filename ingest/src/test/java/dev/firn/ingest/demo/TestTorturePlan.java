package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.demo.TorturePlan.Attack;
import dev.firn.ingest.demo.TorturePlan.Kind;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TestTorturePlan {
  private static List<Attack> plan(int kills, long seed) {
    return TorturePlan.of(kills, new Random(seed)).attacks();
  }

  private static long kills(List<Attack> attacks, Phase phase) {
    return attacks.stream().filter(new Attack(Kind.KILL, phase)::equals).count();
  }

  @Test
  void everyPhaseGetsItsShareOfTheKills() {
    List<Attack> attacks = plan(25, 1);
    assertThat(attacks).filteredOn(attack -> attack.kind() == Kind.KILL).hasSize(25);
    assertThat(kills(attacks, Phase.SNAPSHOT)).isGreaterThanOrEqualTo(3);
    assertThat(kills(attacks, Phase.BETWEEN_TABLES)).isGreaterThanOrEqualTo(5);
    for (Phase phase : Phase.values()) {
      if (phase != Phase.START && phase != Phase.IDLE) {
        assertThat(kills(attacks, phase)).as(phase.text()).isPositive();
      }
    }
  }

  @Test
  void initialSnapshotIsKilledWhileThereIsOne() {
    List<Attack> attacks = plan(25, 2);
    int snapshots = (int) kills(attacks, Phase.SNAPSHOT);
    assertThat(attacks.subList(0, snapshots)).containsOnly(new Attack(Kind.KILL, Phase.SNAPSHOT));
  }

  @Test
  void sameSeedIsTheSamePlan() {
    assertThat(plan(25, 3)).isEqualTo(plan(25, 3)).isNotEqualTo(plan(25, 4));
  }

  @Test
  void fewKillsComeWithAPauseAndATermination() {
    assertThat(plan(1, 5))
        .extracting(Attack::kind)
        .containsExactlyInAnyOrder(Kind.KILL, Kind.PAUSE, Kind.TERMINATE);
  }
}
