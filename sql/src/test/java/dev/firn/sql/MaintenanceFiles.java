package dev.firn.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Has an engine maintain tables by the files of its folder, while their writers go on. */
final class MaintenanceFiles {
  /** How often a batch may meet the same moment as the engine's commit before the test gives up. */
  private static final int ATTEMPTS = 3;

  private final Path folder;
  private final Engine engine;
  private final List<String> conflicts;
  private final Set<String> asked = new TreeSet<>();

  /**
   * @param folder its files of SQL
   * @param conflicts what stands in the engine's error when others have committed meanwhile
   */
  MaintenanceFiles(Path folder, Engine engine, List<String> conflicts) {
    this.folder = folder;
    this.engine = engine;
    this.conflicts = List.copyOf(conflicts);
  }

  /** The files that were run. */
  Set<String> asked() {
    return asked;
  }

  /** Runs a file on a table, which must succeed beside the writer. */
  Answer must(String file, LiveTable table, Map<String, String> parameters) {
    for (int attempt = 1; attempt < ATTEMPTS; attempt++) {
      Optional<Answer> answer = may(file, table, parameters);
      if (answer.isPresent()) {
        return answer.orElseThrow();
      }
    }
    return ask(file, table, parameters);
  }

  /** Runs a file on a table; empty: refused because of what others have committed. */
  Optional<Answer> may(String file, LiveTable table, Map<String, String> parameters) {
    try {
      return Optional.of(ask(file, table, parameters));
    } catch (Engine.Refused e) {
      String message = String.valueOf(e.getMessage());
      assertThat(conflicts).as(message).anyMatch(message::contains);
      System.out.printf("%n  %s%n", message);
      return Optional.empty();
    }
  }

  private Answer ask(String file, LiveTable table, Map<String, String> parameters) {
    Map<String, String> all = new HashMap<>(Map.of("schema", "shop", "table", table.name().name()));
    all.putAll(parameters);
    List<String> statements = SqlFile.read(folder.resolve(file)).statements(all);
    assertThat(statements).as("statements of " + file).hasSize(1);
    asked.add(file);
    Instant begin = Instant.now();
    long batches = table.batches();
    Answer answer = engine.ask(statements.getFirst());
    System.out.printf(
        "%n  %s %s (%s, %d batches meanwhile)%n%s%n",
        file, all, Duration.between(begin, Instant.now()), table.batches() - batches, answer);
    return answer;
  }
}
