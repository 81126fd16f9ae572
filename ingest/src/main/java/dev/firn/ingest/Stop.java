package dev.firn.ingest;

import dev.firn.compaction.CompactionStoppedException;
import dev.firn.compaction.Pacer;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * Ends a compaction in order when its process is told to end, so that no file is left half done.
 */
final class Stop implements Pacer {
  private static final long END_SECONDS = 10;

  private final CountDownLatch told = new CountDownLatch(1);
  private final Semaphore idle = new Semaphore(1);

  /** One that the end of this process tells. */
  static Stop withProcess() {
    Stop stop = new Stop();
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("firn-stop").unstarted(stop::end));
    return stop;
  }

  /**
   * Does what the end of the process waits for.
   *
   * @throws CompactionStoppedException it has been told to end
   */
  int work(IntSupplier work) {
    idle.acquireUninterruptibly();
    try {
      return work.getAsInt();
    } finally {
      idle.release();
    }
  }

  /**
   * Waits.
   *
   * @return whether the process ends
   */
  boolean awaitUntil(Instant then) {
    Duration left = Duration.between(Instant.now(), then);
    try {
      return told.await(Math.max(0, left.toMillis()), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  void end() {
    told.countDown();
    try {
      boolean unused = idle.tryAcquire(END_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void pace() {
    if (told.getCount() == 0) {
      throw new CompactionStoppedException("the process ends");
    }
  }
}
