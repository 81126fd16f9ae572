package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Stops and starts again while five writers go on, one of them by COPY. With the offsets as
 * Debezium stores them this loses rows (Debezium 3.5.0.Final); with what {@link
 * PatientPostgresTask} resumes from it must lose and double none.
 *
 * <p>System property {@code firn.restarts}: how often, 2 by default; 41 is the long form.
 */
class RestartIT {
  private static final int RESTARTS = Integer.getInteger("firn.restarts", 2);

  @ParameterizedTest
  @ValueSource(ints = {16, 18})
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
    Writers.createTable(connection);
    Map<String, String> settings = Engine.settings(server, "postgres", lake);
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
    }
    try (Writers writers = Writers.start(server)) {
      for (int restart = 0; restart < RESTARTS; restart++) {
        try (Engine engine = Engine.start(settings)) {
          engine.awaitCaughtUp(connection);
        }
      }
    }
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
}
