package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Source tables that go to one table of the lake, followed from a real server. */
class ShardsIT {
  @RegisterExtension private static final SharedServer SERVER = new SharedServer();

  @TempDir Path folder;
  private SourceAndLake lake;

  @BeforeEach
  void makeSchema() throws SQLException {
    lake = SERVER.lake(folder, "shards");
    lake.set("route.s.orders", "s[.]orders_[0-9]+");
    lake.execute("CREATE TABLE s.orders_1 (id int PRIMARY KEY, name text, n int, big text)");
    lake.execute(
        "CREATE TABLE s.orders_2 (n bigint, id int PRIMARY KEY, name text, big text, more text)");
    lake.execute("CREATE TABLE s.other (id int PRIMARY KEY, name text)");
    lake.execute("ALTER TABLE s.orders_1 ALTER big SET STORAGE EXTERNAL");
    lake.execute("ALTER TABLE s.orders_2 ALTER big SET STORAGE EXTERNAL");
    insert(1, 1, 20);
    insert(2, 11, 30);
    lake.execute("INSERT INTO s.other VALUES (1, 'x')");
  }

  @AfterEach
  void dropSchema() throws SQLException {
    lake.close();
  }

  private void insert(int shard, int from, int to) throws SQLException {
    lake.execute(
        ("INSERT INTO s.orders_%d (id, name, n, big) SELECT i, 'name' || i, i, repeat('b', i %% 2 *"
                + " 4000) || i FROM generate_series(%d, %d) i")
            .formatted(shard, from, to));
  }

  /** The rows of the source's shards, as the lake shows them. */
  private List<List<String>> source(int... shards) {
    List<List<String>> rows = new ArrayList<>();
    for (int shard : shards) {
      lake.query("SELECT id, name, n, big FROM s.orders_" + shard)
          .forEach(row -> {
            List<String> with = new ArrayList<>(row);
            with.add("s.orders_" + shard);
            rows.add(with);
          });
    }
    return rows;
  }

  private boolean isEqual(int... shards) {
    List<List<String>> expected = new ArrayList<>(source(shards));
    List<List<String>> found =
        new ArrayList<>(lake.rows("orders", "id", "name", "n", "big", "_shard"));
    expected.sort((one, other) -> one.toString().compareTo(other.toString()));
    found.sort((one, other) -> one.toString().compareTo(other.toString()));
    return expected.equals(found);
  }

  private void awaitReadAgain(Engine engine, int... shards) throws Exception {
    lake.awaitCaughtUp(engine);
    engine.awaitTrue(
        () -> engine.run().status(Instant.now()).readings().isEmpty() && isEqual(shards));
  }

