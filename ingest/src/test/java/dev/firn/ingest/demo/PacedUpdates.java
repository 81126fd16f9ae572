package dev.firn.ingest.demo;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;

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
  private static final Duration ALL_MISSED = Duration.ofDays(1);

  private final LongAdder changed = new LongAdder();
  private final PacedConnections connections;

  private PacedUpdates(FollowedDatabase database, int accounts, int rate) throws SQLException {
    List<PacedConnections.Worker> workers = new ArrayList<>();
    for (int number = 0; number < CONNECTIONS; number++) {
      Connection connection = database.connect();
      Teller teller = new Teller(connection, number, accounts);
      workers.add(new PacedConnections.Worker(connection, teller::transaction));
    }
    double transactions = (double) rate / ROWS_PER_TRANSACTION;
    this.connections = PacedConnections.start("updates", workers, transactions, ALL_MISSED);
  }

  /**
   * Starts.
   *
   * @param accounts how many there are, from 1
   * @param rate rows a second
   */
  static PacedUpdates start(FollowedDatabase database, int accounts, int rate) throws SQLException {
    return new PacedUpdates(database, accounts, rate);
  }

  /** Rows of committed transactions. */
  long changed() {
    return changed.sum();
  }

  Optional<SQLException> failure() {
    return connections.failure();
  }

  /** Lets the running transactions finish. */
  @Override
  public void close() {
    connections.close();
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

    void transaction() throws SQLException {
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
