package dev.firn.ingest.demo;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * Rows that come by COPY, many in a transaction, and change and go by many: in the shop's returns,
 * and in a table without a key whose rows are often equal to each other.
 */
final class BulkLoad implements AutoCloseable {
  static final String KEYLESS = "visits";

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(800);

  private final Connection connection;
  private final CopyManager copy;
  private final SplittableRandom random;
  private final int rows;
  private final LongAdder copied = new LongAdder();
  private final Thread thread;
  private long nextId;
  private volatile boolean stopping;
  private volatile @Nullable SQLException failure;

  private BulkLoad(Connection connection, int rows, int firstId, SplittableRandom random)
      throws SQLException {
    this.rows = rows;
    this.connection = connection;
    this.copy = connection.unwrap(PGConnection.class).getCopyAPI();
    this.random = random;
    this.nextId = firstId;
    this.thread = Thread.ofPlatform().name("bulk-load").unstarted(this::run);
  }

  /** Makes the table without a key, and gives returns so many rows. */
  static void prepare(Shop shop, int rows) throws SQLException {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE shop.visits (page text, customer integer, seen_on date);"
              + "ALTER TABLE shop.visits REPLICA IDENTITY FULL;"
              + "INSERT INTO shop.visits SELECT 'page ' || i % 7, i % 11, date '2026-06-01'"
              + " FROM generate_series(1, 500) AS i;"
              + "INSERT INTO shop.returns SELECT i, 1 + i % 2000, 'reason no. ' || i, i % 90,"
              + " date '2026-06-01' + i % 90 FROM generate_series(1, "
              + rows
              + ") AS i");
    }
  }

  /**
   * Starts it.
   *
   * @param rows of each table in a transaction
   * @param prepared how many rows {@link #prepare} has made
   */
  static BulkLoad start(Shop shop, int rows, int prepared, SplittableRandom random)
      throws SQLException {
    Connection connection = shop.connect();
    connection.setAutoCommit(false);
    BulkLoad load = new BulkLoad(connection, rows, prepared + 1, random);
    load.thread.start();
    return load;
  }

  /** Rows that came by COPY. */
  long copied() {
    return copied.sum();
  }

  /** What ended it early. */
  Optional<SQLException> failure() {
    return Optional.ofNullable(failure);
  }

  private void run() {
    try (connection) {
      while (!stopping) {
        copy();
        change();
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    } catch (SQLException e) {
      failure = e;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void copy() throws SQLException, IOException {
    StringBuilder visits = new StringBuilder();
    StringBuilder returns = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      visits.append(
          "page %d\t%d\t2026-07-%02d\n"
              .formatted(random.nextInt(9), random.nextInt(13), random.nextInt(1, 4)));
      returns.append(
          "%d\t%d\tby COPY\t%d\t2026-07-01\n".formatted(nextId++, random.nextInt(2000), i % 90));
    }
    copied.add(copy.copyIn("COPY shop.visits FROM STDIN", new StringReader(visits.toString())));
    copied.add(
        copy.copyIn(
            "COPY shop.returns (id, order_id, reason, refund, received_on) FROM STDIN",
            new StringReader(returns.toString())));
    connection.commit();
  }

  private void change() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "DELETE FROM shop.visits WHERE ctid IN (SELECT ctid FROM shop.visits LIMIT %d)"
              .formatted(random.nextInt(rows)));
      statement.execute(
          "UPDATE shop.returns SET refund = refund + 1, updated_at = now()"
              .concat(" WHERE id BETWEEN %1$d AND %1$d + %2$d")
              .formatted(random.nextLong(1, nextId), random.nextInt(rows)));
      statement.execute(
          "DELETE FROM shop.returns WHERE id BETWEEN %1$d AND %1$d + %2$d"
              .formatted(random.nextLong(1, nextId), random.nextInt(rows / 2 + 1)));
    }
    connection.commit();
  }

  /** Lets the running transaction finish and stops. */
  @Override
  public void close() {
    stopping = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
