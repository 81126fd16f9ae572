package dev.firn.compaction;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.ToIntFunction;

/**
 * Small files by how many live rows they have: eight of one tier make a file of the next, so that a
 * row is written again once for each tier, and a partition keeps a few files of each. Rows count,
 * not bytes: those of very small files do not add up.
 */
final class Tiers {
  /** So many files of a tier are merged, and a tier's files have so many times the rows. */
  static final int FACTOR = 8;

  /** With fewer rows a file is of the lowest tier. */
  private static final long LOWEST = 64;

  /** A file with fewer rows waits for the merge of its tier, however many of them are deleted. */
  private static final long ROWS_ALONE = 32_768;

  private Tiers() {}

  static int of(long rows) {
    int tier = 0;
    for (long limit = LOWEST; rows >= limit; limit *= FACTOR) {
      tier++;
    }
    return tier;
  }

  static boolean isWorthAlone(PlannedFile file) {
    return file.file().recordCount() >= ROWS_ALONE;
  }

  /**
   * Of one partition's small files: those of the highest tier that is full, and of all below it.
   */
  static List<PlannedFile> toMerge(List<PlannedFile> small) {
    return toMerge(small, file -> of(file.liveRows()));
  }

  static <T> List<T> toMerge(List<T> small, ToIntFunction<T> tierOf) {
    TreeMap<Integer, List<T>> tiers = new TreeMap<>();
    small.forEach(file ->
        tiers.computeIfAbsent(tierOf.applyAsInt(file), unused -> new ArrayList<>()).add(file));
    return tiers.descendingMap().entrySet().stream()
        .filter(tier -> tier.getValue().size() >= FACTOR)
        .findFirst()
        .map(full ->
            tiers.headMap(full.getKey(), true).values().stream().flatMap(List::stream).toList())
        .orElse(List.of());
  }
}
