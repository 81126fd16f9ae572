package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.ingest.demo.TorturePlan.Kind;
import dev.firn.ingest.demo.TortureReport.Hit;
import dev.firn.ingest.demo.TortureReport.TableResult;
import dev.firn.testing.RowComparison;
import dev.firn.writer.Step;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TestTortureReport {
  private static final RowComparison.Result EQUAL =
      new RowComparison.Result(10, 10, RowComparison.Counts.NONE, List.of());
  private static final RowComparison.Result WRONG =
      new RowComparison.Result(
          10,
          9,
          new RowComparison.Counts(2, 1, 3),
          List.of(new RowComparison.Difference("id=7", "missing in the lake")));

  private static Hit kill() {
    return new Hit(
        1.5,
        Kind.KILL,
        Phase.BETWEEN_TABLES,
        Phase.BETWEEN_TABLES,
        Set.of(Step.STATE_COMMIT),
        2,
        5,
        null,
        null);
  }

  private static Hit ended(Kind kind, @Nullable Integer exitCode, @Nullable Long fencedBy) {
    return new Hit(2, kind, Phase.FILES, Phase.FILES, Set.of(Step.FILES), 0, 0, exitCode, fencedBy);
  }

  private static TortureReport report(
      RowComparison.Result state, RowComparison.Result log, Hit... hits) {
    return new TortureReport(
        1,
        42,
        "PostgreSQL 16.10",
        "local",
        "embedded",
        12.5,
        new TortureReport.Work(50, 600, 1800, 100, 900, 20, 3, 1),
        List.of(new TableResult("orders", state, log)),
        0,
        0,
        List.of(hits));
  }

  private static String verdict(TortureReport report) {
    return String.join("\n", new TortureText(report).lines());
  }

  @Test
  void jsonHasTheFieldsThatReadersCountOn() throws Exception {
    TortureReport report =
        report(EQUAL, EQUAL, kill(), ended(Kind.PAUSE, 3, 4711L), ended(Kind.TERMINATE, 0, null));
    JsonNode json = new ObjectMapper().readTree(report.toJson());
    assertThat(json.get("passed").asBoolean()).isTrue();
    assertThat(json.get("kills").asInt()).isEqualTo(1);
    assertThat(json.at("/phases/betweenTables").asInt()).isEqualTo(1);
    assertThat(json.at("/phases/controlTable").asInt()).isZero();
    assertThat(json.get("paused").asInt()).isEqualTo(1);
    assertThat(json.get("terminated").asInt()).isEqualTo(1);
    assertThat(json.get("equal").asBoolean()).isTrue();
    assertThat(json.get("changelogEqual").asBoolean()).isTrue();
    assertThat(json.get("lostRows").asLong()).isZero();
    assertThat(json.get("doubledRows").asLong()).isZero();
    assertThat(json.get("seed").asLong()).isEqualTo(42);
    assertThat(json.get("hits").get(0).toString())
        .isEqualTo(
            "{\"second\":1.5,\"kind\":\"kill\",\"aimed\":\"betweenTables\","
                + "\"phase\":\"betweenTables\",\"tablesCommitted\":2,\"tablesOfBatch\":5,"
                + "\"at\":[\"stateCommit\"]}");
    assertThat(verdict(report)).contains("1 kills. Nothing lost, nothing doubled.");
  }

  @Test
  void whatDiffersIsCountedAndNamed() {
    TortureReport report = report(WRONG, WRONG, kill());
    assertThat(report.passed()).isFalse();
    assertThat(report.lostRows()).isEqualTo(2);
    assertThat(report.doubledRows()).isEqualTo(1);
    assertThat(report.changelogLostRows()).isEqualTo(2);
    assertThat(verdict(report))
        .contains("BROKEN: 2 rows lost, 1 doubled, 3 changed; by the changelog 2 rows lost")
        .contains("state: id=7: missing in the lake")
        .contains("--seed 42");
  }

  @Test
  void changelogAloneCanBreakIt() {
    assertThat(report(EQUAL, WRONG, kill()).passed()).isFalse();
  }

  @Test
  void fencedProcessMustEndWithThreeAndNameWhoFencedIt() {
    assertThat(report(EQUAL, EQUAL, kill(), ended(Kind.PAUSE, 3, null)).passed()).isFalse();
    assertThat(report(EQUAL, EQUAL, kill(), ended(Kind.PAUSE, 1, 4711L)).passed()).isFalse();
    assertThat(report(EQUAL, EQUAL, kill(), ended(Kind.PAUSE, null, null)).passed()).isFalse();
    assertThat(report(EQUAL, EQUAL, kill(), ended(Kind.TERMINATE, 143, null)).passed()).isFalse();
  }

  @Test
  void killsThatAreMissingAreNoSuccess() {
    TortureReport report = report(EQUAL, EQUAL);
    assertThat(report.passed()).isFalse();
    assertThat(verdict(report)).contains("0 kills of 1");
  }
}
