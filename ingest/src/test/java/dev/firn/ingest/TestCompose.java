package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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

/** What can be said of docker-compose.yml and the files beside it without a Docker engine. */
class TestCompose {
  private static final Path ROOT = Path.of("..");
  private static final Pattern SECRET = Pattern.compile("\\$\\{([A-Z0-9_]+):\\?[^}]+\\}");
  private static final Set<String> SERVICE_KEYS =
      Set.of(
          "build",
          "cap_drop",
          "command",
          "depends_on",
          "entrypoint",
          "environment",
          "healthcheck",
          "image",
          "logging",
          "mem_limit",
          "ports",
          "profiles",
          "restart",
          "security_opt",
          "stop_grace_period",
          "volumes");
  private static final Set<String> ACTIONS =
      Set.of(
          "s3:GetBucketLocation",
          "s3:ListBucket",
          "s3:ListBucketVersions",
          "s3:GetObject",
          "s3:GetObjectVersion",
          "s3:PutObject",
          "s3:DeleteObject",
          "s3:AbortMultipartUpload");

  private static final Set<String> DENIED = Set.of("s3:DeleteObjectVersion");

  private final JsonNode compose = yaml();

  @Test
  void servicesAreTheOnesOfTheReadme() {
    assertThat(names(compose.get("services")))
        .containsExactlyInAnyOrder(
            "postgres",
            "load",
            "minio",
            "minio-init",
            "catalog",
            "firn",
            "trino",
            "prometheus",
            "grafana");
    assertThat(inProfile("metrics")).containsExactlyInAnyOrder("prometheus", "grafana");
  }

  private Set<String> inProfile(String profile) {
    Set<String> services = new HashSet<>();
    compose
        .get("services")
        .properties()
        .forEach(service -> {
          if (service.getValue().path("profiles").path(0).asText().equals(profile)) {
            services.add(service.getKey());
          }
        });
    return services;
  }

  @Test
  void servicesSayWhetherTheyAreWellOrAreWaitedForUntilTheyEnd() {
    Set<String> awaitedToTheEnd = new HashSet<>();
    each(
        "depends_on",
        (name, condition) -> {
          if (condition.get("condition").asText().equals("service_completed_successfully")) {
            awaitedToTheEnd.add(name);
          }
        });
    compose
        .get("services")
        .properties()
        .forEach(service -> {
          if (!awaitedToTheEnd.contains(service.getKey())) {
            JsonNode test = service.getValue().path("healthcheck").path("test");
            assertThat(test.path(0).asText()).as(service.getKey()).startsWith("CMD");
            assertThat(test.path(1).asText()).as(service.getKey()).isNotEmpty();
          }
        });
  }

  /** What is in no profile must not wait for what is in one: it would not start without it. */
  @Test
  void nothingWaitsForAProfile() {
    Set<String> metrics = inProfile("metrics");
    compose
        .get("services")
        .properties()
        .forEach(service -> {
          if (!metrics.contains(service.getKey())) {
            assertThat(names(service.getValue().path("depends_on")))
                .as(service.getKey())
                .doesNotContainAnyElementsOf(metrics);
          }
        });
  }

  @Test
  void servicesHaveKnownKeysAndPinnedImages() {
    compose
        .get("services")
        .properties()
        .forEach(service -> {
          assertThat(SERVICE_KEYS).as(service.getKey()).containsAll(names(service.getValue()));
          assertThat(service.getValue().get("image").asText())
              .matches("[a-z/-]+:[A-Za-z.-]*\\d[\\w.-]+");
        });
  }

  @Test
  void portsAreOnTheLoopbackAddressAndDistinct() {
    List<String> ports = new ArrayList<>();
    each("ports", port -> ports.add(port.asText()));
    assertThat(ports).isNotEmpty().allMatch(port -> port.matches("127\\.0\\.0\\.1:\\d+:\\d+"));
    assertThat(ports.stream().map(port -> port.split(":", -1)[1])).doesNotHaveDuplicates();
  }

  @Test
  void whatIsWaitedForExistsAndCanBeWaitedFor() {
    JsonNode services = compose.get("services");
    services.forEach(service -> {
      if (service.has("depends_on")) {
        service
            .get("depends_on")
            .properties()
            .forEach(on -> {
              JsonNode awaited = services.get(on.getKey());
              assertThat(awaited).as(on.getKey()).isNotNull();
              String condition = on.getValue().get("condition").asText();
              assertThat(condition)
                  .isEqualTo(
                      awaited.has("healthcheck")
                          ? "service_healthy"
                          : "service_completed_successfully");
            });
      }
    });
    assertThat(services.get("firn").get("depends_on").has("postgres")).isTrue();
    assertThat(services.get("firn").get("depends_on").has("catalog")).isTrue();
  }

