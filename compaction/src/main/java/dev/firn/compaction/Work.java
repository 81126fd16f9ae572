package dev.firn.compaction;

import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/** The course of one run: what it tells its caller, and where it waits or stops. */
final class Work {
  private static final long BETWEEN_LINES = Duration.ofSeconds(10).toNanos();
  private static final long SECONDS_SHOWN = 90;

  private final String name;
  private final Progress progress;
  private final Pacer pacer;
  private final LongSupplier nanoTime;

  private int groups = 1;
  private int group;
  private long bytes;
  private long done;
  private long began;
  private long said;
  private long waited;

  Work(String name, Progress progress, Pacer pacer, LongSupplier nanoTime) {
    this.name = name;
    this.progress = progress;
    this.pacer = pacer;
    this.nanoTime = nanoTime;
  }

  /** Of somebody who neither listens nor waits. */
  static Work silent() {
    return new Work("", Progress.NONE, Pacer.NONE, System::nanoTime);
  }

  /** All that is to be read. */
  void begin(int allGroups, long allBytes) {
    groups = allGroups;
    group = 0;
    bytes = allBytes;
    done = 0;
    began = nanoTime.getAsLong();
    said = began;
  }

  void nextGroup() {
    group++;
    advance(0);
  }

  /** So many bytes more of the old files have been read. */
  void advance(long read) {
    done += read;
    long before = nanoTime.getAsLong();
    pacer.pace();
    long now = nanoTime.getAsLong();
    waited += now - before;
    if (now - said >= BETWEEN_LINES) {
      said = now;
      progress.say(line(now - began));
    }
  }

  /** A clock that stands still while the work waits. */
  Duration working() {
    return Duration.ofNanos(nanoTime.getAsLong() - waited);
  }

  private String line(long nanos) {
    return String.format(
        Locale.ROOT,
        "%s: group %d of %d, %s of %s%s",
        name,
        group,
        groups,
        amount(Math.min(done, bytes)),
        amount(bytes) + unit(),
        done == 0 ? "" : ", about %s left".formatted(left(nanos)));
  }

  private String left(long nanos) {
    double rest = (double) nanos / done * Math.max(0, bytes - done);
    long seconds = Math.round(rest / Duration.ofSeconds(1).toNanos());
    return seconds < SECONDS_SHOWN ? seconds + " s" : Math.round(seconds / 60.0) + " min";
  }

  private boolean isLarge() {
    return bytes >= 1L << 30;
  }

  private String amount(long some) {
    return String.format(Locale.ROOT, "%.1f", some / (double) (isLarge() ? 1L << 30 : 1L << 20));
  }

  private String unit() {
    return isLarge() ? " GB" : " MB";
  }
}
