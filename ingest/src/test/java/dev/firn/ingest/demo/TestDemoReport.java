package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;

class TestDemoReport {
  private static DemoReport report(DemoReport.TableReport... tables) {
    return new DemoReport(
        List.of(tables).stream().allMatch(DemoReport.TableReport::equal),
        List.of(tables),
        true,
        new Percentiles(180, 300, 420),
        1040,
        57,
        12,
        88,
        31,
        0,
        6000,
        31_200,
        30.1,
        0,
        1,
        "18.6",
        "s3");
  }

  @Test
  void jsonHasTheFieldsThatReadersCountOn() throws JsonProcessingException {
    JsonNode json =
        new ObjectMapper()
            .readTree(
                report(new DemoReport.TableReport("orders", 12, 12, true, List.of())).toJson());
    assertThat(json.get("equal").asBoolean()).isTrue();
    assertThat(json.get("tables").toString())
        .isEqualTo("[{\"name\":\"orders\",\"sourceRows\":12,\"lakeRows\":12,\"equal\":true}]");
    assertThat(json.get("freshnessMillis").toString())
        .isEqualTo("{\"p50\":180,\"p95\":300,\"p99\":420}");
    assertThat(json.get("eventsPerSecond").asLong()).isEqualTo(1040);
    assertThat(json.get("commits").asLong()).isEqualTo(57);
    assertThat(json.get("equalityDeleteFiles").asLong()).isZero();
    assertThat(json.get("deletionVectors").asLong()).isEqualTo(31);
    assertThat(json.get("storage").asText()).isEqualTo("s3");
  }

  @Test
  void textNamesWhatDiffers() {
    DemoReport report =
        report(
            new DemoReport.TableReport(
                "orders", 12, 11, false, List.of("id=7: missing in the lake")));
    assertThat(report.equal()).isFalse();
    assertThat(new ReportText(report).lines())
        .anyMatch(line -> line.contains("orders") && line.endsWith("DIFFERS"))
        .anyMatch(line -> line.strip().equals("id=7: missing in the lake"));
  }
}
