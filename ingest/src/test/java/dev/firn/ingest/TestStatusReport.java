package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.PipelineState;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TestStatusReport {
  private static final Instant NOW = Instant.parse("2026-11-21T06:00:00Z");
  private static final Asked<ProcessHealth> NOT_THERE = Asked.nothing("nothing listens");
  private static final FailureNote FAILURE =
      new FailureNote(4, NOW.minusSeconds(60), "no space left");

  private static Asked<ProcessHealth> health(String body) {
    return Asked.of(ProcessHealth.parse(body).orElseThrow());
  }

  private static Asked<ReplicationSlot.State> slot(Optional<Integer> pid) {
    return Asked.of(
        new ReplicationSlot.State(
            pid, "reserved", 5 << 20, 2048, Optional.empty(), ReplicationSlot.Details.UNKNOWN));
  }

  private static Asked<LakeStatus> lake(long epoch, Map<String, String> notes) {
    PipelineState state = new PipelineState(epoch, "host:1", 12, "0/1A", Map.of(), notes);
    LakeStatus.TableStatus table = new LakeStatus.TableStatus("s.t", 1234, 5, 6, "");
    return Asked.of(
        new LakeStatus(
            state,
            List.of(table),
            Optional.of(NOW.minusSeconds(3)),
            Optional.of(3L << 30),
            Map.of()));
  }

  private static StatusReport report(
      boolean isPortKnown,
      Asked<ProcessHealth> process,
      Asked<ReplicationSlot.State> slot,
      Asked<LakeStatus> lake) {
    return new StatusReport(NOW, "shop", "db:5432/shop", isPortKnown, process, slot, lake);
  }

  @Test
  void readyProcessIsWell() {
    StatusReport report =
        report(
            true,
            health(
                """
                {"status": "UP", "checks": [
                  {"name": "pipeline", "status": "UP", "data": {"epoch": 4, "state": "following"}},
                  {"name": "source", "status": "UP", "data": {"lag_seconds": 0}}]}\
                """),
            slot(Optional.of(7)),
            lake(4, Map.of()));
    assertThat(report.isWell()).isTrue();
    assertThat(report.text())
        .isEqualToNormalizingNewlines(
            """
            pipeline    shop: running
            process     epoch 4, following
            source      db:5432/shop, slot in use, retains 5.0 MB of log
            last batch  12 up to 0/1A, committed at 2026-11-21T05:59:57Z (3 s ago)
            lag         0 s, 2.0 kB of log
            tables      s.t         1,234 rows in 5 data files, 6 delete files
            storage     3.0 GB free
            last error  none\
            """);
  }

  @Test
  void processThatIsNotReadySaysWhy() {
    StatusReport report =
        report(
            true,
            health(
                """
                {"status": "DOWN", "checks": [{"name": "source", "status": "DOWN", "data":
                  {"lost_since": "2026-11-21T05:00:00.123Z", "reason": "refused"}}]}\
                """),
            Asked.nothing("cannot connect to db:5432/shop: refused"),
            lake(4, Map.of()));
    assertThat(report.state()).isEqualTo(StatusReport.State.NOT_READY);
    assertThat(report.isWell()).isFalse();
    assertThat(report.text())
        .contains("source: connection lost since 2026-11-21T05:00:00Z: refused")
        .contains("source      cannot connect to db:5432/shop: refused");
  }

  @Test
  void failureOfTheNewestProcessIsTold() {
    Map<String, String> notes = Map.of(FailureNote.NAME, FAILURE.text());
    StatusReport failed = report(true, NOT_THERE, slot(Optional.empty()), lake(4, notes));
    assertThat(failed.state()).isEqualTo(StatusReport.State.FAILED);
    assertThat(failed.text()).contains("last error  epoch 4, 2026-11-21T05:59:00Z: no space left");
    assertThat(report(true, NOT_THERE, slot(Optional.empty()), lake(5, notes)).state())
        .isEqualTo(StatusReport.State.STOPPED);
  }

  @Test
  void slotInUseShowsAProcessThatCannotBeAsked() {
    StatusReport hidden = report(false, NOT_THERE, slot(Optional.of(7)), lake(4, Map.of()));
    assertThat(hidden.state()).isEqualTo(StatusReport.State.RUNNING);
    assertThat(hidden.isWell()).isTrue();
    StatusReport stuck = report(true, NOT_THERE, slot(Optional.of(7)), lake(4, Map.of()));
    assertThat(stuck.state()).isEqualTo(StatusReport.State.NOT_ANSWERING);
    assertThat(stuck.isWell()).isFalse();
  }

  @Test
  void whatIsNotThereIsALineEach() {
    StatusReport report =
        report(true, NOT_THERE, Asked.nothing("no source"), Asked.nothing("no lake"));
    assertThat(report.state()).isEqualTo(StatusReport.State.STOPPED);
    assertThat(report.text()).contains("nothing listens", "no source", "no lake");
    assertThat(report.values())
        .containsEntry("problems", List.of("nothing listens", "no source", "no lake"));
  }

  @Test
  void noteIsReadAsItWasWritten() {
    assertThat(FailureNote.parse(FAILURE.text())).contains(FAILURE);
    assertThat(FailureNote.parse("something else")).isEmpty();
  }

  @Test
  void otherServersAreNoProcessOfOurs() {
    assertThat(ProcessHealth.parse("<html>")).isEmpty();
    assertThat(ProcessHealth.parse("{\"status\": 404}")).isEmpty();
  }

  @Test
  void bytesHaveFewDigits() {
    assertThat(StatusReport.bytes(1023)).isEqualTo("1023 bytes");
    assertThat(StatusReport.bytes(1536)).isEqualTo("1.5 kB");
    assertThat(StatusReport.bytes(3L << 40)).isEqualTo("3.0 TB");
  }
}
