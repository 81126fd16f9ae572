package dev.firn.ingest.demo;

import dev.firn.ingest.CommandException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** Waits until the lake has what the source has. */
final class CatchUp {
  private static final Duration NO_PROGRESS = Duration.ofSeconds(90);

  private CatchUp() {}

  /**
   * Returns when every table of the shop shows the mark.
   *
   * @throws CommandException the sink has failed, or nothing new has come for a long time
   */
  static void await(LakeView lake, SinkProcess sink, OffsetDateTime mark)
      throws InterruptedException {
    OptionalLong batch = OptionalLong.empty();
    Instant progress = Instant.now();
    while (!lake.shows(mark)) {
      if (sink.failure().isPresent()) {
        throw sink.failure().orElseThrow();
      }
      OptionalLong newest = lake.table("orders").map(LakeView::batch).orElse(OptionalLong.empty());
      if (!newest.equals(batch)) {
        batch = newest;
        progress = Instant.now();
      }
      if (Duration.between(progress, Instant.now()).compareTo(NO_PROGRESS) > 0) {
        throw new CommandException(
            CommandException.FAILED,
            "nothing new has reached the lake for %d s; the end of the sink's log:%n%s"
                .formatted(NO_PROGRESS.toSeconds(), sink.tail()));
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }
}
