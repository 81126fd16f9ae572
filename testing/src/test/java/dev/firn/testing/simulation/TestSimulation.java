package dev.firn.testing.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** System property {@code firn.simulation.seeds}: how many seeds, 100 by default. */
class TestSimulation {
  private static final int SEEDS = Integer.getInteger("firn.simulation.seeds", 100);
  private static final int THREADS = 2;

  @Test
  void everythingHoldsUnderEveryFault() throws InterruptedException {
    LongAdder altered = new LongAdder();
    Campaign.Result result =
        new Campaign(1, SEEDS, THREADS, Profile.standard())
            .run(report ->
                altered.add(
                    report.events().stream()
                        .filter(event -> event.endsWith("meets other columns"))
                        .count()));

    assertThat(altered.sum()).isGreaterThan(SEEDS);
    assertThat(result.failed())
        .withFailMessage(() ->
            result.failed().stream()
                .map(SimulationReport::story)
                .collect(Collectors.joining("\n\n")))
        .isEmpty();
    assertThat(result.counts().batches()).isGreaterThanOrEqualTo(SEEDS * 30L);
    assertThat(result.counts().fenced()).isPositive();
    assertThat(result.counts().survived()).isPositive();
    assertThat(result.counts().vectors()).isPositive();
    assertThat(result.counts().compactions()).isGreaterThan(SEEDS / 2);
    assertThat(result.counts().remapped()).isPositive();
    assertThat(result.hits().strikes()).isPositive();
  }

  @Test
  void aSeedDoesTheSameAgain() {
    SimulationReport first = Simulation.run(7, Profile.standard());
    SimulationReport second = Simulation.run(7, Profile.standard());

    assertThat(second.events()).isEqualTo(first.events());
    assertThat(second.counts()).isEqualTo(first.counts());
  }

  @Test
  void anAcknowledgementBeforeTheCommitIsFound() {
    Profile mistaken = Profile.standard().acknowledgingEarly();

    assertThat(LongStream.rangeClosed(1, 20).mapToObj(seed -> Simulation.run(seed, mistaken)))
        .anyMatch(report -> !report.passed());
  }

  @Test
  void theResultIsJson() throws InterruptedException {
    Campaign.Result result = new Campaign(3, 1, 1, Profile.standard()).run(report -> {});

    List<String> lines = result.toJson().lines().toList();
    assertThat(lines).contains("  \"passed\": true,", "  \"seeds\": 1,", "  \"failedSeeds\": [],");
    assertThat(result.faultTable()).anyMatch(line -> line.startsWith("state.commit"));
  }
}
