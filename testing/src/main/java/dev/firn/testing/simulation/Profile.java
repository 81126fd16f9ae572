package dev.firn.testing.simulation;

/**
 * How large and how rough a simulation is.
 *
 * @param batches at least so many are committed
 * @param initialChanges made at the source before the initial snapshot
 * @param largestBatch in transactions
 * @param faultPercent how many of a hundred steps have a fault armed
 * @param acknowledgeEarly a deliberate mistake, to see that it is found: the source is told before
 *     the commit
 */
public record Profile(
    int batches, int initialChanges, int largestBatch, int faultPercent, boolean acknowledgeEarly) {

  /** What the command runs: a few hundred rows, 20 batches. */
  public static Profile standard() {
    return new Profile(20, 200, 4, 45, false);
  }

  /** Makes the mistake of acknowledging before the commit. */
  public Profile acknowledgingEarly() {
    return new Profile(batches, initialChanges, largestBatch, faultPercent, true);
  }
}
