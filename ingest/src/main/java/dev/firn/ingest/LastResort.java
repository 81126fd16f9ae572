package dev.firn.ingest;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a process that has failed and cannot be closed, by a disk or a server that never answers: it
 * must not stand still without being started again. What was acknowledged is committed, the rest is
 * read again, so that it may end at any instant.
 *
 * @param within how long closing may take
 * @param halt ends the process at once, with an exit code
 */
record LastResort(Duration within, IntConsumer halt) {
  private static final Logger LOG = LoggerFactory.getLogger(LastResort.class);

  static final LastResort OF_THIS_PROCESS =
      new LastResort(Duration.ofMinutes(1), Runtime.getRuntime()::halt);

  /** From now on the process has so long to end by itself. */
  Thread begin(int exitCode) {
    return Thread.ofPlatform()
        .daemon()
        .name("firn-last-resort")
        .start(() -> {
          try {
            TimeUnit.NANOSECONDS.sleep(within.toNanos());
          } catch (InterruptedException e) {
            return;
          }
          LOG.error(
              "could not be closed within {} s after the failure: ending at once",
              within.toSeconds());
          halt.accept(exitCode);
        });
  }
}
