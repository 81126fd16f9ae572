package dev.firn.testing.simulation;

import static java.util.Objects.requireNonNull;

/**
 * How large and how rough a simulation is.
 *
 * @param batches at least so many are committed
 * @param initialChanges made at the source before the initial snapshot
 * @param largestBatch in transactions
 * @param usualTransaction most transactions have no more changes than this
 * @param largeTransaction in changes: of those that are written as they come, about
 * @param faultPercent how many of a hundred steps have a fault armed
 * @param acknowledgeEarly a deliberate mistake, to see that it is found: the source is told before
 *     the commit
 */
public record Profile(
    String name,
    int batches,
    int initialChanges,
    int largestBatch,
    int usualTransaction,
    int largeTransaction,
    int faultPercent,
    boolean acknowledgeEarly) {
  public Profile {
    requireNonNull(name, "name is null");
  }

  /** What the command runs: a few hundred rows, 30 batches. */
  public static Profile standard() {
    return new Profile("standard", 30, 100, 4, 8, 100, 22, false);
  }

  /** Some thousands of rows and 100 batches a seed, transactions of thousands of changes. */
  public static Profile large() {
    return new Profile("large", 100, 2500, 12, 40, 3000, 22, false);
  }

  /** Makes the mistake of acknowledging before the commit. */
  public Profile acknowledgingEarly() {
    return new Profile(
        name,
        batches,
        initialChanges,
        largestBatch,
        usualTransaction,
        largeTransaction,
        faultPercent,
        true);
  }
}
