package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code firn check}: tries everything that a pipeline needs, and changes nothing. */
@Command(
    name = "check",
    description = "Try source, catalog and storage, and say what to do where something lacks.",
    mixinStandardHelpOptions = true)
public final class CheckCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Option(names = "--json", description = "Print JSON instead of a table.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    ConfigFile file = config.load();
    CommandOutput.silenceLogs();
    List<Check> checks = new ArrayList<>(file.source().checks(file.sink().keylessTables()));
    checks.addAll(LakeChecks.run(file.sink()));
    out.println(json ? json(checks) : table(checks));
    out.flush();
    return checks.stream().anyMatch(check -> check.state() == Check.State.FAILED)
        ? Outcome.USAGE
        : Outcome.OK;
  }

  static String table(List<Check> checks) {
    int names = checks.stream().mapToInt(check -> check.name().length()).max().orElse(0);
    StringBuilder table = new StringBuilder();
    for (Check check : checks) {
      table.append(
          "%-6s  %-"
              .concat(Integer.toString(Math.max(1, names)))
              .concat("s  %s%n")
              .formatted(mark(check.state()), check.name(), check.found()));
      if (!check.todo().isEmpty()) {
        table.append("%s-> %s%n".formatted(" ".repeat(names + 10), check.todo()));
      }
    }
    return table.toString().stripTrailing();
  }

  private static String mark(Check.State state) {
    return switch (state) {
      case OK -> "ok";
      case WARN -> "warn";
      case FAILED -> "FAILED";
    };
  }

  private static String json(List<Check> checks) {
    List<Map<String, String>> rows = new ArrayList<>();
    for (Check check : checks) {
      Map<String, String> row = new LinkedHashMap<>();
      row.put("name", check.name());
      row.put("state", check.state().name().toLowerCase(Locale.ROOT));
      row.put("found", check.found());
      row.put("todo", check.todo());
      rows.add(row);
    }
    try {
      return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(rows);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("checks that are no JSON", e);
    }
  }
}
