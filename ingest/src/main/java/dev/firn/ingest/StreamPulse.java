package dev.firn.ingest;

import java.time.Duration;

/**
 * Judges by what can be seen from outside whether the stream from the source still lives: an idle
 * stream is as silent as one whose network swallows everything, or whose sender hangs.
 */
final class StreamPulse {
  /** What a look at the source showed. */
  sealed interface Look {
    /**
     * The server answered.
     *
     * @param replied when it last heard of the stream's reader; empty: it has no stream, or does
     *     not tell
     */
    record Answered(String replied) implements Look {}

    /** The server answered, and no stream is expected yet. */
    record NoStream() implements Look {}

    /** The server said no. */
    record Refused() implements Look {}

    /** Nothing came back, or nothing listens. */
    record Unreachable() implements Look {}
  }

  /** How the stream seems to be. */
  enum State {
    ALIVE,
    /** It gave no sign, but not for long. */
    SILENT,
    DEAD
  }

  private final long maxSilenceNanos;
  private long livedAt;
  private long bytes;
  private String replied = "";

  /**
   * @param maxSilence after this without any sign the stream is dead
   * @param now nanoseconds of a monotonic clock
   */
  StreamPulse(Duration maxSilence, long now) {
    this.maxSilenceNanos = maxSilence.toNanos();
    this.livedAt = now;
  }

  /**
   * Takes a look. A stream that was found dead has another time of grace.
   *
   * @param bytesSoFar that have come from the source on the stream's connections
   * @param now nanoseconds of the same clock
   */
  State feel(Look look, long bytesSoFar, long now) {
    boolean hasRead = bytesSoFar != bytes;
    bytes = bytesSoFar;
    boolean lives =
        switch (look) {
          case Look.Answered answered -> hasMoved(answered.replied(), hasRead);
          case Look.NoStream unused -> true;
          case Look.Refused unused -> true;
          case Look.Unreachable unused -> hasRead;
        };
    boolean isDead = !lives && now - livedAt >= maxSilenceNanos;
    if (lives || isDead) {
      livedAt = now;
    }
    return lives ? State.ALIVE : isDead ? State.DEAD : State.SILENT;
  }

  /** The time of the stream's last reply as the server knows it. */
  private boolean hasMoved(String now, boolean hasRead) {
    boolean moved = now.isEmpty() ? hasRead : !now.equals(replied);
    replied = now;
    return moved;
  }
}
