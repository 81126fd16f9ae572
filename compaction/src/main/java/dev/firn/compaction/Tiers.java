package dev.firn.compaction;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * Chooses the small files to merge beside a writer, by what that costs and what it saves. Of each
 * partition the smallest files are merged, as many as pay: so they grow in tiers, each some times
 * as large as the one below, and a table that costs little to write again is one file most of the
 * time.
 *
 * <p>For one look at a table: what one partition takes, the others do not get.
 */
final class Tiers {
  /** A row stays in a file for so many times as long as it takes to write it again. */
  static final int REST = 20;

  /** After so many times as long without a change, what is left is merged whatever it saves. */
  static final int QUIET = 5;

  /** Where that much of the bytes is in the way, as smaller files or as deleted rows. */
  static final double IN_THE_WAY = CompactionPlan.MUCH_DELETED;

  /**
   * So many files are always too many, where merging them is estimated to take no longer than
   * {@link #SHORT}: also where it takes longer in truth, or nobody would ever merge them there.
   */
  static final int MANY = 8;

  private static final Duration SHORT = Duration.ofSeconds(1);

  // Estimates for one core and storage nearby: to read, to write, and to read again; of narrow rows
  // each one counts, of wide ones their bytes do.
  private static final double NANOS_PER_BYTE = 1e9 / (16 << 20);
  private static final Duration EACH_MILLION_ROWS = Duration.ofSeconds(10);
  private static final long MILLION = 1_000_000;
  private static final Duration EACH_FILE = Duration.ofMillis(20);
  private static final Duration EACH_COMMIT = Duration.ofMillis(100);

  /**
   * What counts of a file.
   *
   * @param deletedFraction of its rows, 0 to 1
   * @param age since it was made
   * @param unchanged since it was made or rows of it were deleted
   */
  record SmallFile(
      long rows, long bytes, double deletedFraction, Duration age, Duration unchanged) {}

  private final Pace pace;
  private Duration spent = Duration.ZERO;

  Tiers(Pace pace) {
    this.pace = pace;
  }

  /** How long it takes to write files again as one, about, as long as nothing better is known. */
  static Duration cost(int files, long rows, long bytes) {
    return EACH_COMMIT
        .plus(EACH_FILE.multipliedBy(files))
        .plus(EACH_MILLION_ROWS.multipliedBy(rows).dividedBy(MILLION))
        .plusNanos((long) (bytes * NANOS_PER_BYTE));
  }

  /**
   * Of one partition's small files those to write again now, as one or alone; none: nothing pays
   * yet.
   */
  <T> List<T> toMerge(List<T> small, Function<T, SmallFile> facts) {
    List<T> bySize = new ArrayList<>(small);
    bySize.sort(Comparator.comparingLong(file -> facts.apply(file).bytes()));
    Sum sum = new Sum(unchanged(small, facts));
    int chosen = 0;
    Duration cost = Duration.ZERO;
    for (T file : bySize) {
      sum.add(facts.apply(file));
      if (sum.isWorthIt() && sum.hasRested(spent)) {
        chosen = sum.files;
        cost = sum.cost();
      }
    }
    spent = spent.plus(cost);
    return bySize.subList(0, chosen);
  }

  /** For how long nothing has changed in all of them. */
  private static <T> Duration unchanged(List<T> small, Function<T, SmallFile> facts) {
    return small.stream()
        .map(file -> facts.apply(file).unchanged())
        .min(Comparator.naturalOrder())
        .orElse(Duration.ZERO);
  }

  /** The smallest files up to one. */
  private final class Sum {
    private int files;
    private long rows;
    private long bytes;
    private double inTheWay;
    private Duration oldest = Duration.ZERO;
    private final Duration unchanged;

    Sum(Duration unchanged) {
      this.unchanged = unchanged;
    }

    void add(SmallFile file) {
      files++;
      rows += file.rows();
      inTheWay = bytes + file.deletedFraction() * file.bytes();
      bytes += file.bytes();
      oldest = Collections.max(List.of(oldest, file.age()));
    }

    private Duration estimate() {
      return Tiers.cost(files, rows, bytes);
    }

    Duration cost() {
      return pace.of(estimate());
    }

    boolean isWorthIt() {
      boolean many = files >= MANY && estimate().compareTo(SHORT) <= 0;
      boolean quiet = inTheWay > 0 && isAtLeast(unchanged, QUIET, cost());
      return inTheWay >= IN_THE_WAY * bytes || many || quiet;
    }

    boolean hasRested(Duration spent) {
      return isAtLeast(oldest, REST, spent.plus(cost()));
    }

    private boolean isAtLeast(Duration time, int times, Duration cost) {
      return time.compareTo(cost.multipliedBy(times)) >= 0;
    }
  }
}
