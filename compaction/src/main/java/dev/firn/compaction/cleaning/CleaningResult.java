package dev.firn.compaction.cleaning;

import static java.util.Objects.requireNonNull;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a cleaning did to one table.
 *
 * @param outcome whether files were removed, or only would have been
 * @param looked how many files it looked at
 * @param removed files that are gone, or would be, by kind; some may have been gone before
 * @param failed files that could not be removed: the next cleaning tries again
 * @param paths of the first of the removed files
 * @param notes why something was left as it is
 */
public record CleaningResult(
    String table,
    Outcome outcome,
    long looked,
    Map<FileKind, Amount> removed,
    long failed,
    List<String> paths,
    List<String> notes) {
  /** So many paths are named at most. */
  public static final int MAX_PATHS = 100;

  /** Whether anything was deleted. */
  public enum Outcome {
    REMOVED,
    WOULD_REMOVE
  }

  /**
   * Some files.
   *
   * @param bytes of those whose size is known: that of a manifest list is not, before an expiry
   */
  public record Amount(long files, long bytes) {
    static final Amount NONE = new Amount(0, 0);

    Amount plus(Amount other) {
      return new Amount(files + other.files, bytes + other.bytes);
    }
  }

  public CleaningResult {
    requireNonNull(table, "table is null");
    requireNonNull(outcome, "outcome is null");
    removed = Map.copyOf(removed);
    paths = List.copyOf(paths);
    notes = List.copyOf(notes);
  }

  /** The sum over all kinds. */
  public Amount total() {
    return removed.values().stream().reduce(Amount.NONE, Amount::plus);
  }

  public Amount removed(FileKind kind) {
    return removed.getOrDefault(kind, Amount.NONE);
  }

  /** Whether there was nothing to do, and nothing stood in the way either. */
  public boolean isNothing() {
    return removed.isEmpty() && failed == 0 && notes.isEmpty();
  }

  /** What two cleanings of the same table did. */
  public CleaningResult plus(CleaningResult other) {
    Map<FileKind, Amount> sums = new EnumMap<>(FileKind.class);
    sums.putAll(removed);
    other.removed.forEach((kind, amount) -> sums.merge(kind, amount, Amount::plus));
    return new CleaningResult(
        table,
        outcome,
        looked + other.looked,
        sums,
        failed + other.failed,
        joined(paths, other.paths).stream().limit(MAX_PATHS).toList(),
        joined(notes, other.notes).stream().distinct().toList());
  }

  private static List<String> joined(List<String> some, List<String> more) {
    return Stream.concat(some.stream(), more.stream()).toList();
  }
}
