package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tables that are partitioned and sorted as their settings say, and followed from a real server.
 */
class LayoutIT {
  @RegisterExtension private static final SharedServer SERVER = new SharedServer();

  @TempDir Path folder;
  private SourceAndLake lake;

  @BeforeEach
  void makeSchema() throws SQLException {
    lake = SERVER.lake(folder, "layout");
    lake.execute(
        "CREATE TABLE s.t (id int PRIMARY KEY, customer bigint, at timestamptz, region text, n int)");
  }

  @AfterEach
  void dropSchema() throws SQLException {
    lake.close();
  }

  private void insert(int from, int to) throws SQLException {
    lake.execute(
        ("INSERT INTO s.t SELECT i, i %% 7, timestamptz '2026-01-01 12:00+00' + i %% 3 * interval '1"
                + " day', CASE i %% 3 WHEN 0 THEN 'north' WHEN 1 THEN 'south' END, 0"
                + " FROM generate_series(%d, %d) i")
            .formatted(from, to));
  }

  @Test
  void rowsMoveBetweenPartitionsByDayAndBucket() throws Exception {
    lake.set("tables.s.*.partition-by", "day(at), bucket(4, customer)");
    lake.set("tables.s.t.sort-by", "customer, at desc nulls last");
    lake.set("tables.s.t.property.write.parquet.compression-level", "3");
    insert(1, 500);
    try (Engine engine = lake.start()) {
      insert(501, 600);
      lake.execute("UPDATE s.t SET at = at + interval '1 day', n = 1 WHERE id % 5 = 0");
      lake.execute("UPDATE s.t SET customer = customer + 1, at = NULL WHERE id % 11 = 0");
      lake.execute("DELETE FROM s.t WHERE id % 13 = 0");
      lake.execute("UPDATE s.t SET id = id + 10000, customer = NULL WHERE id % 17 = 0");
      lake.execute(
          "BEGIN; UPDATE s.t SET customer = 3 WHERE id < 50; UPDATE s.t SET at = now() WHERE id < 50; COMMIT");
      lake.awaitCaughtUp(engine);
      lake.requireEqual("t", "id");
    }
    Table table = lake.table("t");
    assertThat(table.spec().fields())
        .extracting(field -> field.name())
        .containsExactly("at_day", "customer_bucket_4");
    assertThat(table.sortOrder().fields()).hasSize(2);
    assertThat(table.properties()).containsEntry("write.parquet.compression-level", "3");
    assertThat(partitions(table))
        .contains("at_day=2026-01-02/customer_bucket_4=0", "at_day=null/customer_bucket_4=1");
  }

