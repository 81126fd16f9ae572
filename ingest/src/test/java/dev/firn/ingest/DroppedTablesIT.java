package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events of tables that are gone when the events come. */
class DroppedTablesIT {
  /** Debezium looks up a table's key when its first event comes, and finds none by then. */
  @Test
  void lastChangesOfATableAreOfItsKey(@TempDir Path folder) throws Exception {
    try (PostgresServer server = PostgresServer.start(18);
        SourceAndLake lake = new SourceAndLake(server, folder, "dropped")) {
      lake.execute("CREATE TABLE s.stays (id int PRIMARY KEY, n int)");
      try (Engine engine = lake.start()) {
        lake.awaitCaughtUp(engine);
        lake.execute("CREATE TABLE s.goes (id int PRIMARY KEY, n int)");
        engine.awaitTrue(
            () -> lake.has("goes") && engine.run().status(Instant.now()).readings().isEmpty());
        lake.execute(
            """
            BEGIN;
            INSERT INTO s.goes VALUES (1, 10), (2, 20), (3, 30), (4, 40);
            UPDATE s.goes SET id = 12 WHERE id = 2;
            UPDATE s.goes SET n = 33 WHERE id = 3;
            DELETE FROM s.goes WHERE id = 4;
            DROP TABLE s.goes;
            COMMIT\
            """);
        lake.awaitCaughtUp(engine);
      }
      assertThat(lake.rows("goes", "id", "n"))
          .containsExactlyInAnyOrder(List.of("1", "10"), List.of("12", "20"), List.of("3", "33"));
    }
  }
}
