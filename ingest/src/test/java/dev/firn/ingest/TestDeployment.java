package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be said of deploy/ and docs/DEPLOYING.md without a cluster or a second machine. */
class TestDeployment {
  private static final Path ROOT = Path.of("..");
  private static final Path UNIT = ROOT.resolve("deploy/systemd/firn@.service");
  private static final Path KUBERNETES = ROOT.resolve("deploy/kubernetes");
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Z0-9_]+)\\}");

  private static String text(Path file) throws IOException {
    return Files.readString(file, UTF_8);
  }

  /** All documents of a file. */
  private static List<JsonNode> manifests(String file) throws IOException {
    YAMLFactory yaml = new YAMLFactory();
    try (MappingIterator<JsonNode> documents =
        new ObjectMapper(yaml)
            .readerFor(JsonNode.class)
            .readValues(yaml.createParser(text(KUBERNETES.resolve(file))))) {
      return documents.readAll();
    }
  }

  private static JsonNode manifest(String kind) throws IOException {
    return manifests("firn.yaml").stream()
        .filter(manifest -> manifest.get("kind").asText().equals(kind))
        .findAny()
        .orElseThrow();
  }

  private static JsonNode deployed() throws IOException {
    return manifest("Deployment").at("/spec/template/spec");
  }

  private static JsonNode compacted() throws IOException {
    return manifests("compact.yaml").getFirst().at("/spec/jobTemplate/spec/template/spec");
  }

  private static Properties configuration() throws IOException {
    Properties properties = new Properties();
    properties.load(new StringReader(manifest("ConfigMap").at("/data/firn.properties").asText()));
    return properties;
  }

  private static Set<String> found(Pattern pattern, String text) {
    Set<String> found = new HashSet<>();
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  @Test
  void manifestsSayWhatTheyAre() throws IOException {
    Map<String, String> versions =
        Map.of(
            "ConfigMap", "v1",
            "Deployment", "apps/v1",
            "PodDisruptionBudget", "policy/v1",
            "Service", "v1",
            "CronJob", "batch/v1",
            "Secret", "v1");
    Set<String> seen = new HashSet<>();
    for (String file : List.of("firn.yaml", "compact.yaml", "secret.example.yaml")) {
      for (JsonNode manifest : manifests(file)) {
        String kind = manifest.get("kind").asText();
        assertThat(manifest.get("apiVersion").asText()).as(kind).isEqualTo(versions.get(kind));
        assertThat(manifest.at("/metadata/name").asText()).as(kind).startsWith("firn-shop");
        seen.add(kind);
      }
    }
    assertThat(seen).isEqualTo(versions.keySet());
  }

  @Test
  void thereIsOneWriterAtATime() throws IOException {
    JsonNode spec = manifest("Deployment").get("spec");
    assertThat(spec.get("replicas").asInt()).isEqualTo(1);
    assertThat(spec.at("/strategy/type").asText()).isEqualTo("Recreate");
    assertThat(manifest("PodDisruptionBudget").at("/spec/maxUnavailable").asInt()).isEqualTo(1);
  }

  @Test
  void labelsFindThePod() throws IOException {
    JsonNode labels = manifest("Deployment").at("/spec/template/metadata/labels");
    assertThat(labels).hasSize(2);
    assertThat(manifest("Deployment").at("/spec/selector/matchLabels")).isEqualTo(labels);
    assertThat(manifest("PodDisruptionBudget").at("/spec/selector/matchLabels")).isEqualTo(labels);
    assertThat(manifest("Service").at("/spec/selector")).isEqualTo(labels);
  }

  @Test
  void probesAskForHealthWhereItIsServed() throws IOException {
    JsonNode container = deployed().at("/containers/0");
    assertThat(configuration())
        .containsEntry("quarkus.http.port", container.at("/ports/0/containerPort").asText())
        .containsEntry("quarkus.http.host", "0.0.0.0");
    String port = container.at("/ports/0/name").asText();
    Map.of("startupProbe", "live", "livenessProbe", "live", "readinessProbe", "ready")
        .forEach((probe, path) -> {
          JsonNode get = container.at("/%s/httpGet".formatted(probe));
          assertThat(get.get("path").asText()).isEqualTo("/q/health/" + path);
          assertThat(get.get("port").asText()).isEqualTo(port);
        });
    JsonNode metrics = manifest("Deployment").at("/spec/template/metadata/annotations");
    assertThat(metrics.get("prometheus.io/path").asText()).isEqualTo("/q/metrics");
    assertThat(metrics.get("prometheus.io/port").asText())
        .isEqualTo(container.at("/ports/0/containerPort").asText());
    assertThat(manifest("Service").at("/spec/ports/0/targetPort").asText()).isEqualTo(port);
  }

  @Test
  void podsGetConfigurationAndSecretsAndNoRights() throws IOException {
    for (JsonNode pod : List.of(deployed(), compacted())) {
      JsonNode container = pod.at("/containers/0");
      assertThat(container.get("args").toString()).contains("\"/etc/firn/firn.properties\"");
      assertThat(container.get("image").asText()).matches("[a-z./-]+:\\d+\\.\\d+\\.\\d+");
      assertThat(pod.at("/volumes/0/configMap/name")).isEqualTo(at(manifest("ConfigMap")));
      assertThat(container.at("/volumeMounts/0/mountPath").asText()).isEqualTo("/etc/firn");
      assertThat(container.at("/envFrom/0/secretRef/name"))
          .isEqualTo(at(manifests("secret.example.yaml").getFirst()));
      assertThat(names(container.get("volumeMounts"))).isEqualTo(names(pod.get("volumes")));
      assertThat(container.at("/securityContext/readOnlyRootFilesystem").asBoolean()).isTrue();
      assertThat(container.at("/resources/limits/memory").asText()).isNotEmpty();
      assertThat(text(ROOT.resolve("Dockerfile")))
          .contains("USER %d:".formatted(pod.at("/securityContext/runAsUser").asInt(-1)));
    }
    assertThat(deployed().get("terminationGracePeriodSeconds").asInt()).isGreaterThanOrEqualTo(60);
  }

  private static List<String> names(JsonNode list) {
    List<String> names = new ArrayList<>();
    list.forEach(named -> names.add(named.get("name").asText()));
    return names;
  }

  private static JsonNode at(JsonNode manifest) {
    return manifest.at("/metadata/name");
  }

  @Test
  void firnTakesTheConfigurationOfItsPod() throws IOException {
    Map<String, String> values = new HashMap<>();
    configuration()
        .forEach((key, value) ->
            values.put(
                (String) key, VARIABLE.matcher((String) value).replaceAll("from-the-secret")));
    ConfigFile config = ConfigFile.of(Engine.config(values));
    assertThat(config.sink().pipeline().name()).isEqualTo("shop");
    assertThat(config.sink().catalog()).containsEntry("s3.access-key-id", "from-the-secret");
    JsonNode secrets = manifests("secret.example.yaml").getFirst().get("stringData");
    Set<String> given = new HashSet<>();
    secrets.fieldNames().forEachRemaining(given::add);
    assertThat(found(VARIABLE, manifest("ConfigMap").toString())).isEqualTo(given);
    assertThat(secrets).allMatch(secret -> secret.asText().isEmpty(), "is no secret");
  }

  @Test
  void jobRunsACommandThatThereIs() throws IOException {
    JsonNode job = manifests("compact.yaml").getFirst().get("spec");
    assertThat(job.get("concurrencyPolicy").asText()).isEqualTo("Forbid");
    assertThat(Schedule.parse(job.get("schedule").asText())).isNotNull();
    String command = compacted().at("/containers/0/args/0").asText();
    assertThat(Firn.commandLine().getSubcommands()).containsKey(command);
  }

  @Test
  void unitStartsAFailedPipelineAgainAndNoFencedOne() throws IOException {
    String unit = text(UNIT);
    assertThat(unit)
        .contains("\nRestart=on-failure\n", "\nRestartPreventExitStatus=2 3\n")
        .contains("-jar /opt/firn/firn.jar ingest --config /etc/firn/%i.properties\n")
        .contains("\nTimeoutStopSec=60s\n", "\nKillSignal=SIGTERM\n");
    assertThat(List.of(Outcome.FAILED, Outcome.USAGE, Outcome.FENCED)).containsExactly(1, 2, 3);
  }

  /** With programs in place of those that this machine may lack. */
  @Test
  void systemdTakesTheUnit(@TempDir Path folder) throws Exception {
    assumeTrue(systemdIsHere(), "systemd-analyze is not installed");
    String unit = text(UNIT).replace("ExecStart=/usr/bin/java", "ExecStart=/bin/sh");
    assertThat(complaints(folder, unit)).isEmpty();
    assertThat(complaints(folder, unit.replace("\nUMask=", "\nUMasc="))).contains("UMasc");
  }

  private static boolean systemdIsHere() throws InterruptedException {
    try {
      return run("systemd-analyze", "--version").waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static Process run(String... command) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.PIPE)
        .start();
  }

  private static String complaints(Path folder, String unit) throws Exception {
    Path file = Files.writeString(folder.resolve("firn@.service"), unit);
    Process verify = run("systemd-analyze", "verify", "--man=no", file.toString());
    String said = new String(verify.getInputStream().readAllBytes(), UTF_8);
    verify.waitFor();
    return said;
  }

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "docs/DEPLOYING.md", "docs/QUERYING.md", "minio/README.md"})
  void linksLeadSomewhere(String page) throws IOException {
    Path file = ROOT.resolve(page);
    Pattern link = Pattern.compile("\\]\\((?!https?:)([^)#]*)(?:#([^)]*))?\\)");
    Matcher links = link.matcher(text(file));
    assertThat(links.find()).isTrue();
    do {
      Path target = links.group(1).isEmpty() ? file : file.resolveSibling(links.group(1));
      assertThat(target).as(links.group()).exists();
      if (links.group(2) != null) {
        assertThat(anchors(text(target))).as(links.group()).contains(links.group(2));
      }
    } while (links.find());
  }

  /** As they are made of headings. */
  private static List<String> anchors(String page) {
    return page.lines()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("^#+ ", "").toLowerCase(java.util.Locale.ROOT))
        .map(line -> line.replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
        .toList();
  }

  private static final List<String> SAME =
      List.of(
          "catalog-name=lake",
          "table-namespace=n",
          "table-prefix=p_",
          "destination-regexp=a",
          "destination-regexp-replace=b",
          "destination-uppercase-table-names=true",
          "destination-lowercase-table-names=true",
          "format-version=2",
          "write.format.default=parquet",
          "io-impl=org.apache.iceberg.aws.s3.S3FileIO",
          "warehouse=s3://lake/warehouse",
          "uri=http://localhost:1",
          "type=rest");

  private static final List<String> REFUSED =
      List.of(
          "upsert",
          "upsert-keep-deletes",
          "upsert-dedup-column",
          "upsert-op-field",
          "upsert-use-dv",
          "create-identifier-fields",
          "preserve-required-property",
          "nested-as-variant",
          "openlineage-enabled",
          "table-mapper",
          "allow-field-addition",
          "excluded-columns",
          "partition-by");

  private static SinkSettings with(String key, String value) {
    Map<String, String> settings =
        new HashMap<>(Map.of("type", "rest", "uri", "http://localhost:1"));
    if (key.equals("destination-regexp-replace")) {
      settings.put("destination-regexp", "a");
    }
    settings.put(key, value);
    return SinkSettings.parse(settings, 1L << 30);
  }

  /** The keys of memiiso/debezium-server-iceberg, as the page tells what becomes of them. */
  @Test
  void keysOfTheOtherServerAreTakenOrRefusedByName() throws IOException {
    String page = text(ROOT.resolve("docs/DEPLOYING.md"));
    List<String> keys = new ArrayList<>(REFUSED);
    for (String same : SAME) {
      String[] pair = same.split("=", 2);
      assertThat(with(pair[0], pair[1])).as(same).isNotNull();
      keys.add(pair[0]);
    }
    for (String key : REFUSED) {
      assertThatThrownBy(() -> with(key, "true"))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining(SinkSettings.PREFIX + key);
    }
    assertThat(keys).allMatch(key -> page.contains(key + "`"), "is in the page");
    for (String key : List.of("debezium.transforms", "debezium.sink.batch.concurrent-uploads")) {
      assertThatThrownBy(() -> ServerConfig.check(Map.of(key, "1")))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining(key);
    }
    assertThatThrownBy(() -> ServerConfig.check(Map.of("debezium.format.value", "json")))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("connect");
  }
}
