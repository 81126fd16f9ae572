package dev.firn.ingest.demo;

import java.util.Arrays;

/** Percentiles of measured times, by the nearest rank. */
record Percentiles(long p50, long p95, long p99) {
  static final Percentiles NONE = new Percentiles(0, 0, 0);

  static Percentiles of(long[] values) {
    if (values.length == 0) {
      return NONE;
    }
    long[] sorted = values.clone();
    Arrays.sort(sorted);
    return new Percentiles(rank(sorted, 50), rank(sorted, 95), rank(sorted, 99));
  }

  private static long rank(long[] sorted, int percent) {
    int rank = (int) Math.ceilDiv((long) sorted.length * percent, 100);
    return sorted[Math.max(rank, 1) - 1];
  }
}
