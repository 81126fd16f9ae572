package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The files that Prometheus and Grafana are set up by; DashboardIT asks a running Firn. */
class TestMonitoringFiles {
  private static final Path DOCKER = Path.of("..", "docker");

  private static JsonNode service(String name) {
    return MonitoringFiles.yaml(Path.of("..", "docker-compose.yml")).at("/services/" + name);
  }

  private static List<String> mounts(String service) {
    List<String> mounts = new ArrayList<>();
    service(service).get("volumes").forEach(volume -> mounts.add(volume.asText()));
    return mounts;
  }

  @Test
  void queriesAreTakenApart() {
    assertThat(
            MonitoringFiles.selectors(
                "histogram_quantile(0.5, sum by (le) (rate(a_bucket{x=~\"$x\",y=\"1\"}[5m])))"))
        .containsExactly(new MonitoringFiles.Selector("a_bucket", List.of("le", "x", "y")));
    assertThat(MonitoringFiles.selectors("time() - b > 10 * 1024 ^ 3 and c{z!=\"\"} == 0"))
        .containsExactly(
            new MonitoringFiles.Selector("b", List.of()),
            new MonitoringFiles.Selector("c", List.of("z")));
    assertThat(MonitoringFiles.selectors("label_values(d{x=\"1\"}, y)"))
        .containsExactly(new MonitoringFiles.Selector("d", List.of("x", "y")));
  }

  @Test
  void prometheusAsksFirnWhereItServes() {
    JsonNode config = MonitoringFiles.yaml(DOCKER.resolve("prometheus/prometheus.yml"));
    JsonNode job = config.at("/scrape_configs/0");
    assertThat(job.get("job_name").asText()).isEqualTo("firn");
    assertThat(job.get("metrics_path").asText()).isEqualTo("/q/metrics");
    assertThat(job.at("/static_configs/0/targets/0").asText()).isEqualTo("firn:8080");
    assertThat(service("firn").get("ports").get(0).asText()).endsWith(":8080");
    assertThat(config.at("/rule_files/0").asText()).isEqualTo("alerts.yml");
    assertThat(mounts("prometheus"))
        .contains("./docker/prometheus/alerts.yml:/etc/prometheus/alerts.yml:ro");
    assertThat(service("prometheus").get("command").get(0).asText())
        .isEqualTo("--config.file=/etc/prometheus/prometheus.yml");
  }

  @Test
  void alertsSayHowUrgentTheyAreAndWhatToDo() {
    Set<String> names = new HashSet<>();
    JsonNode rules = MonitoringFiles.yaml(MonitoringFiles.ALERTS).at("/groups/0/rules");
    rules.forEach(rule -> {
      String name = rule.get("alert").asText();
      assertThat(names.add(name)).as(name).isTrue();
      assertThat(rule.at("/labels/severity").asText()).as(name).isIn("critical", "warning");
      assertThat(rule.at("/annotations/summary").asText()).as(name).contains("{{ ");
      assertThat(rule.at("/annotations/description").asText()).as(name).isNotEmpty();
    });
    assertThat(names).contains("FirnLag", "FirnCommitsStalled", "FirnRetainedLog");
  }

  @Test
  void grafanaFindsDashboardAndPrometheus() {
    JsonNode source = MonitoringFiles.yaml(DOCKER.resolve("grafana/datasources.yml"));
    assertThat(source.at("/datasources/0/url").asText()).isEqualTo("http://prometheus:9090");
    String uid = source.at("/datasources/0/uid").asText();
    JsonNode dashboard = MonitoringFiles.dashboard();
    assertThat(dashboard.findValues("datasource"))
        .hasSizeGreaterThan(20)
        .allMatch(used -> used.get("uid").asText().equals(uid));
    JsonNode provider = MonitoringFiles.yaml(DOCKER.resolve("grafana/dashboards.yml"));
    String folder = provider.at("/providers/0/options/path").asText();
    assertThat(mounts("grafana"))
        .contains("./docker/grafana/dashboards:%s:ro".formatted(folder))
        .contains(
            "./docker/grafana/datasources.yml:/etc/grafana/provisioning/datasources/firn.yml:ro")
        .contains(
            "./docker/grafana/dashboards.yml:/etc/grafana/provisioning/dashboards/firn.yml:ro");
    assertThat(
            service("grafana")
                .at("/environment/GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH")
                .asText())
        .isEqualTo(folder + "/firn.json");
  }

  @Test
  void panelsAreToldApartAndDoNotOverlap() {
    Set<Integer> ids = new HashSet<>();
    Set<String> cells = new HashSet<>();
    MonitoringFiles.dashboard()
        .get("panels")
        .forEach(panel -> {
          String title = panel.get("title").asText();
          assertThat(ids.add(panel.get("id").asInt())).as(title).isTrue();
          JsonNode at = panel.get("gridPos");
          for (int x = at.get("x").asInt(); x < at.get("x").asInt() + at.get("w").asInt(); x++) {
            for (int y = at.get("y").asInt(); y < at.get("y").asInt() + at.get("h").asInt(); y++) {
              assertThat(cells.add(x + "," + y)).as(title).isTrue();
              assertThat(x).as(title).isLessThan(24);
            }
          }
        });
  }
}
