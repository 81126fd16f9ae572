package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.CommitProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TestReadiness {
  private static final Instant NOW = Instant.parse("2026-11-21T06:00:00Z");
  private static final Duration MAX_AGE = Duration.ofSeconds(60);
  private static final CommitProgress IDLE =
      new CommitProgress(0, Optional.empty(), Optional.empty());
  private static final ReplicationSlot.State SLOT =
      new ReplicationSlot.State(
          Optional.of(7), "reserved", 300, 200, Optional.empty(), ReplicationSlot.Details.UNKNOWN);

  private static RunStatus run(CommitProgress progress) {
    return new RunStatus(
        "shop",
        3,
        2,
        false,
        Optional.of(new RunStatus.LastCommit(9, "0/1A", NOW.minusSeconds(100), NOW)),
        progress,
        Duration.ofSeconds(4),
        NOW.minusSeconds(1),
        Optional.empty(),
        List.of(new Readings.Status("shop.orders", "7 rows so far")));
  }

  private static SourceWatch.Seen seen(Optional<ReplicationSlot.State> slot) {
    return new SourceWatch.Seen(NOW.minusSeconds(5), slot, true, Optional.empty(), true);
  }

  private static Verdict source(
      RunStatus run, Optional<SourceConnection.Loss> loss, SourceWatch.Seen seen) {
    return Readiness.source("db:5432/shop", Optional.of("firn_shop"), run, loss, seen, 1L << 30);
  }

  @Test
  void anOldCommitIsFineWhileNothingWaits() {
    Verdict verdict = Readiness.commit(run(IDLE), MAX_AGE, NOW);
    assertThat(verdict.isUp()).isTrue();
    assertThat(verdict.data())
        .containsEntry("last_batch", 9L)
        .containsEntry("last_commit_age_seconds", 100L)
        .containsEntry("waiting_seconds", 0L)
        .doesNotContainKey("reason");
  }

  @Test
  void workThatWaitsTooLongIsAnAlarmWithItsReason() {
    CommitProgress late =
        new CommitProgress(
            10, Optional.of(Duration.ofSeconds(61)), Optional.of("table s.t: disk full"));
    Verdict verdict = Readiness.commit(run(late), MAX_AGE, NOW);
    assertThat(verdict.isUp()).isFalse();
    assertThat(verdict.data())
        .containsEntry(
            "reason", "nothing was committed for 61 s although changes wait: table s.t: disk full");
  }

  @Test
  void workThatWaitsForAsLongAsItMayIsNoAlarmYet() {
    CommitProgress waiting =
        new CommitProgress(10, Optional.of(MAX_AGE), Optional.of("table s.t: timeout"));
    Verdict verdict = Readiness.commit(run(waiting), MAX_AGE, NOW);
    assertThat(verdict.isUp()).isTrue();
    assertThat(verdict.data()).containsEntry("trouble", "table s.t: timeout");
  }

  @Test
  void alarmGoesOnAndOffOnce() {
    CommitAlarm alarm = new CommitAlarm(MAX_AGE);
    CommitProgress late =
        new CommitProgress(10, Optional.of(Duration.ofSeconds(61)), Optional.empty());
    alarm.look(IDLE);
    assertThat(alarm.isOn()).isFalse();
    alarm.look(late);
    assertThat(alarm.isOn()).isTrue();
    alarm.look(IDLE);
    assertThat(alarm.isOn()).isFalse();
  }

  @Test
  void connectedSourceShowsWhatItsSlotHoldsBack() {
    Verdict verdict = source(run(IDLE), Optional.empty(), seen(Optional.of(SLOT)));
    assertThat(verdict.isUp()).isTrue();
    assertThat(verdict.data())
        .containsEntry("connected", true)
        .containsEntry("retained_wal_bytes", 300L)
        .containsEntry("lag_bytes", 200L)
        .containsEntry("lag_seconds", 4L);
  }

  @Test
  void lostConnectionSaysSinceWhenAndWhy() {
    SourceConnection.Loss loss = new SourceConnection.Loss(NOW.minusSeconds(9), "refused");
    Verdict verdict = source(run(IDLE), Optional.of(loss), seen(Optional.of(SLOT)));
    assertThat(verdict.isUp()).isFalse();
    assertThat(verdict.data())
        .containsEntry("connected", false)
        .containsEntry("lost_since", "2026-11-21T05:59:51Z")
        .containsEntry("reason", "refused");
  }

  @Test
  void missingSlotIsNamedOnlyOnceItHadToBeThere() {
    Verdict gone = source(run(IDLE), Optional.empty(), seen(Optional.empty()));
    assertThat(gone.isUp()).isFalse();
    assertThat(gone.data()).containsEntry("reason", "replication slot firn_shop is gone");
    SourceWatch.Seen before =
        new SourceWatch.Seen(NOW, Optional.empty(), false, Optional.empty(), true);
    assertThat(source(run(IDLE), Optional.empty(), before).isUp()).isTrue();
  }

  @Test
  void slotThatLostItsLogIsNotReady() {
    ReplicationSlot.State lost =
        new ReplicationSlot.State(
            Optional.empty(), "lost", 0, 0, Optional.empty(), ReplicationSlot.Details.UNKNOWN);
    Verdict verdict = source(run(IDLE), Optional.empty(), seen(Optional.of(lost)));
    assertThat(verdict.isUp()).isFalse();
    assertThat(verdict.data())
        .containsEntry("reason", "replication slot firn_shop has lost its log");
  }

  @Test
  void sourceThatSpeaksIsThereEvenIfItTakesNoOtherConnection() {
    SourceConnection.Loss full =
        new SourceConnection.Loss(NOW.minusSeconds(50), "too many clients");
    SourceWatch.Seen before =
        new SourceWatch.Seen(NOW.minusSeconds(2), Optional.empty(), true, Optional.of(full), true);
    assertThat(source(run(IDLE), Optional.empty(), before).isUp()).isTrue();
    SourceWatch.Seen after =
        new SourceWatch.Seen(NOW, Optional.empty(), true, Optional.of(full), true);
    assertThat(source(run(IDLE), Optional.empty(), after).data())
        .containsEntry("reason", "too many clients");
  }

  @Test
  void failedPipelineIsNotReady() {
    assertThat(Readiness.pipeline(run(IDLE), Optional.empty()).isUp()).isTrue();
    Verdict failed = Readiness.pipeline(run(IDLE), Optional.of("no space left"));
    assertThat(failed.isUp()).isFalse();
    assertThat(failed.data())
        .containsEntry("state", "failed")
        .containsEntry("reason", "no space left");
  }

  @Test
  void fullBudgetHoldsTheSourceBackAndIsNoFailure() {
    CommitProgress full = new CommitProgress(500, Optional.empty(), Optional.empty());
    Verdict verdict = Readiness.memory(full, 500, new Readiness.Heap(1, 2));
    assertThat(verdict.isUp()).isTrue();
    assertThat(verdict.data()).containsEntry("source_held_back", true);
  }
}
