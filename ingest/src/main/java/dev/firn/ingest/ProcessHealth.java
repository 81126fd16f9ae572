package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a running {@code firn ingest} says of its health. */
record ProcessHealth(boolean isReady, List<Verdict> checks) {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final ObjectMapper JSON = new ObjectMapper();

  ProcessHealth {
    checks = List.copyOf(checks);
  }

  /** Asks the process that listens there, if it runs this pipeline. */
  static Asked<ProcessHealth> ask(URI server, String pipeline) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(server.resolve("/q/health/ready")).timeout(PATIENCE).build();
    try (HttpClient client = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      Optional<ProcessHealth> health = parse(response.body());
      if (health.isEmpty()) {
        return Asked.nothing("what listens on %s is not firn ingest".formatted(server));
      }
      return health
          .flatMap(ProcessHealth::pipeline)
          .filter(name -> !name.equals(pipeline))
          .map(name ->
              Asked.<ProcessHealth>nothing(
                  "what listens on %s runs pipeline %s".formatted(server, name)))
          .orElseGet(() -> Asked.of(health.orElseThrow()));
    } catch (ConnectException e) {
      return Asked.nothing("nothing listens on %s".formatted(server));
    } catch (IOException e) {
      return Asked.nothing("%s does not answer (%s)".formatted(server, ConnectionLoss.reason(e)));
    }
  }

  /** Reads MicroProfile Health's JSON; empty when it is something else. */
  static Optional<ProcessHealth> parse(String body) {
    JsonNode root;
    try {
      root = JSON.readTree(body);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
    if (!root.path("checks").isArray() || !root.path("status").isTextual()) {
      return Optional.empty();
    }
    List<Verdict> checks = root.path("checks").valueStream().map(ProcessHealth::verdict).toList();
    return Optional.of(new ProcessHealth(isUp(root), checks));
  }

  private static Verdict verdict(JsonNode check) {
    Map<String, Object> data = new LinkedHashMap<>();
    check
        .path("data")
        .properties()
        .forEach(field -> {
          JsonNode value = field.getValue();
          data.put(
              field.getKey(),
              value.isBoolean()
                  ? (Object) value.booleanValue()
                  : value.isIntegralNumber() ? (Object) value.longValue() : value.asText());
        });
    return new Verdict(check.path("name").asText(), isUp(check), data);
  }

  private static boolean isUp(JsonNode node) {
    return node.path("status").asText().equals("UP");
  }

  private Optional<String> pipeline() {
    return text(Readiness.PIPELINE, "name");
  }

  /** A field of a check's data. */
  Optional<Object> field(String check, String name) {
    return checks.stream()
        .filter(verdict -> verdict.name().equals(check))
        .findFirst()
        .flatMap(verdict -> Optional.ofNullable(verdict.data().get(name)));
  }

  Optional<String> text(String check, String name) {
    return field(check, name).map(Object::toString);
  }
}
