package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
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

  /** They are of rows that the lake never had. */
  @Test
  void lastChangesOfATableThatWaitsToBeReadAreNotTaken(@TempDir Path folder) throws Exception {
    try (PostgresServer server = PostgresServer.start(18);
        SourceAndLake lake = new SourceAndLake(server, folder, "unread")) {
      lake.execute("CREATE TABLE s.stays (id int PRIMARY KEY)");
      try (Engine engine = lake.start();
          Connection older = server.connect("postgres")) {
        lake.awaitCaughtUp(engine);
        long sender =
            Long.parseLong(lake.query("SELECT active_pid FROM pg_replication_slots").get(0).get(0));
        older.setAutoCommit(false);
        older.createStatement().execute("SELECT pg_current_xact_id()");
        lake.execute(
            "BEGIN; CREATE TABLE s.goes (id int PRIMARY KEY, n int); INSERT INTO s.goes VALUES (1, 1); COMMIT");
        engine.awaitTrue(() ->
            !lake.query("SELECT 1 FROM pg_publication_tables WHERE tablename = 'goes'").isEmpty());
        SourceStallIT.signal("-STOP", sender);
        lake.execute("INSERT INTO s.stays VALUES (1)");
        lake.execute("INSERT INTO s.goes VALUES (2, 2)");
        lake.execute("UPDATE s.goes SET n = 3 WHERE id = 2");
        lake.execute("DROP TABLE s.goes");
        older.commit();
        // What is gone may be forgotten before anybody looks.
        engine.awaitTrue(() ->
            engine.run().status(Instant.now()).readings().stream()
                .allMatch(reading -> reading.progress().equals(TableReader.GONE)));
        SourceStallIT.signal("-CONT", sender);
        lake.awaitCaughtUp(engine);
        assertThat(engine.run().status(Instant.now()).readings()).isEmpty();
      }
      assertThat(lake.rows("stays", "id")).containsExactly(List.of("1"));
      assertThat(lake.rows("goes", "id", "n")).isEmpty();
    }
  }
}
