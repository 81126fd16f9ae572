package dev.firn.ingest.demo;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Rows that come many at once, and change and go by many: in the shop's returns, and in a table
 * without a key whose rows are often equal to each other.
 */
final class BulkLoad implements AutoCloseable {
  static final String KEYLESS = "visits";

  private static final int VISITS = 500;

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(800);

  private final TortureSql sql;
  private final Connection connection;
  private final SplittableRandom random;
  private final int rows;
  private final LongAdder copied = new LongAdder();
  private final Thread thread;
  private long nextId;
  private volatile boolean stopping;
  private volatile @Nullable SQLException failure;

  private BulkLoad(
      TortureSql sql, Connection connection, int rows, int firstId, SplittableRandom random) {
    this.sql = sql;
    this.rows = rows;
    this.connection = connection;
    this.random = random;
    this.nextId = firstId;
    this.thread = Thread.ofPlatform().name("bulk-load").unstarted(this::run);
  }

  /** Makes the table without a key, and gives returns so many rows. */
  static void prepare(Shop shop, int rows) throws SQLException {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      for (String each : made(TortureSql.of(shop), rows)) {
        statement.execute(each);
      }
    }
  }

  private static List<String> made(TortureSql sql, int rows) {
    List<String> made = new ArrayList<>();
    made.add("CREATE TABLE shop.visits (page text, customer integer, seen_on date)");
    made.addAll(sql.wholeRows("shop.visits"));
    made.add(
        "INSERT INTO shop.visits SELECT concat('page ', i %% 7), i %% 11, date '2026-06-01' FROM %s"
            .formatted(sql.numbers(1, VISITS)));
    made.add(
        "INSERT INTO shop.returns (id, order_id, reason, refund, received_on) SELECT i, 1 + i %% 2000, concat('reason no. ', i), i %% 90, %s FROM %s"
            .formatted(sql.days("2026-06-01", "i % 90"), sql.numbers(1, rows)));
    return made;
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
    BulkLoad load = new BulkLoad(TortureSql.of(shop), connection, rows, prepared + 1, random);
    load.thread.start();
    return load;
  }

  /** Rows that came many at once. */
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
    }
  }

  private void copy() throws SQLException {
    List<List<String>> visits = new ArrayList<>();
    List<List<String>> returns = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      visits.add(
          List.of(
              "page " + random.nextInt(9),
              Integer.toString(random.nextInt(13)),
              "2026-07-0" + random.nextInt(1, 4)));
      returns.add(
          List.of(
              Long.toString(nextId++),
              Integer.toString(random.nextInt(2000)),
              "many at once",
              Integer.toString(i % 90),
              "2026-07-01"));
    }
    copied.add(sql.load(connection, "shop.visits", List.of("page", "customer", "seen_on"), visits));
    copied.add(
        sql.load(
            connection,
            "shop.returns",
            List.of("id", "order_id", "reason", "refund", "received_on"),
            returns));
    connection.commit();
  }

  private void change() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql.deleteSome("shop.visits", random.nextInt(rows)));
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
