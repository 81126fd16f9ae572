package dev.firn.testing.simulation;

import dev.firn.testing.FaultHits;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one seed led to.
 *
 * @param failure what did not hold; empty when all did
 * @param events what happened, in order
 */
public record SimulationReport(
    long seed, Optional<Throwable> failure, List<String> events, FaultHits hits, Counts counts) {

  /**
   * How much happened.
   *
   * @param compactions groups of files that a compaction replaced
   * @param remapped rows that were deleted between a compaction's rewrite and its commit
   * @param maintained tables that were compacted, thinned out and cleaned
   * @param expired snapshots that this removed
   * @param removed files that this removed
   */
  public record Counts(
      long batches,
      long transactions,
      long changes,
      long restarts,
      long fenced,
      long survived,
      long foreign,
      long compactions,
      long remapped,
      long maintained,
      long expired,
      long removed,
      long checks,
      long vectors) {

    /** Adds up what two simulations did. */
    public Counts plus(Counts other) {
      return new Counts(
          batches + other.batches,
          transactions + other.transactions,
          changes + other.changes,
          restarts + other.restarts,
          fenced + other.fenced,
          survived + other.survived,
          foreign + other.foreign,
          compactions + other.compactions,
          remapped + other.remapped,
          maintained + other.maintained,
          expired + other.expired,
          removed + other.removed,
          checks + other.checks,
          vectors + other.vectors);
    }

    /** Nothing yet. */
    public static Counts none() {
      return new Counts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
  }

  public SimulationReport {
    events = List.copyOf(events);
  }

  public boolean passed() {
    return failure.isEmpty();
  }

  /** The last events and the failure, for people. */
  public String story() {
    int from = Math.max(0, events.size() - 60);
    String last = String.join(System.lineSeparator(), events.subList(from, events.size()));
    @Nullable Throwable why = failure.orElse(null);
    return "seed %d %s%n%s".formatted(seed, why == null ? "passed" : "failed: " + why, last);
  }
}