  @Test
  void equalKeysOfTwoShardsAreTwoRows() throws Exception {
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      assertThat(isEqual(1, 2)).isTrue();
      lake.execute("UPDATE s.orders_1 SET n = 100 WHERE id BETWEEN 5 AND 15");
      lake.execute("DELETE FROM s.orders_2 WHERE id BETWEEN 13 AND 17");
      lake.execute(
          "BEGIN; UPDATE s.orders_2 SET id = id + 100 WHERE id = 12; DELETE FROM s.orders_1 WHERE id = 12; COMMIT");
      insert(1, 21, 25);
      lake.awaitCaughtUp(engine);
      assertThat(isEqual(1, 2)).isTrue();
    }
    assertThat(lake.table("orders").schema().identifierFieldNames())
        .containsExactlyInAnyOrder("id", "_shard");
    assertThat(lake.table("orders_changelog").schema().findField("_shard")).isNotNull();
    lake.requireEqual("other", "id");
    try (Engine engine = lake.start()) {
      lake.execute("UPDATE s.orders_2 SET name = 'after the start' WHERE id = 20");
      lake.awaitCaughtUp(engine);
      assertThat(isEqual(1, 2)).isTrue();
      assertThat(engine.run().status(Instant.now()).readings()).isEmpty();
    }
  }

  @Test
  void shardOfAnotherTypeWaitsAloneAlsoOverAStart() throws Exception {
    lake.set("schema.changes", "quarantine");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute("ALTER TABLE s.orders_1 ALTER n TYPE text USING n::text");
      lake.execute("UPDATE s.orders_1 SET n = '7' WHERE id = 1");
      lake.execute("UPDATE s.orders_2 SET n = 7 WHERE id = 12");
      lake.execute("UPDATE s.orders_1 SET n = '8' WHERE id = 1");
      lake.execute("INSERT INTO s.other VALUES (2, 'y')");
      lake.awaitCaughtUp(engine);
      lake.requireEqual("other", "id");
    }
    try (Engine engine = lake.start()) {
      lake.execute("INSERT INTO s.other VALUES (3, 'z')");
      lake.awaitCaughtUp(engine);
      lake.requireEqual("other", "id");
      lake.execute("ALTER TABLE s.orders_1 ALTER n TYPE int USING n::int");
      lake.execute("UPDATE s.orders_1 SET n = 9 WHERE id = 1");
      lake.execute("UPDATE s.orders_2 SET n = 9 WHERE id = 12");
      awaitReadAgain(engine, 1, 2);
    }
  }

  @Test
  void emptiedShardLosesItsRowsAlone() throws Exception {
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute(
          "BEGIN; UPDATE s.orders_1 SET n = 1; TRUNCATE s.orders_1; INSERT INTO s.orders_1 VALUES (3, 'new', 3, 'b'); UPDATE s.orders_2 SET n = 9 WHERE id = 12; COMMIT");
      insert(2, 31, 35);
      lake.execute("TRUNCATE s.orders_2");
      insert(2, 1, 3);
      awaitReadAgain(engine, 1, 2);
      lake.execute("UPDATE s.orders_1 SET n = 4; DELETE FROM s.orders_2 WHERE id = 2");
      lake.awaitCaughtUp(engine);
      assertThat(isEqual(1, 2)).isTrue();
    }
  }

  @Test
  void emptiedInATransactionLargerThanMemory() throws Exception {
    lake.set("transaction.max-bytes-in-memory", "2kb");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute(
          "BEGIN; UPDATE s.orders_2 SET n = 7; UPDATE s.orders_1 SET n = 1; TRUNCATE s.orders_1; INSERT INTO s.orders_1 SELECT i, 'new', i, 'b' FROM generate_series(1, 500) i; UPDATE s.orders_2 SET n = 8 WHERE id < 15; COMMIT");
      awaitReadAgain(engine, 1, 2);
    }
  }

  @Test
  void readingOfOneReadsAll() throws Exception {
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute(
          "SELECT pg_logical_emit_message(true, 'firn.firn', '{\"resnapshot\": [\"s.orders_1\"]}')");
      for (int i = 0; i < 10; i++) {
        lake.execute(
            "UPDATE s.orders_1 SET n = n + 1; UPDATE s.orders_2 SET n = n + 1 WHERE id % 2 = 0");
      }
      awaitReadAgain(engine, 1, 2);
    }
  }

  @Test
  void newShardComesDroppedOneStaysUntilTheNextReading() throws Exception {
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute(
          "CREATE TABLE s.orders_3 (id int PRIMARY KEY, name text, n int, big text, extra int)");
      insert(3, 1, 10);
      lake.execute("CREATE TABLE s.orders_4 (other int PRIMARY KEY)");
      lake.execute("INSERT INTO s.orders_4 VALUES (1)");
      lake.execute("UPDATE s.orders_1 SET n = 50");
      awaitReadAgain(engine, 1, 2, 3);
      lake.execute("UPDATE s.orders_3 SET extra = 5, n = 2 WHERE id = 4");
      lake.execute("DROP TABLE s.orders_2");
      lake.execute("UPDATE s.orders_1 SET n = 51");
      lake.awaitCaughtUp(engine);
      assertThat(lake.rows("orders", "id", "extra", "_shard"))
          .contains(List.of("4", "5", "s.orders_3"), List.of("30", "null", "s.orders_2"));
    }
    assertThatThrownBy(lake::start)
        .hasMessageContaining("shards of table s.orders have other keys");
    lake.execute("DROP TABLE s.orders_4");
    lake.settings.put("debezium.source.table.exclude.list", "s.orders_3");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute("DELETE FROM s.orders_3 WHERE id = 5");
      lake.awaitCaughtUp(engine);
    }
    lake.settings.remove("debezium.source.table.exclude.list");
    try (Engine engine = lake.start()) {
      awaitReadAgain(engine, 1, 3);
    }
  }

  @Test
  void columnsOfOneShardChange() throws Exception {
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute("ALTER TABLE s.orders_1 ADD note text");
      lake.execute("INSERT INTO s.orders_1 VALUES (50, 'a', 5, 'b', 'noted')");
      lake.execute("UPDATE s.orders_2 SET n = 5000000000 WHERE id = 20");
      lake.execute("ALTER TABLE s.orders_1 ADD filled int DEFAULT 7");
      lake.execute("UPDATE s.orders_1 SET n = 77 WHERE id = 2");
      awaitReadAgain(engine, 1, 2);
      assertThat(lake.rows("orders", "id", "note", "filled", "_shard"))
          .contains(
              List.of("50", "noted", "7", "s.orders_1"),
              List.of("20", "null", "null", "s.orders_2"));
    }
  }

  @Test
  void keysThatAreUniqueOverAllShardsStay() throws Exception {
    lake.set("shard-key", "false");
    lake.set("shard-column", "origin");
    lake.execute("DELETE FROM s.orders_2 WHERE id <= 20");
    try (Engine engine = lake.start()) {
      lake.execute("UPDATE s.orders_2 SET n = 3 WHERE id = 25");
      lake.awaitCaughtUp(engine);
    }
    assertThat(lake.table("orders").schema().identifierFieldNames()).containsExactly("id");
    assertThat(lake.rows("orders", "id", "n", "origin"))
        .hasSize(30)
        .contains(List.of("25", "3", "s.orders_2"), List.of("1", "1", "s.orders_1"));
  }

  @Test
  void whatDoesNotGoTogetherIsNamed() throws Exception {
    lake.set("route.s.all", "s[.].*");
    assertThatThrownBy(lake::start)
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("route.s.all and route.s.orders both name source table s.orders_");
    lake.set("route.s.all", "s[.]other");
    lake.set("route.s.orders", "s[.]orders_1");
    lake.set("destination-regexp", ".*orders.*");
    lake.set("destination-regexp-replace", "orders");
    assertThatThrownBy(lake::start).hasMessageContaining("would both go to table s.orders");
    lake.settings.remove("debezium.sink.iceberg.destination-regexp");
    lake.settings.remove("debezium.sink.iceberg.destination-regexp-replace");
    lake.settings.remove("debezium.sink.iceberg.route.s.all");
    lake.set("route.s.orders", "s[.]orders_.*");
    lake.execute("CREATE TABLE s.orders_x (id bigint, name text, PRIMARY KEY (id, name))");
    assertThatThrownBy(lake::start)
        .hasMessageContaining("shards of table s.orders have other keys");
    lake.execute("DROP TABLE s.orders_x; CREATE TABLE s.orders_x (id int PRIMARY KEY, name int)");
    assertThatThrownBy(lake::start).hasMessageContaining("have a column name of other types");
    lake.execute("DROP TABLE s.orders_x; CREATE TABLE s.orders_x (id int)");
    lake.execute("ALTER TABLE s.orders_x REPLICA IDENTITY FULL");
    assertThatThrownBy(lake::start).hasMessageContaining("has no key, and cannot be a shard");
    lake.execute("DROP TABLE s.orders_x; CREATE TABLE s.orders_x (id int PRIMARY KEY, _shard int)");
    assertThatThrownBy(lake::start).hasMessageContaining("has a column _shard itself");
  }
}