  @Test
  void volumesAreDeclaredAndMountedFilesExist() {
    each(
        "volumes",
        volume -> {
          String source = volume.asText().split(":", -1)[0];
          if (source.startsWith(".")) {
            assertThat(ROOT.resolve(source)).exists();
          } else {
            assertThat(compose.get("volumes").has(source)).as(source).isTrue();
          }
        });
  }

  @Test
  void secretsComeFromTheEnvironmentAndAreNowhereElse() throws IOException {
    Properties example = properties(".env.example");
    Set<String> used = new HashSet<>();
    each(
        "environment",
        value -> {
          Matcher secret = SECRET.matcher(value.asText());
          if (secret.matches()) {
            used.add(secret.group(1));
          }
        });
    compose
        .get("services")
        .forEach(service -> {
          if (service.has("environment")) {
            service
                .get("environment")
                .properties()
                .forEach(variable -> {
                  if (variable.getKey().matches(".*(PASSWORD|SECRET|TOKEN).*")) {
                    assertThat(variable.getValue().asText()).as(variable.getKey()).matches(SECRET);
                  }
                });
          }
        });
    assertThat(used).isEqualTo(example.stringPropertyNames());
    assertThat(Pattern.compile("\\$\\{").matcher(text("docker-compose.yml")).results().count())
        .as("all variables are such secrets")
        .isEqualTo(SECRET.matcher(text("docker-compose.yml")).results().count());
    assertThat(example.values()).allMatch(value -> ((String) value).isEmpty());
    assertThat(text(".gitignore").lines()).contains(".env");
    assertThat(text(".dockerignore").lines()).contains(".env");
  }

  @Test
  void firnTakesItsConfiguration() throws IOException {
    ConfigFile config = ConfigFile.of(Engine.config(firn()));
    assertThat(config.sink().catalog())
        .containsEntry("s3.secret-access-key", "of-S3_FIRN_WRITER_SECRET");
    assertThat(config.sink().commitInterval()).hasSeconds(1);
    assertThat(config.sink().pipeline().name()).isEqualTo("shop");
    assertThat(config.httpHost()).isEqualTo("0.0.0.0");
    Set<String> given = names(environment("firn"));
    Matcher wanted =
        Pattern.compile("\\$\\{([A-Z0-9_]+)\\}").matcher(text("docker/firn.properties"));
    assertThat(wanted.results().map(found -> found.group(1)))
        .isNotEmpty()
        .allMatch(given::contains);
  }

  @Test
  void bucketCatalogAndEndpointsAgree() throws IOException {
    Map<String, String> firn = firn();
    Properties trino = properties("docker/trino-lake.properties");
    String sink = SinkSettings.PREFIX;
    assertThat(text("minio/init.sh")).contains("\nbucket=lake\n");
    assertThat(firn.get(sink + "warehouse"))
        .isEqualTo("s3://lake/warehouse")
        .isEqualTo(trino.getProperty("iceberg.rest-catalog.warehouse"))
        .isEqualTo(environment("catalog").get("CATALOG_WAREHOUSE").asText());
    assertThat(firn.get(sink + "uri"))
        .isEqualTo("http://catalog:8181")
        .isEqualTo(trino.getProperty("iceberg.rest-catalog.uri"));
    assertThat(firn.get(sink + "s3.endpoint"))
        .isEqualTo("http://minio:9000")
        .isEqualTo(trino.getProperty("s3.endpoint"))
        .isEqualTo(environment("catalog").get("CATALOG_S3_ENDPOINT").asText())
        .isEqualTo(environment("minio-init").get("MINIO_ENDPOINT").asText());
    assertThat(firn.get("debezium.source.database.hostname")).isEqualTo("postgres");
    assertThat(firn.get("debezium.source.database.dbname"))
        .isEqualTo(environment("postgres").get("POSTGRES_DB").asText());
    assertThat(compose.at("/services/trino/volumes/0").asText())
        .endsWith("/etc/trino/catalog/%s.properties:ro".formatted(firn.get(sink + "catalog-name")));
  }

