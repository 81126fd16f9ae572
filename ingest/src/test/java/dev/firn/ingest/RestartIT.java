package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/**
 * Stops and starts again while five writers go on, one of them by COPY. With the offsets as
 * Debezium stores them this loses rows (Debezium 3.5.0.Final); with what {@link
 * PatientPostgresTask} resumes from it must lose and double none.
 *
 * <p>System property {@code firn.restarts}: how often, 4 by default; 41 is the long form.
 */
class RestartIT {
  private static final int RESTARTS = Integer.getInteger("firn.restarts", 4);
  private static final int WRITERS = 5;

  @ParameterizedTest
  @ValueSource(ints = {16, 17, 18})
  void losesAndDoublesNothing(int version, @TempDir Path lake) throws Exception {
    try (PostgresServer server = PostgresServer.start(version);
        Connection connection = server.connect("postgres")) {
      RowComparison.Result result = run(server, connection, lake);
      assertThat(result.differences()).isEmpty();
      assertThat(result.lakeRows()).isEqualTo(result.sourceRows()).isPositive();
    }
  }

  private static RowComparison.Result run(PostgresServer server, Connection connection, Path lake)
      throws Exception {
    try (Statement sql = connection.createStatement()) {
      sql.execute("CREATE TABLE t (id bigserial PRIMARY KEY, writer int, n int, note text)");
    }
    Map<String, String> settings = Engine.settings(server, "postgres", lake);
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> writers = new ArrayList<>();
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
    }
    for (int writer = 0; writer < WRITERS; writer++) {
      int number = writer;
      writers.add(
          Thread.ofPlatform()
              .uncaughtExceptionHandler((t, e) -> failure.compareAndSet(null, e))
              .start(() -> write(server, number, stop)));
    }
    for (int restart = 0; restart < RESTARTS; restart++) {
      try (Engine engine = Engine.start(settings)) {
        engine.awaitCaughtUp(connection);
      }
    }
    stop.set(true);
    for (Thread writer : writers) {
      writer.join();
    }
    assertThat(failure.get()).isNull();
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
    }
    connection.setAutoCommit(false);
    SourceRows source = SourceRows.of(connection, "public", "t");
    return RowComparison.compare(
        source,
        LakeRows.of(
            Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake))
                .loadTable(TableIdentifier.of("public", "t")),
            source.columns()),
        List.of("id"));
  }

  /** Small transactions, batches, COPY, and updates of its own rows; commits overlap. */
  private static void write(PostgresServer server, int writer, AtomicBoolean stop) {
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
}
