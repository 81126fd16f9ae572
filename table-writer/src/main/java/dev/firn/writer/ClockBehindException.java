package dev.firn.writer;

import java.time.Duration;
import java.time.Instant;
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
