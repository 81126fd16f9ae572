package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the dashboard and the alerts in {@code docker/} ask of Prometheus. */
final class MonitoringFiles {

  /**
   * A metric in a query, with the labels that the query selects by.
   *
   * @param labels sorted
   */
  record Selector(String metric, List<String> labels) {}

  static final Path DASHBOARD = Path.of("..", "docker/grafana/dashboards/firn.json");
  static final Path ALERTS = Path.of("..", "docker/prometheus/alerts.yml");

  private static final Pattern GROUPING = Pattern.compile("\\b(?:by|without)\\s*\\(([^)]*)\\)");
  private static final Pattern RANGE = Pattern.compile("\\[[^]]*]");
  private static final Pattern METRIC =
      Pattern.compile("([a-zA-Z_:][\\w:]*)\\s*(\\{[^}]*})?(?!\\s*\\(|[\\w:{])");
  private static final Pattern LABEL = Pattern.compile("(\\w+)\\s*(?:=~|!~|!=|=)\\s*\"");
  private static final List<String> WORDS = List.of("and", "or", "unless");

  private MonitoringFiles() {}

  static JsonNode dashboard() {
    return read(new ObjectMapper(), DASHBOARD);
  }

  static JsonNode yaml(Path file) {
    return read(new ObjectMapper(new YAMLFactory()), file);
  }

  private static JsonNode read(ObjectMapper mapper, Path file) {
    try {
      return mapper.readTree(Files.readString(file, UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The expressions of all panels, and what the dashboard's variables are filled from. */
  static List<String> dashboardQueries() {
    List<String> queries = new ArrayList<>();
    dashboard().findValues("expr").forEach(query -> queries.add(query.asText()));
    dashboard()
        .at("/templating/list")
        .forEach(variable -> queries.add(variable.get("definition").asText()));
    return queries;
  }

  static List<String> alertQueries() {
    return yaml(ALERTS).findValues("expr").stream().map(JsonNode::asText).toList();
  }

  /** The metrics of a query; labels that it groups by count as selected by. */
  static List<Selector> selectors(String query) {
    List<String> grouped = new ArrayList<>();
    Matcher grouping = GROUPING.matcher(query);
    while (grouping.find()) {
      grouped.addAll(names(grouping.group(1)));
    }
    Matcher values = Pattern.compile("label_values\\((.*),\\s*(\\w+)\\)").matcher(query);
    String expression = query;
    if (values.matches()) {
      expression = values.group(1);
      grouped.add(values.group(2));
    }
    String bare = RANGE.matcher(GROUPING.matcher(expression).replaceAll("")).replaceAll("");
    return METRIC
        .matcher(bare)
        .results()
        .filter(match -> !WORDS.contains(match.group(1)))
        .map(match -> new Selector(match.group(1), labels(match, grouped)))
        .toList();
  }

  private static List<String> labels(MatchResult selector, List<String> grouped) {
    TreeSet<String> labels = new TreeSet<>(grouped);
    if (selector.group(2) != null) {
      LABEL.matcher(selector.group(2)).results().forEach(label -> labels.add(label.group(1)));
    }
    return List.copyOf(labels);
  }

  private static List<String> names(String list) {
    return Pattern.compile("\\w+").matcher(list).results().map(MatchResult::group).toList();
  }
}
