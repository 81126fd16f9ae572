package dev.firn.ingest.demo;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/** Connections at work in turns, at a steady rate, until they are stopped or one of them fails. */
final class PacedConnections implements AutoCloseable {
  /** Some statements and their commit. */
  interface Transaction {
    void run() throws SQLException;
  }

  /**
   * What one connection does, again and again; it is closed at the end.
   *
   * @param connection for one thread at a time
   */
  record Worker(Connection connection, Transaction transaction) {}

  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReference<SQLException> failure = new AtomicReference<>();
  private final Duration catchUp;
  private volatile boolean stopping;

  private PacedConnections(Duration catchUp) {
    this.catchUp = catchUp;
  }

  /**
   * Starts one thread for each.
   *
   * @param name of the threads
   * @param rate transactions a second, of all together
   * @param catchUp of what a source that was held up has missed, it gets so much at once; the rest
   *     is left out
   */
  static PacedConnections start(String name, List<Worker> workers, double rate, Duration catchUp) {
    PacedConnections all = new PacedConnections(catchUp);
    long apart = (long) (Duration.ofSeconds(1).toNanos() / rate);
    long interval = apart * workers.size();
    long now = System.nanoTime();
    for (int i = 0; i < workers.size(); i++) {
      Worker worker = workers.get(i);
      long first = now + apart * i;
      all.threads.add(
          Thread.ofPlatform().name(name + "-" + i).start(() -> all.run(worker, first, interval)));
    }
    return all;
  }

  /** What ended the work early. */
  Optional<SQLException> failure() {
    return Optional.ofNullable(failure.get());
  }

  /** Lets the running transactions finish and stops. */
  @Override
  public void close() {
    stopping = true;
    threads.forEach(LockSupport::unpark);
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(Worker worker, long firstAt, long interval) {
    long next = firstAt;
    try (Connection connection = worker.connection()) {
      while (!stopping && failure.get() == null) {
        long now = System.nanoTime();
        if (now < next) {
          LockSupport.parkNanos(next - now);
          continue;
        }
        next = Math.max(next + interval, now - catchUp.toNanos());
        worker.transaction().run();
      }
    } catch (SQLException e) {
      failure.compareAndSet(null, e);
    }
  }
}
