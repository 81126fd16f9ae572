package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import dev.firn.testing.S3AccessLog;
import dev.firn.testing.S3AccessLog.Request;
import dev.firn.testing.S3Server;
import dev.firn.writer.Lake;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The policies in minio/policies, against what an S3 server was really asked for: by a pipeline
 * with all its commands, by a reader of all tables, and by one of changelogs.
 */
class S3RolesIT {
  private static final TableIdentifier ORDERS = TableIdentifier.of("public", "orders");
  private static final TableIdentifier CHANGES = TableIdentifier.of("public", "orders_changelog");

  /** Only where an upload fails half-way. */
  private static final String RARE = "s3:AbortMultipartUpload";

  @TempDir private static Path folder;
  private static S3Server s3;
  private static List<Request> written;

  @BeforeAll
  static void runThePipeline() throws Exception {
    Files.createDirectories(folder.resolve("lake"));
    s3 = S3Server.start(folder.resolve("s3"));
    try (S3AccessLog log = S3AccessLog.before(s3);
        PostgresServer postgres = PostgresServer.start(18)) {
      Map<String, String> settings = settings(postgres, log);
      assertThat(LakeChecks.run(SinkSettings.parse(catalog(log), 1L << 30)))
          .noneMatch(check -> check.state() == Check.State.FAILED);
      capture(postgres, settings);
      command(settings, "compact");
      command(settings, "compact");
      command(settings, "tables");
      written = log.requests();
    }
  }

  @AfterAll
  static void stop() {
    s3.close();
  }

  private static Map<String, String> catalog(S3AccessLog log) {
    Map<String, String> catalog = new HashMap<>(Lake.embedded(folder.resolve("lake")));
    catalog.putAll(log.fileIo(s3));
    catalog.put("warehouse", "s3://%s/warehouse".formatted(S3Server.BUCKET));
    // The least that S3 knows, so that an ordinary file is uploaded in parts.
    catalog.put("s3.multipart.part-size-bytes", Integer.toString(5 << 20));
    return catalog;
  }

  private static Map<String, String> settings(PostgresServer postgres, S3AccessLog log) {
    Map<String, String> settings = Engine.settings(postgres, "postgres", folder);
    settings.remove(SinkSettings.PREFIX + "dir");
    catalog(log).forEach((key, value) -> settings.put(SinkSettings.PREFIX + key, value));
    settings.put(SinkSettings.PREFIX + "retention.recent", "0");
    settings.put(SinkSettings.PREFIX + "retention.recent-snapshots", "1");
    settings.put(SinkSettings.PREFIX + "clean.grace", "0");
    return settings;
  }

  private static void capture(PostgresServer postgres, Map<String, String> settings)
      throws Exception {
    try (Connection connection = postgres.connect("postgres");
        Statement sql = connection.createStatement()) {
      sql.execute("CREATE TABLE orders (id int PRIMARY KEY, n int)");
      sql.execute("INSERT INTO orders SELECT i, i FROM generate_series(1, 500) i");
      // Random, so that it is large when it is compressed, too.
      sql.execute("CREATE TABLE scans (id int PRIMARY KEY, page text)");
      sql.execute(
          """
          INSERT INTO scans
          SELECT i, (SELECT string_agg(gen_random_uuid()::text, '')
                     FROM generate_series(1, 200) WHERE i > 0)
          FROM generate_series(1, 3000) i
          """);
      for (int start = 0; start < 2; start++) {
        try (Engine engine = Engine.start(settings)) {
          for (int i = 0; i < 3; i++) {
            sql.execute("UPDATE orders SET n = n + 1 WHERE id % 10 = " + i);
            sql.execute("DELETE FROM orders WHERE id = " + (100 * start + i));
            engine.awaitCaughtUp(connection);
          }
        }
      }
    }
  }

  private static void command(Map<String, String> settings, String name) throws IOException {
    Path config = folder.resolve("shop.properties");
    Files.write(
        config,
        settings.entrySet().stream()
            .map(setting -> setting.getKey() + "=" + setting.getValue())
            .toList());
    assertThat(Firn.commandLine().execute(name, "--config", config.toString())).isZero();
  }

  private static List<S3Call> calls(List<Request> requests) {
    return requests.stream().flatMap(request -> S3Call.of(request).stream()).distinct().toList();
  }

  private static Set<String> actions(List<Request> requests) {
    Set<String> actions = new TreeSet<>();
    calls(requests).forEach(call -> actions.add(call.action()));
    return actions;
  }

  /** Reads a table, and its history, and tells what the server was asked for. */
  private static List<Request> read(TableIdentifier... names) throws IOException {
    try (S3AccessLog log = S3AccessLog.before(s3)) {
      Catalog catalog = Lake.open(Lake.DEFAULT_NAME, catalog(log));
      for (TableIdentifier name : names) {
        Table table = catalog.loadTable(name);
        for (Snapshot snapshot : table.snapshots()) {
          try (CloseableIterable<Record> rows =
              IcebergGenerics.read(table).useSnapshot(snapshot.snapshotId()).build()) {
            rows.forEach(row -> assertThat(row.get(0)).isNotNull());
          }
        }
      }
      return log.requests();
    }
  }

