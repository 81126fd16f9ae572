package dev.firn.ingest.demo;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** On Ctrl-C: lets the thread that opened this end all that it started before the process ends. */
final class Stopping implements AutoCloseable {
  private final CountDownLatch ended = new CountDownLatch(1);

  private Stopping() {}

  static Stopping onInterrupt() {
    Stopping stopping = new Stopping();
    Thread working = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stopping.stop(working), "firn-end"));
    return stopping;
  }

  private void stop(Thread working) {
    if (ended.getCount() > 0) {
      working.interrupt();
      try {
        ended.await(40, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    ended.countDown();
  }
}
