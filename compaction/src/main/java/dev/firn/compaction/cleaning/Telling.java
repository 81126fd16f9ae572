package dev.firn.compaction.cleaning;

import dev.firn.compaction.Progress;
import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Keeps progress from being told too often. */
final class Telling {
  private static final long PAUSE = Duration.ofSeconds(10).toNanos();

  private final Progress progress;
  private final LongSupplier nanos;
  private long last;

  /**
   * @param nanos the clock of {@link System#nanoTime}
   */
  Telling(Progress progress, LongSupplier nanos) {
    this.progress = progress;
    this.nanos = nanos;
    this.last = nanos.getAsLong();
  }

  static Telling nobody() {
    return new Telling(line -> {}, () -> 0);
  }

  void at(Supplier<String> line) {
    long now = nanos.getAsLong();
    if (now - last >= PAUSE) {
      last = now;
      progress.say(line.get());
    }
  }
}
