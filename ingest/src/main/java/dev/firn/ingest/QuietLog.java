package dev.firn.ingest;

import dev.firn.ingest.log.SourceLog;
import dev.firn.writer.Position;
import dev.firn.writer.SourceOffset;
import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Tells when the control table has to follow a log in which nothing is for the lake: nothing is
 * acknowledged beyond what the control table says, so that a slot which is ahead of it was moved by
 * somebody else.
 */
final class QuietLog {
  private static final long EVERY_NANOS = Duration.ofMinutes(1).toNanos();
  private static final long AT_LEAST_NANOS = Duration.ofSeconds(2).toNanos();
  private static final long IDLE_NANOS = Duration.ofMinutes(10).toNanos();
  private static final long MANY_BYTES = 16L << 20;

  private final SourceLog log;
  private long followedAt;
  private @Nullable SourceRecord last;

  /**
   * @param now nanoseconds of a monotonic clock
   */
  QuietLog(SourceLog log, long now) {
    this.log = log;
    this.followedAt = now;
  }

  /** A record between two transactions, from which the source can be resumed. */
  void between(SourceRecord event) {
    last = event;
  }

  /**
   * The offset to write down now, if it is time to.
   *
   * @param lake where the control table is
   * @param reached the end of the last transaction, which may have had nothing for the lake
   * @param now nanoseconds of the same clock
   */
  Optional<SourceOffset> due(Position lake, Position reached, long now) {
    if (last == null || !isDue(lake, reached, now - followedAt)) {
      return Optional.empty();
    }
    followedAt = now;
    return Optional.of(log.offsetAt(last, reached));
  }

  private boolean isDue(Position lake, Position reached, long since) {
    if (lake.contains(reached)) {
      return log.forgetsOldPlaces() && since >= IDLE_NANOS;
    }
    return since >= EVERY_NANOS
        || (log.bytesBetween(lake, reached) >= MANY_BYTES && since >= AT_LEAST_NANOS);
  }
}
