package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicationIT {
  /** Dropped ones count. */
  private static final int MOST_COLUMNS = 1500;

  /** PostgreSQL tells what is published and what there is as of two moments. */
  @Test
  void columnThatIsDroppedMeanwhileIsNotHidden(@TempDir Path lake) throws Exception {
    try (PostgresServer server = PostgresServer.start(18);
        Connection looking = server.connect("postgres");
        Statement sql = looking.createStatement()) {
      sql.execute("CREATE TABLE t (id int PRIMARY KEY, a int, b int)");
      sql.execute("CREATE PUBLICATION p FOR TABLE t");
      Map<String, String> settings = Engine.settings(server, "postgres", lake);
      settings.put("debezium.source.publication.name", "p");
      Publication publication =
          new Publication((PostgresSource) ConfigFile.of(Engine.config(settings)).source());
      AtomicBoolean stopped = new AtomicBoolean();
      CompletableFuture<Void> altering =
          CompletableFuture.runAsync(
              () -> alter(server, stopped), task -> Thread.ofPlatform().start(task));
      try {
        for (int i = 0; i < 2000 && !altering.isDone(); i++) {
          assertThat(publication.members(looking).orElseThrow().values())
              .extracting(Publication.Member::hidden)
              .containsExactly("");
        }
      } finally {
        stopped.set(true);
        altering.join();
      }
      sql.execute("ALTER PUBLICATION p SET TABLE t (id, a)");
      assertThat(publication.members(looking).orElseThrow().values())
          .extracting(Publication.Member::hidden)
          .containsExactly("columns b");
    }
  }

  private static void alter(PostgresServer server, AtomicBoolean stopped) {
    try (Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement()) {
      for (int i = 0; i < MOST_COLUMNS && !stopped.get(); i++) {
        sql.execute("ALTER TABLE t ADD c%d int".formatted(i));
        sql.execute("ALTER TABLE t DROP c%d".formatted(i));
      }
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