  @Test
  void usersHaveAPolicyEach() throws IOException {
    assertThat(firn().get(SinkSettings.PREFIX + "s3.access-key-id"))
        .isEqualTo("firn-writer")
        .isEqualTo(environment("catalog").get("AWS_ACCESS_KEY_ID").asText());
    assertThat(properties("docker/trino-lake.properties").getProperty("s3.aws-access-key"))
        .isEqualTo("analyst");
    Matcher users = Pattern.compile("(?m)^user (\\S+) ").matcher(text("minio/init.sh"));
    assertThat(users.results().map(found -> found.group(1)))
        .containsExactly("firn-writer", "analyst", "auditor");
  }

  @ParameterizedTest
  @ValueSource(strings = {"firn-writer", "analyst", "auditor"})
  void policyAllowsKnownActionsInTheBucketOnly(String user) throws IOException {
    JsonNode policy = new ObjectMapper().readTree(text("minio/policies/%s.json".formatted(user)));
    assertThat(policy.get("Version").asText()).isEqualTo("2012-10-17");
    policy
        .get("Statement")
        .forEach(statement -> {
          Set<String> known = statement.get("Effect").asText().equals("Allow") ? ACTIONS : DENIED;
          statement.get("Action").forEach(action -> assertThat(known).contains(action.asText()));
          statement
              .get("Resource")
              .forEach(
                  resource -> assertThat(resource.asText()).matches("arn:aws:s3:::lake(/.+)?"));
        });
    boolean writes = policy.toString().matches(".*s3:(Put|Delete).*");
    assertThat(writes).isEqualTo(user.equals("firn-writer"));
    boolean readsAll = policy.toString().contains("\"arn:aws:s3:::lake/*\"");
    assertThat(readsAll).isEqualTo(!user.equals("auditor"));
  }

  /** Checks it against the published schema; takes no Docker engine. */
  @Test
  void composeItselfTakesTheFile(@TempDir Path folder) throws Exception {
    List<String> command = composeCommand();
    assumeFalse(command.isEmpty(), "neither docker compose nor docker-compose is installed");
    // The schema of docker-compose 1 does not know the project's name yet.
    String text = text("docker-compose.yml").replaceFirst("(?m)^name: .*\n", "");
    Path good = Files.writeString(folder.resolve("good.yml"), text);
    Path bad =
        Files.writeString(folder.resolve("bad.yml"), text.replace("healthcheck:", "helthcheck:"));
    assertThat(compose(command, good)).isZero();
    assertThat(compose(command, bad)).isNotZero();
  }

