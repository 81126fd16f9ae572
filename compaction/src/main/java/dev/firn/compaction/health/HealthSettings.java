package dev.firn.compaction.health;

import static java.util.Objects.requireNonNull;

/**
 * What a table is measured against.
 *
 * @param targetBytes how large its data files should be
 */
public record HealthSettings(long targetBytes, Prices prices) {
  /** Of the target size: compaction merges what is smaller. */
  private static final double SMALL = 0.75;

  public HealthSettings {
    requireNonNull(prices, "prices is null");
    if (targetBytes <= 0) {
      throw new IllegalArgumentException("no size of files: " + targetBytes);
    }
  }

  /** A data file of fewer bytes is small. */
  long smallBytes() {
    return (long) (targetBytes * SMALL);
  }

  /** How many files of the target size hold so many bytes. */
  long filesOf(long bytes) {
    return Math.ceilDiv(bytes, targetBytes);
  }
}
