package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Five writers of table {@code t}, one of them by COPY, in transactions whose log records overlap:
 * the load with which Debezium shows how it resumes.
 */
final class Writers implements AutoCloseable {
  private static final int COUNT = 5;

  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final List<Thread> threads = new ArrayList<>();

  private Writers() {}

  /** Makes the table they write. */
  static void createTable(Connection connection) throws SQLException {
    try (Statement sql = connection.createStatement()) {
      sql.execute("CREATE TABLE t (id bigserial PRIMARY KEY, writer int, n int, note text)");
    }
  }

  static Writers start(PostgresServer server) {
    Writers writers = new Writers();
    for (int i = 0; i < COUNT; i++) {
      int number = i;
      writers.threads.add(
          Thread.ofPlatform()
              .uncaughtExceptionHandler((t, e) -> writers.failure.compareAndSet(null, e))
              .start(() -> writers.write(server, number)));
    }
    return writers;
  }

  /** Small transactions, batches, COPY, and updates of its own rows; commits overlap. */
  private void write(PostgresServer server, int writer) {
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    try (Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement()) {
      connection.setAutoCommit(false);
      while (!stop.get()) {
        if (writer == 0) {
          copy(connection, random.nextInt(1, 50));
        } else {
          sql.execute(
              "INSERT INTO t (writer, n, note) SELECT %d, i, 'x' FROM generate_series(1, %d) i"
                  .formatted(writer, random.nextInt(1, 20)));
          sql.execute("SELECT pg_sleep(0.002)");
          sql.execute("UPDATE t SET n = n + 1 WHERE id = currval('t_id_seq')");
        }
        sql.execute("SELECT pg_sleep(%s)".formatted(random.nextDouble(0.02)));
        connection.commit();
      }
    } catch (SQLException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void copy(Connection connection, int rows) throws SQLException, IOException {
    connection
        .unwrap(PGConnection.class)
        .getCopyAPI()
        .copyIn("COPY t (writer, n, note) FROM STDIN", new StringReader("0\t1\tc\n".repeat(rows)));
  }

  /** Lets each end its transaction. */
  @Override
  public void close() throws InterruptedException {
    stop.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failure.get()).isNull();
  }
}