  @Test
  void tableThatIsThereIsPartitionedFromTheNextStartOn() throws Exception {
    insert(1, 50);
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
    }
    lake.set("tables.s.t.partition-by", "region");
    lake.set("tables.s.t.sort-by", "id");
    lake.set("transaction.max-bytes-in-memory", "1kb");
    try (Engine engine = lake.start()) {
      lake.execute("UPDATE s.t SET region = 'west' WHERE id <= 10");
      lake.execute(
          "BEGIN; UPDATE s.t SET region = 'east', n = 2 WHERE id > 20; DELETE FROM s.t WHERE id = 30; COMMIT");
      lake.awaitCaughtUp(engine);
      lake.requireEqual("t", "id");
    }
    assertThat(partitions(lake.table("t")))
        .containsExactlyInAnyOrder("", "region=west", "region=east");
  }

  @Test
  void columnThatItIsPartitionedByIsDroppedRenamedOrRetyped() throws Exception {
    lake.set("tables.s.t.partition-by", "region, customer, truncate(100, n), day(at)");
    lake.set("tables.s.t.sort-by", "at");
    lake.set("schema.changes", "new-column");
    insert(1, 30);
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute("ALTER TABLE s.t ALTER n TYPE bigint");
      lake.execute("UPDATE s.t SET n = 5000000000 + id WHERE id % 2 = 0");
      lake.execute("DELETE FROM s.t WHERE id = 9");
      lake.awaitCaughtUp(engine);
      lake.requireEqual("t", "id");
      lake.execute("ALTER TABLE s.t DROP region");
      lake.execute("ALTER TABLE s.t RENAME customer TO buyer");
      lake.execute("ALTER TABLE s.t ALTER at TYPE text USING at::text");
      lake.execute("UPDATE s.t SET n = n + 1 WHERE id % 3 = 0");
      lake.awaitCaughtUp(engine);
      engine.awaitTrue(() -> engine.run().status(java.time.Instant.now()).readings().isEmpty());
      assertThat(lake.rows("t", "id", "region", "customer", "buyer"))
          .contains(List.of("12", "null", "null", "5"))
          .hasSize(29);
    }
    try (Engine engine = lake.start()) {
      insertAfterChanges();
      lake.awaitCaughtUp(engine);
      assertThat(lake.rows("t", "id", "buyer", "at_v2")).contains(List.of("1000", "7", "noon"));
    }
    assertThat(partitions(lake.table("t")))
        .contains("region=null/customer=null/n_trunc_100=0/at_day=null");
  }

  private void insertAfterChanges() throws SQLException {
    lake.execute("INSERT INTO s.t (id, buyer, at, n) VALUES (1000, 7, 'noon', 8)");
  }

  @Test
  void whatDoesNotGoWithTheColumnsIsNamedBeforeAnythingIsTakenOver() throws Exception {
    insert(1, 3);
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.set("tables.s.t.partition-by", "day(customer)");
      assertThatThrownBy(lake::start)
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining(
              "tables.s.t.partition-by=day(customer): for table s.t: day does not go with column customer, which is long");
      lake.set("tables.s.t.partition-by", "day(when)");
      assertThatThrownBy(lake::start)
          .hasMessageContaining("there is no column when; there are id, customer, at, region, n");
      lake.set("tables.s.t.partition-by", "day(at)");
      lake.set("tables.s.tt.sort-by", "at");
      assertThatThrownBy(lake::start)
          .hasMessageContaining("no captured table has this name; the nearest is s.t");
      insert(4, 5);
      lake.awaitCaughtUp(engine);
      lake.requireEqual("t", "id");
    }
  }

  @Test
  void newTableIsLaidOutOrWaitsForAWayToBe() throws Exception {
    lake.set("tables.s.*.partition-by", "day(at)");
    try (Engine engine = lake.start()) {
      lake.awaitCaughtUp(engine);
      lake.execute("CREATE TABLE s.fits (id int PRIMARY KEY, at date)");
      lake.execute("INSERT INTO s.fits VALUES (1, '2026-01-02')");
      lake.execute("CREATE TABLE s.fits_not (id int PRIMARY KEY, at text)");
      lake.execute("INSERT INTO s.fits_not VALUES (1, 'x')");
      engine.awaitTrue(() -> has("fits") && has("fits_not"));
    }
    assertThat(lake.table("fits").spec().fields()).hasSize(1);
    assertThat(lake.table("fits_not").spec().isUnpartitioned()).isTrue();
    assertThatThrownBy(lake::start)
        .hasMessageContaining("for table s.fits_not: day does not go with column at");
    lake.set("tables.s.fits_not.partition-by", "unpartitioned");
    lake.start().close();
  }

  private boolean has(String table) {
    try {
      return lake.rows(table, "id").size() == 1;
    } catch (org.apache.iceberg.exceptions.NoSuchTableException e) {
      return false;
    }
  }

  private static Set<String> partitions(Table table) throws IOException {
    Set<String> partitions = new HashSet<>();
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      for (FileScanTask task : tasks) {
        partitions.add(task.spec().partitionToPath(task.file().partition()));
      }
    }
    return partitions;
  }
}
