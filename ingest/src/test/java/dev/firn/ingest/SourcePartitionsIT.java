package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.PostgresServer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables of PostgreSQL whose rows are those of others. */
class SourcePartitionsIT {
  @Test
  void partitionsAreFollowedAndGoToOneTableWhereThatIsWanted(@TempDir Path folder)
      throws Exception {
    try (PostgresServer server = PostgresServer.start(18);
        SourceAndLake lake = new SourceAndLake(server, folder, "partitions")) {
      lake.execute(
          """
          CREATE TABLE s.sales (id int, year int, n int, PRIMARY KEY (id, year))
            PARTITION BY RANGE (year);
          CREATE TABLE s.sales_1 PARTITION OF s.sales FOR VALUES FROM (2000) TO (2010);
          CREATE TABLE s.sales_2 PARTITION OF s.sales FOR VALUES FROM (2010) TO (2020)
            PARTITION BY LIST (year);
          CREATE TABLE s.sales_2_rest PARTITION OF s.sales_2 DEFAULT;
          INSERT INTO s.sales VALUES (1, 2001, 1), (2, 2002, 2), (3, 2011, 3);
          CREATE TABLE s.base (id int PRIMARY KEY);
          CREATE TABLE s.more (id int PRIMARY KEY, n int) INHERITS (s.base);
          INSERT INTO s.base VALUES (1);
          INSERT INTO s.more VALUES (2, 2)\
          """);
      lake.settings.put("debezium.source.table.include.list", "s.sales,s.sales_1,s.base,s.more");
      assertThatThrownBy(lake::start)
          .isInstanceOf(SettingsException.class)
          .hasMessageContainingAll(
              "table s.sales is partitioned", "s.sales_2_rest is not captured", "route.s.sales");
      lake.settings.remove("debezium.source.table.include.list");
      lake.set("route.s.sales", "s[.]sales_.*");
      lake.set("shard-key", "false");
      try (Engine engine = lake.start()) {
        lake.awaitCaughtUp(engine);
        requireAll(lake);
        lake.execute(
            """
            INSERT INTO s.sales VALUES (4, 2004, 4), (5, 2015, 5);
            UPDATE s.sales SET n = 10 WHERE id = 1;
            UPDATE s.sales SET year = 2012 WHERE id = 2;
            DELETE FROM s.sales WHERE id = 3;
            INSERT INTO s.base VALUES (3)\
            """);
        lake.awaitCaughtUp(engine);
        requireAll(lake);
        lake.execute(
            "CREATE TABLE s.sales_3 PARTITION OF s.sales FOR VALUES FROM (2020) TO (2030)");
        lake.execute("INSERT INTO s.sales VALUES (9, 2021, 9); UPDATE s.sales SET n = n + 1");
        lake.awaitCaughtUp(engine);
        engine.awaitTrue(() -> lake.rows("sales", "id").size() == 5);
        lake.execute("UPDATE s.sales SET year = 2022 WHERE id = 1");
        lake.awaitCaughtUp(engine);
        requireAll(lake);
        lake.execute("ALTER PUBLICATION partitions SET (publish_via_partition_root = true)");
        assertThatThrownBy(() -> engine.awaitTrue(() -> false))
            .hasStackTraceContaining("SET (publish_via_partition_root = false)");
      }
    }
  }

  private static void requireAll(SourceAndLake lake) {
    assertThat(lake.rows("sales", "id", "year", "n"))
        .containsExactlyInAnyOrderElementsOf(lake.query("SELECT id, year, n FROM s.sales"));
    assertThat(lake.rows("base", "id"))
        .containsExactlyInAnyOrderElementsOf(lake.query("SELECT id FROM ONLY s.base"));
    assertThat(lake.rows("more", "id", "n")).containsExactly(List.of("2", "2"));
  }
}
