package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.PostgresServer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables with neither a primary key nor REPLICA IDENTITY FULL. */
class KeylessTablesIT {
  @Test
  void areRefusedBeforeTheyArePublishedUnlessTheyOnlyGrow(@TempDir Path folder) throws Exception {
    try (PostgresServer server = PostgresServer.start(18);
        SourceAndLake lake = new SourceAndLake(server, folder, "keyless")) {
      lake.execute("CREATE TABLE s.keyed (id int PRIMARY KEY)");
      lake.execute("CREATE TABLE s.unnamed (n int); INSERT INTO s.unnamed VALUES (1), (1)");
      lake.execute("CREATE TABLE s.vague (n int UNIQUE)");
      assertThatThrownBy(lake::start)
          .isInstanceOf(SettingsException.class)
          .hasMessageContainingAll(
              "table s.unnamed has neither a primary key nor REPLICA IDENTITY FULL",
              "ALTER TABLE \"s\".\"unnamed\" REPLICA IDENTITY FULL",
              "keyless.tables=append-only",
              "So have s.vague");
      assertThat(lake.query("SELECT FROM pg_publication_tables")).isEmpty();
      lake.execute("UPDATE s.unnamed SET n = 2 WHERE n = 1");

      lake.set("keyless.tables", "append-only");
      try (Engine engine = lake.start()) {
        lake.awaitCaughtUp(engine);
        lake.execute("INSERT INTO s.unnamed VALUES (2), (3)");
        lake.execute("CREATE TABLE s.new (n int); INSERT INTO s.new VALUES (7)");
        engine.awaitTrue(() -> lake.has("new"));
        lake.execute("INSERT INTO s.new VALUES (7)");
        assertThatThrownBy(() -> lake.execute("UPDATE s.unnamed SET n = 4"))
            .isInstanceOf(SQLException.class)
            .hasMessageContaining("replica identity");
        lake.awaitCaughtUp(engine);
        engine.awaitTrue(() -> lake.rows("new", "n").equals(List.of(List.of("7"), List.of("7"))));
      }
      lake.requireEqual("unnamed");
    }
  }
}
