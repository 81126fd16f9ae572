package dev.firn.writer;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;

/**
 * This machine's clock is so far behind a table's last commit that Iceberg takes no new one; it
 * passes when the clock is right, or when the time of that commit has come.
 */
final class ClockBehindException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** By how much Iceberg lets a commit be older than the one before. */
  private static final Duration TOLERANCE = Duration.ofMinutes(1);

  private static final List<String> SAID_BY_ICEBERG =
      List.of(
          "Expected sorted snapshot log entries",
          "Expected sorted previous metadata log entries",
          "Invalid update timestamp");

  private ClockBehindException(String message) {
    super(message);
  }

  /** Whether the table, as last loaded, is ahead of the clock. */
  static Optional<ClockBehindException> of(String name, Table table, Instant now) {
    Instant last = lastCommit(table);
    Duration behind = Duration.between(now, last);
    if (behind.compareTo(TOLERANCE) <= 0) {
      return Optional.empty();
    }
    return Optional.of(
        new ClockBehindException(
            "this machine's clock (%s) is %s behind the last commit of table %s (%s), and Iceberg takes none that is more than a minute older: set the clock right"
                .formatted(now, text(behind), name, last)));
  }

  /**
   * Why a commit failed: the clock, where it is behind, or where Iceberg found it so and it has
   * been set right since.
   */
  static RuntimeException orElse(RuntimeException failure, String name, Table table) {
    return of(name, table, Instant.now())
        .<RuntimeException>map(behind -> behind)
        .orElseGet(() -> isSaidBy(failure) ? wasBehind(name) : failure);
  }

  private static boolean isSaidBy(RuntimeException failure) {
    String message = String.valueOf(failure.getMessage());
    return failure instanceof IllegalArgumentException
        && SAID_BY_ICEBERG.stream().anyMatch(message::contains);
  }

  private static ClockBehindException wasBehind(String name) {
    return new ClockBehindException(
        "this machine's clock was behind the last commit of table %s".formatted(name));
  }

  private static Instant lastCommit(Table table) {
    Snapshot newest = table.currentSnapshot();
    long snapshot = newest == null ? 0 : newest.timestampMillis();
    long metadata =
        table instanceof HasTableOperations known
            ? known.operations().current().lastUpdatedMillis()
            : 0;
    return Instant.ofEpochMilli(Math.max(snapshot, metadata));
  }

  private static String text(Duration time) {
    return "%d h %d min %d s".formatted(time.toHours(), time.toMinutesPart(), time.toSecondsPart());
  }
}
