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
    return FaultPoint.precise().stream()
        .flatMap(point -> strikes.getOrDefault(point, Map.of()).values().stream())
        .mapToLong(Long::longValue)
        .sum();
  }

  /** How often the fault struck that struck least, of all that can strike anywhere. */
  public synchronized long fewest() {
    return FaultPoint.precise().stream()
        .flatMap(point -> point.kinds().stream().map(kind -> strikes(point, kind)))
        .mapToLong(Long::longValue)
        .min()
        .orElse(0);
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

  /** Counts for the step and for the one that it is a kind of. */
  synchronized void passed(FaultPoint point) {
    passes.merge(point, 1L, Long::sum);
    point.general().ifPresent(general -> passes.merge(general, 1L, Long::sum));
  }

  synchronized void struck(FaultPoint point, FaultKind kind) {
    add(point, kind, 1);
    point.general().ifPresent(general -> add(general, kind, 1));
  }

  private void add(FaultPoint point, FaultKind kind, long count) {
    strikes
        .computeIfAbsent(point, absent -> new EnumMap<>(FaultKind.class))
        .merge(kind, count, Long::sum);
  }
}
