package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import dev.failsafe.Execution;
import dev.failsafe.RetryPolicy;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.iceberg.Table;

/**
 * How long, and after what pauses, something that failed is tried again. Pauses double, each a
 * little longer or shorter by chance, so that many writers do not come back at the same moment.
 *
 * @param retries how many trials may follow the first one; -1: any number
 * @param firstPause before the second trial
 * @param longestPause between two trials
 * @param within no trial begins later than this after the first failure
 */
public record Patience(int retries, Duration firstPause, Duration longestPause, Duration within) {
  /** What a setting of how long may be at least. */
  public static final Duration LEAST = Duration.ofSeconds(1);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);
  private static final double GROWTH = 2;
  private static final double JITTER = 0.2;

  public Patience {
    requireNonNull(within, "within is null");
    if (firstPause.compareTo(within) >= 0 || firstPause.compareTo(longestPause) >= 0) {
      throw new IllegalArgumentException(
          "pauses of %s to %s within %s".formatted(firstPause, longestPause, within));
    }
  }

  /** Any number of trials for as long as this, at least {@link #LEAST}. */
  public static Patience of(Duration within) {
    return new Patience(-1, FIRST_PAUSE, LONGEST_PAUSE, within);
  }

  /** The same for no longer than this. */
  Patience atMost(Duration limit) {
    return within.compareTo(limit) <= 0
        ? this
        : new Patience(retries, firstPause, longestPause, limit);
  }

  /** The same with the pauses that the table's properties ask for, if they do and make sense. */
  Patience of(Table table) {
    Duration first = pause(table, "min", firstPause);
    Duration longest = pause(table, "max", longestPause);
    return first.isPositive() && first.compareTo(longest) < 0 && first.compareTo(within) < 0
        ? new Patience(retries, first, longest, within)
        : this;
  }

  private static Duration pause(Table table, String which, Duration otherwise) {
    String set = table.properties().get("commit.retry.%s-wait-ms".formatted(which));
    return set == null ? otherwise : Duration.ofMillis(Long.parseLong(set));
  }

  /**
   * Runs trials until one returns.
   *
   * @param again whether a trial that failed so may go well later
   * @param stopped once it is counted down there is one more trial and no pause
   * @throws RuntimeException what the last trial threw
   */
  <R> R run(Supplier<R> trial, Predicate<RuntimeException> again, CountDownLatch stopped) {
    Execution<Object> failures = null;
    while (true) {
      boolean isLast = stopped.getCount() == 0 && failures != null;
      try {
        return trial.get();
      } catch (RuntimeException e) {
        if (!again.test(e) || isLast) {
          throw e;
        }
        // From the first failure on: one slow trial must not use up the time for all others.
        failures = failures == null ? Execution.of(policy()) : failures;
        failures.recordException(e);
        if (failures.isComplete() || !pause(failures.getDelay(), stopped)) {
          throw e;
        }
      }
    }
  }

  private RetryPolicy<Object> policy() {
    return RetryPolicy.builder()
        .withBackoff(firstPause, longestPause, GROWTH)
        .withJitter(JITTER)
        .withMaxRetries(retries)
        .withMaxDuration(within)
        .build();
  }

  /** Returns false when the thread is to do nothing more. */
  private static boolean pause(Duration time, CountDownLatch stopped) {
    try {
      boolean unused = stopped.await(time.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