  @Test
  void writerMayDoAllThatItDoes() throws IOException {
    BucketPolicy policy = BucketPolicy.of("firn-writer");
    assertThat(calls(written)).hasSizeGreaterThan(100).allMatch(policy::allows);
    assertThat(written)
        .as("what was seen includes uploads in parts and the removal of many files at once")
        .anyMatch(request -> request.query().containsKey("partNumber"))
        .anyMatch(request -> request.query().containsKey("delete"));
  }

  @Test
  void writerMayDoNothingThatItDoesNot() throws IOException {
    Set<String> used = actions(written);
    used.add(RARE);
    assertThat(BucketPolicy.of("firn-writer").actions()).isEqualTo(used);
  }

  /** So an older version of an object is one that was deleted, never one that was replaced. */
  @Test
  void writerReplacesNoObject() {
    List<String> made =
        written.stream()
            .filter(request -> Set.of("PUT", "POST").contains(request.method()))
            .filter(request -> !request.query().containsKey("partNumber"))
            .filter(request -> !request.query().containsKey("uploads"))
            .filter(request -> !request.query().containsKey("delete"))
            .map(Request::path)
            .toList();
    assertThat(made).hasSizeGreaterThan(50).doesNotHaveDuplicates();
  }

  @Test
  void analystReadsEverythingAndWritesNothing() throws IOException {
    BucketPolicy policy = BucketPolicy.of("analyst");
    assertThat(calls(read(ORDERS, CHANGES))).hasSizeGreaterThan(8).allMatch(policy::allows);
    assertThat(calls(written))
        .filteredOn(call -> !call.action().matches("s3:(GetObject|ListBucket)"))
        .hasSizeGreaterThan(50)
        .noneMatch(policy::allows);
  }

  @Test
  void auditorReadsChangelogsOnly() throws IOException {
    BucketPolicy policy = BucketPolicy.of("auditor");
    assertThat(calls(read(CHANGES))).hasSizeGreaterThan(4).allMatch(policy::allows);
    assertThat(calls(read(ORDERS))).hasSizeGreaterThan(4).noneMatch(policy::allows);
    assertThat(calls(written))
        .filteredOn(call -> !call.resource().contains("_changelog/") && call.prefix().isEmpty())
        .hasSizeGreaterThan(50)
        .noneMatch(policy::allows);
    assertThat(calls(written))
        .filteredOn(call -> !call.action().matches("s3:(GetObject|ListBucket)"))
        .noneMatch(policy::allows);
  }

  @Test
  void auditorListsChangelogsOnly() throws IOException {
    BucketPolicy policy = BucketPolicy.of("auditor");
    for (String action : List.of("s3:ListBucket", "s3:ListBucketVersions")) {
      assertThat(policy.allows(listing(action, "warehouse/shop/orders_changelog/"))).isTrue();
      assertThat(policy.allows(listing(action, "warehouse/shop/orders/"))).isFalse();
      assertThat(policy.allows(listing(action, ""))).isFalse();
      assertThat(policy.allows(S3Call.on(action, "lake"))).isFalse();
    }
  }

  /**
   * To MinIO the right to delete an object is one to delete its versions, unless that is denied.
   */
  @Test
  void writerIsDeniedToRemoveVersionsExpressly() throws IOException {
    BucketPolicy writer = BucketPolicy.of("firn-writer");
    assertThat(calls(written))
        .filteredOn(call -> call.action().equals("s3:DeleteObject"))
        .isNotEmpty()
        .extracting(call -> new S3Call("s3:DeleteObjectVersion", call.resource(), call.prefix()))
        .allMatch(writer::denies);
  }

  private static S3Call listing(String action, String prefix) {
    return new S3Call(action, "arn:aws:s3:::lake", Optional.of(prefix));
  }

  @Test
  void nobodyChangesTheBucketOrRemovesAVersion() throws IOException {
    for (String role : List.of("firn-writer", "analyst", "auditor")) {
      BucketPolicy policy = BucketPolicy.of(role);
      assertThat(
              Stream.of(
                  "s3:DeleteBucket",
                  "s3:PutBucketPolicy",
                  "s3:DeleteBucketPolicy",
                  "s3:PutBucketVersioning",
                  "s3:PutLifecycleConfiguration",
                  "s3:PutBucketAcl"))
          .as(role)
          .noneMatch(action -> policy.allows(S3Call.on(action, "lake")));
      assertThat(
              Stream.of("s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:PutObjectRetention")
                  .flatMap(action ->
                      Stream.of("orders/data/a.parquet", "orders_changelog/data/a.parquet")
                          .map(file -> S3Call.on(action, "lake/warehouse/shop/" + file))))
          .as(role)
          .noneMatch(policy::allows);
      assertThat(policy.allows(S3Call.on("s3:GetObject", "elsewhere/warehouse/a"))).isFalse();
    }
  }
}
