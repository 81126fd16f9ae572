package dev.firn.testing;

import java.util.EnumMap;
import java.util.Map;

/** Counts how often each step was passed and how often each fault struck. */
public final class FaultHits {
  private final Map<FaultPoint, Long> passes = new EnumMap<>(FaultPoint.class);
  private final Map<FaultPoint, Map<FaultKind, Long>> strikes = new EnumMap<>(FaultPoint.class);

  /** How often the step was taken, failing or not. */
  public synchronized long passes(FaultPoint point) {
    return passes.getOrDefault(point, 0L);
  }

  /** How often the fault struck there. */
  public synchronized long strikes(FaultPoint point, FaultKind kind) {
    return strikes.getOrDefault(point, Map.of()).getOrDefault(kind, 0L);
  }

  /** How often any fault struck anywhere. */
  public synchronized long strikes() {
    return strikes.values().stream()
        .flatMap(kinds -> kinds.values().stream())
        .mapToLong(Long::longValue)
        .sum();
  }

  /** Adds the counts of another. */
  public synchronized void addAll(FaultHits other) {
    for (FaultPoint point : FaultPoint.values()) {
      passes.merge(point, other.passes(point), Long::sum);
      for (FaultKind kind : point.kinds()) {
        add(point, kind, other.strikes(point, kind));
      }
    }
  }

  synchronized void passed(FaultPoint point) {
    passes.merge(point, 1L, Long::sum);
  }

  synchronized void struck(FaultPoint point, FaultKind kind) {
    add(point, kind, 1);
  }

  private void add(FaultPoint point, FaultKind kind, long count) {
    strikes
        .computeIfAbsent(point, absent -> new EnumMap<>(FaultKind.class))
        .merge(kind, count, Long::sum);
  }
}
