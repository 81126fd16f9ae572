package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.ingest.log.LsnPosition;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TestReplicationSlot {
  private static final LsnPosition LAKE = LsnPosition.parse("0/1000");

  private static ReplicationSlot.State slot(String status, long retained, String confirmed) {
    return new ReplicationSlot.State(
        Optional.empty(),
        status,
        retained,
        0,
        Optional.empty(),
        new ReplicationSlot.Details(
            "pgoutput",
            "shop",
            "shop",
            Optional.of(LsnPosition.parse(confirmed)),
            status.equals("lost") ? "idle_timeout" : "",
            false,
            ""));
  }

  private static Optional<String> problem(ReplicationSlot.State slot) {
    return ReplicationSlot.problem("firn_shop", Optional.of(slot), LAKE);
  }

  @Test
  void slotMayBeBehindTheLakeAndOneByteAheadAfterTheInitialSnapshot() {
    assertThat(problem(slot("reserved", 1, "0/F00"))).isEmpty();
    assertThat(problem(slot("reserved", 1, "0/1000"))).isEmpty();
    assertThat(problem(slot("reserved", 1, "0/1001"))).isEmpty();
  }

  @Test
  void slotAheadOfTheLakeIsRefusedWithTheWaysOn() {
    assertThat(problem(slot("reserved", 1, "0/1008")).orElseThrow())
        .contains("is at 0/1008, ahead of the lake at 0/1000", "(1) run firn resnapshot", "(2)")
        .hasLineCount(1);
  }

  @Test
  void lostSlotTellsWhyTheServerGaveItUp() {
    assertThat(problem(slot("lost", 0, "0/1000")).orElseThrow())
        .contains("has lost its log (idle_timeout)", "since the lake's last batch (0/1000)");
  }

  @Test
  void muchKeptLogAndAnUnreservedSlotAreWarningsWithWhatToDo() {
    assertThat(RetentionAlarm.warning("s", slot("extended", 99, "0/1"), 100)).isEmpty();
    assertThat(RetentionAlarm.warning("s", slot("extended", 101, "0/1"), 100).orElseThrow())
        .contains("keeps 101 bytes of log", "source.max-retained-wal=100 bytes", "disk fills");
    assertThat(RetentionAlarm.warning("s", slot("unreserved", 1, "0/1"), 100).orElseThrow())
        .contains("about to lose its log", "raise max_slot_wal_keep_size");
  }

  @Test
  void historyTellsWhereTimelinesEnded() {
    TimelineHistory history =
        TimelineHistory.parse("1\t0/3000060\tno recovery target specified\n\n2\t0/5000028\tx\n");
    assertThat(history.endOf(1)).contains(LsnPosition.parse("0/3000060"));
    assertThat(history.endOf(2)).contains(LsnPosition.parse("0/5000028"));
    assertThat(history.endOf(3)).isEmpty();
  }
}
