package dev.firn.testing.simulation;

import dev.firn.testing.FaultHits;
import dev.firn.testing.FaultKind;
import dev.firn.testing.FaultPoint;
import dev.firn.testing.simulation.SimulationReport.Counts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Many simulations, one seed after the other.
 *
 * @param firstSeed the first seed; the others follow it
 * @param seeds how many
 * @param threads how many run at a time; each seed does the same on one thread or on many
 */
public record Campaign(long firstSeed, int seeds, int threads, Profile profile) {
  public Campaign {
    if (seeds < 1 || threads < 1) {
      throw new IllegalArgumentException("%d seeds on %d threads".formatted(seeds, threads));
    }
  }

  /** What all seeds led to. */
  public record Result(
      Campaign campaign,
      List<SimulationReport> failed,
      FaultHits hits,
      Counts counts,
      Duration took) {
    public Result {
      failed = List.copyOf(failed);
    }

    public boolean passed() {
      return failed.isEmpty();
    }

    /** How often each step was passed, and how often each fault struck there. */
    public List<String> faultTable() {
      List<String> lines = new ArrayList<>();
      StringBuilder head = new StringBuilder("%-21s %10s".formatted("step", "passed"));
      for (FaultKind kind : FaultKind.values()) {
        head.append(" %12s".formatted(kind));
      }
      lines.add(head.toString());
      for (FaultPoint point : FaultPoint.precise()) {
        StringBuilder line = new StringBuilder("%-21s %10d".formatted(point, hits.passes(point)));
        for (FaultKind kind : FaultKind.values()) {
          line.append(
              " %12s".formatted(point.kinds().contains(kind) ? hits.strikes(point, kind) : "-"));
        }
        lines.add(line.toString());
      }
      return lines;
    }

    /** The same for programs. */
    public String toJson() {
      StringJoiner seeds = new StringJoiner(",", "[", "]");
      failed.forEach(report -> seeds.add(Long.toString(report.seed())));
      StringJoiner faults = new StringJoiner(",\n    ", "[\n    ", "\n  ]");
      for (FaultPoint point : FaultPoint.precise()) {
        faults.add(json(point));
      }
      return String.format(
          Locale.ROOT,
          """
          {
            "passed": %s,
            "profile": "%s",
            "firstSeed": %d,
            "seeds": %d,
            "failedSeeds": %s,
            "seconds": %.1f,
            "batches": %d,
            "transactions": %d,
            "changes": %d,
            "restarts": %d,
            "fencedWriters": %d,
            "survivedFaults": %d,
            "foreignSnapshots": %d,
            "compactions": %d,
            "remappedDeletes": %d,
            "maintainedTables": %d,
            "expiredSnapshots": %d,
            "removedFiles": %d,
            "comparisons": %d,
            "deletionVectors": %d,
            "fewestHits": %d,
            "faults": %s
          }
          """,
          passed(),
          campaign.profile().name(),
          campaign.firstSeed(),
          campaign.seeds(),
          seeds,
          took.toMillis() / 1000.0,
          counts.batches(),
          counts.transactions(),
          counts.changes(),
          counts.restarts(),
          counts.fenced(),
          counts.survived(),
          counts.foreign(),
          counts.compactions(),
          counts.remapped(),
          counts.maintained(),
          counts.expired(),
          counts.removed(),
          counts.checks(),
          counts.vectors(),
          hits.fewest(),
          faults);
    }

    private String json(FaultPoint point) {
      StringJoiner fields = new StringJoiner(", ", "{", "}");
      fields.add("\"step\": \"%s\"".formatted(point));
      fields.add("\"passed\": %d".formatted(hits.passes(point)));
      for (FaultKind kind : FaultKind.values()) {
        if (point.kinds().contains(kind)) {
          fields.add("\"%s\": %d".formatted(kind, hits.strikes(point, kind)));
        }
      }
      return fields.toString();
    }
  }

  /**
   * Runs them all, also after one has failed.
   *
   * @param each is told of every seed, in order
   */
  public Result run(Consumer<SimulationReport> each) throws InterruptedException {
    long start = System.nanoTime();
    FaultHits hits = new FaultHits();
    Counts counts = Counts.none();
    List<SimulationReport> failed = new ArrayList<>();
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      List<Future<SimulationReport>> running = new ArrayList<>();
      for (long seed = firstSeed; seed < firstSeed + seeds; seed++) {
        long one = seed;
        running.add(workers.submit(() -> Simulation.run(one, profile)));
      }
      for (Future<SimulationReport> one : running) {
        SimulationReport report = one.get();
        hits.addAll(report.hits());
        counts = counts.plus(report.counts());
        if (!report.passed()) {
          failed.add(report);
        }
        each.accept(report);
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("the simulation itself is broken", e.getCause());
    } finally {
      workers.shutdownNow();
    }
    return new Result(this, failed, hits, counts, Duration.ofNanos(System.nanoTime() - start));
  }
}