  private static List<String> composeCommand() throws InterruptedException {
    for (List<String> command : List.of(List.of("docker", "compose"), List.of("docker-compose"))) {
      try {
        List<String> asked = new ArrayList<>(command);
        asked.add("version");
        Process process =
            new ProcessBuilder(asked)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() == 0) {
          return command;
        }
      } catch (IOException e) {
        // not installed
      }
    }
    return List.of();
  }

  private int compose(List<String> compose, Path file) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(compose);
    String root = ROOT.toAbsolutePath().normalize().toString();
    command.addAll(List.of("--project-directory", root, "-f", file.toString(), "config", "-q"));
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    Matcher secrets = SECRET.matcher(text("docker-compose.yml"));
    while (secrets.find()) {
      builder.environment().put(secrets.group(1), "x");
    }
    return builder.start().waitFor();
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker/init-shop.sh", "docker/load.sh", "minio/init.sh"})
  void scriptsAreShell(String script) throws Exception {
    Process check =
        new ProcessBuilder("sh", "-n", ROOT.resolve(script).toString()).inheritIO().start();
    assertThat(check.waitFor()).isZero();
  }

  /** With an mc that keeps users and refuses, as the real one does, what is attached already. */
  @Test
  void bucketIsMadeReadyAndTheScriptCanRunAgain(@TempDir Path folder) throws Exception {
    Path mc = folder.resolve("mc");
    Files.writeString(
        mc,
        """
        #!/bin/sh
        cd "$(dirname "$0")"
        echo "$*" >>calls
        case $2 in import) cat >lifecycle ;; esac
        case "$1 $2 $3" in
          'admin user info') [ -e "has-$5" ] && printf '{"policyName": "%s"}\\n' "$5"; true ;;
          'admin policy attach') [ ! -e "has-$7" ] && : >"has-$7" ;;
        esac
        """);
    Files.setPosixFilePermissions(mc, PosixFilePermissions.fromString("rwx------"));
    for (int run = 0; run < 2; run++) {
      ProcessBuilder init = new ProcessBuilder("sh", ROOT.resolve("minio/init.sh").toString());
      init.environment().put("PATH", folder + ":" + System.getenv("PATH"));
      environment("minio-init").fieldNames().forEachRemaining(k -> init.environment().put(k, "x"));
      assertThat(init.inheritIO().start().waitFor()).isZero();
    }
    List<String> calls = Files.readAllLines(folder.resolve("calls"));
    assertThat(calls)
        .contains("mb --ignore-existing store/lake", "version enable store/lake")
        .containsOnlyOnce("admin policy attach store firn-writer --user firn-writer");
    assertThat(folder.resolve("has-auditor")).exists();
    JsonNode rules = new ObjectMapper().readTree(folder.resolve("lifecycle").toFile()).get("Rules");
    assertThat(rules.findValuesAsText("NoncurrentDays")).containsExactly("30");
    assertThat(rules.findValuesAsText("Status")).containsOnly("Enabled").hasSize(2);
  }

  @Test
  void imageIsPinnedRunsAsAnOrdinaryUserAndSaysWhetherItIsWell() throws IOException {
    String image = text("Dockerfile");
    assertThat(found("(?m)^FROM (\\S+)", image))
        .hasSize(2)
        .allMatch(base -> base.matches("[a-z-]+:\\d+\\.\\d+\\.[\\w.-]+"));
    assertThat(found("(?m)^USER (.+)$", image)).containsExactly("10001:10001");
    assertThat(found("HEALTHCHECK[^\\[]*\\[.*\"(http[^\"]+)\"", image))
        .containsExactly("http://127.0.0.1:8080/q/health/ready");
    assertThat(image).contains("COPY --from=build /src/ingest/target/firn /opt/firn\n");
    assertThat(found("\"(/opt/[^\"]+)\"", image))
        .containsExactly("/opt/firn/firn.jar:/opt/firn/extra/*");
    assertThat(image).contains("\"%s\"]".formatted(Firn.class.getName()));
  }

  /** The image is built from the whole source tree, but for what .dockerignore leaves out. */
  @Test
  void whatTheImageIsBuiltFromIsThere() throws IOException {
    assertThat(found("(?m)^COPY (?!--from)(.+)$", text("Dockerfile"))).containsExactly(". .");
    List<String> needed = new ArrayList<>(List.of("pom.xml", ".mvn"));
    needed.addAll(found("<module>(.+)</module>", text("pom.xml")));
    List<String> ignored = text(".dockerignore").lines().toList();
    assertThat(needed)
        .hasSizeGreaterThan(4)
        .allMatch(file -> Files.exists(ROOT.resolve(file)))
        .doesNotContainAnyElementsOf(ignored);
    assertThat(ignored)
        .filteredOn(line -> !line.contains("*"))
        .filteredOn(line -> !List.of(".git", ".env", "firn-home").contains(line))
        .allMatch(line -> Files.exists(ROOT.resolve(line)), "names something");
  }

  private static List<String> found(String regex, String in) {
    return Pattern.compile(regex).matcher(in).results().map(match -> match.group(1)).toList();
  }

  private void each(String key, java.util.function.Consumer<JsonNode> action) {
    compose
        .get("services")
        .forEach(service -> {
          if (service.has(key)) {
            service.get(key).forEach(action);
          }
        });
  }

  private void each(String key, java.util.function.BiConsumer<String, JsonNode> action) {
    compose
        .get("services")
        .forEach(service -> {
          if (service.has(key)) {
            service.get(key).properties().forEach(e -> action.accept(e.getKey(), e.getValue()));
          }
        });
  }

  private JsonNode environment(String service) {
    return compose.get("services").get(service).get("environment");
  }

  private static Set<String> names(JsonNode node) {
    Set<String> names = new HashSet<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** What firn is given, with a value in the place of each variable. */
  private static Map<String, String> firn() throws IOException {
    Map<String, String> firn = new HashMap<>();
    properties("docker/firn.properties")
        .forEach((key, value) ->
            firn.put((String) key, ((String) value).replaceAll("\\$\\{([A-Z0-9_]+)\\}", "of-$1")));
    return firn;
  }

  private static Properties properties(String file) throws IOException {
    Properties properties = new Properties();
    properties.load(new StringReader(text(file)));
    return properties;
  }

  private static String text(String file) throws IOException {
    return Files.readString(ROOT.resolve(file), UTF_8);
  }

  private static JsonNode yaml() {
    try {
      return new ObjectMapper(new YAMLFactory()).readTree(text("docker-compose.yml"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
