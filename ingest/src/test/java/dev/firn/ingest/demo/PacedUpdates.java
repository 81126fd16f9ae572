package dev.firn.ingest.demo;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Updates of single accounts, each as likely as any other, and a few that are opened and closed; in
 * transactions of ten, until it is stopped. What is due is done as soon as it can be: a source that
 * was held up gets all that it has missed.
 */
final class PacedUpdates implements AutoCloseable {
  static final int ROWS_PER_TRANSACTION = 10;

  private static final int CONNECTIONS = 4;
  private static final int PERCENT_OPENED = 1;
  private static final int PERCENT_CLOSED = 1;
  private static final long SEED = 0xBE7C;

  private final AtomicReference<SQLException> failure = new AtomicReference<>();
  private final LongAdder changed = new LongAdder();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopping;

  private PacedUpdates() {}

  /**
   * Starts.
   *
   * @param accounts how many there are, from 1
   * @param rate rows a second
   */
  static PacedUpdates start(FollowedDatabase database, int accounts, int rate) throws SQLException {
    PacedUpdates updates = new PacedUpdates();
    long interval = TimeUnit.SECONDS.toNanos(1) * ROWS_PER_TRANSACTION * CONNECTIONS / rate;
    List<Teller> tellers = new ArrayList<>();
    for (int number = 0; number < CONNECTIONS; number++) {
      tellers.add(updates.new Teller(database.connect(), number, accounts));
    }
    long now = System.nanoTime();
    for (Teller teller : tellers) {
      long first = now + interval * teller.number / CONNECTIONS;
      updates.threads.add(
          Thread.ofPlatform()
              .name("updates-" + teller.number)
              .start(() -> teller.run(first, interval)));
    }
    return updates;
  }

  /** Rows of committed transactions. */
  long changed() {
    return changed.sum();
  }

  Optional<SQLException> failure() {
    return Optional.ofNullable(failure.get());
  }

  /** Lets the running transactions finish. */
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

  /** One connection; the accounts that it works on are its own, so that nobody waits for a lock. */
  private final class Teller {
    private final Connection connection;
    private final int number;
    private final int accounts;
    private final SplittableRandom random;
    private final PreparedStatement update;
    private final PreparedStatement open;
    private final PreparedStatement close;
    private long opened;

    Teller(Connection connection, int number, int accounts) throws SQLException {
      this.connection = connection;
      this.number = number;
      this.accounts = accounts;
      this.random = new SplittableRandom(SEED + number);
      connection.setAutoCommit(false);
      this.update =
          connection.prepareStatement(
              "UPDATE books.accounts SET balance = balance + ?, visits = visits + 1,"
                  + " changed = clock_timestamp() WHERE id = ?");
      this.open =
          connection.prepareStatement(
              "INSERT INTO books.accounts VALUES (?, 'new', 'nowhere', 0, 0, clock_timestamp())");
      this.close = connection.prepareStatement("DELETE FROM books.accounts WHERE id = ?");
    }

    void run(long firstAt, long interval) {
      long next = firstAt;
      try (connection) {
        while (!stopping && failure.get() == null) {
          long wait = next - System.nanoTime();
          if (wait > 0) {
            LockSupport.parkNanos(wait);
          } else {
            next += interval;
            transaction();
          }
        }
      } catch (SQLException e) {
        failure.compareAndSet(null, e);
      }
    }

    private void transaction() throws SQLException {
      for (int row = 0; row < ROWS_PER_TRANSACTION; row++) {
        add(random.nextInt(100));
      }
      int rows = execute(update) + execute(open) + execute(close);
      connection.commit();
      changed.add(rows);
    }

    private void add(int dice) throws SQLException {
      if (dice < PERCENT_OPENED) {
        open.setLong(1, accounts + own(opened++));
        open.addBatch();
      } else if (dice < PERCENT_OPENED + PERCENT_CLOSED) {
        close.setLong(1, own(random.nextInt(accounts / CONNECTIONS)));
        close.addBatch();
      } else {
        update.setInt(1, random.nextInt(-50, 50));
        update.setLong(2, own(random.nextInt(accounts / CONNECTIONS)));
        update.addBatch();
      }
    }

    private long own(long which) {
      return which * CONNECTIONS + number + 1;
    }

    private static int execute(PreparedStatement statement) throws SQLException {
      return Arrays.stream(statement.executeBatch()).sum();
    }
  }
}
