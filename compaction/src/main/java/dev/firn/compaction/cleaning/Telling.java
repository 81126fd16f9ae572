package dev.firn.compaction.cleaning;

import dev.firn.compaction.Pacer;
import dev.firn.compaction.Progress;
import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Keeps progress from being told too often, and work from being done too fast. */
final class Telling {
  private static final long PAUSE = Duration.ofSeconds(10).toNanos();

  private final Progress progress;
  private final Pacer pacer;
  private final LongSupplier nanos;
  private long last;

  /**
   * @param nanos the clock of {@link System#nanoTime}
   */
  Telling(Progress progress, Pacer pacer, LongSupplier nanos) {
    this.progress = progress;
    this.pacer = pacer;
    this.nanos = nanos;
    this.last = nanos.getAsLong();
  }

  static Telling nobody() {
    return new Telling(Progress.NONE, Pacer.NONE, () -> 0);
  }

  /**
   * Waits, where something else needs the machine.
   *
   * @throws dev.firn.compaction.CompactionStoppedException to end the work
   */
  void pace() {
    pacer.pace();
  }

  void at(Supplier<String> line) {
    long now = nanos.getAsLong();
    if (now - last >= PAUSE) {
      last = now;
      progress.say(line.get());
    }
  }
}
