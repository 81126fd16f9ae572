package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.log.LsnPosition;
import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.ReplayedRows;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.io.Closeable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What becomes of a pipeline whose slot, publication or log is not what it was, in each version of
 * PostgreSQL.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class SourceFaults {
  private final int version;

  @TempDir Path folder;
  PostgresServer server;
  Connection connection;
  Statement sql;
  private int pipelines;
  String name;

  SourceFaults(int version) {
    this.version = version;
  }

  @BeforeAll
  void startServer() {
    server = PostgresServer.start(PostgresServer.Settings.temporary(version));
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  /** A database, a pipeline and a lake of its own for each test; the server is shared. */
  @BeforeEach
  void makePipeline() throws SQLException {
    name = "p%d_%d".formatted(version, ++pipelines);
    try (Connection first = server.connect("postgres");
        Statement create = first.createStatement()) {
      create.execute("CREATE DATABASE " + name);
    }
    connection = server.connect(name);
    sql = connection.createStatement();
    sql.execute("CREATE TABLE t (id int PRIMARY KEY, n int)");
    sql.execute("INSERT INTO t SELECT i, 0 FROM generate_series(1, 100) AS i");
    sql.execute("CREATE TABLE log (line text)");
    sql.execute("INSERT INTO log SELECT 'first ' || i FROM generate_series(1, 10) AS i");
  }

  /** A server has a few slots only. */
  @AfterEach
  void disconnect() throws SQLException {
    sql.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
            + " WHERE slot_name = '%s' AND NOT active".formatted(slot()));
    connection.close();
  }

  Map<String, String> pipeline() {
    Map<String, String> settings =
        new HashMap<>(Engine.settings(server, name, folder.resolve(name)));
    settings.put("debezium.sink.iceberg.pipeline", name);
    settings.put("debezium.sink.iceberg.keyless.tables", "append-only");
    return settings;
  }

  /** Reads what there is and a change, and stops. */
  Map<String, String> stoppedPipeline() throws Exception {
    Map<String, String> settings = pipeline();
    try (Engine engine = Engine.start(settings)) {
      sql.execute("UPDATE t SET n = 1 WHERE id <= 10");
      engine.awaitCaughtUp(connection);
    }
    return settings;
  }

  String slot() {
    return "firn_" + name;
  }

  static void refuses(Map<String, String> settings, String... told) {
    assertThatThrownBy(() -> Engine.start(settings).close())
        .isInstanceOf(SettingsException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(told).hasLineCount(1));
  }

  static void refusesAndSaysWays(Map<String, String> settings, String told) {
    refuses(settings, told, "Nothing was skipped", "--new-slot", "new pipeline name");
  }

  @Test
  void droppedSlotIsRefusedAndAllTablesCanBeReadAnewThroughANewOne() throws Exception {
    Map<String, String> settings = stoppedPipeline();
    sql.execute("SELECT pg_drop_replication_slot('%s')".formatted(slot()));
    sql.execute("DELETE FROM t WHERE id <= 5");
    sql.execute("UPDATE t SET n = 7 WHERE id = 50");
    sql.execute("INSERT INTO log VALUES ('while there was no slot')");
    refusesAndSaysWays(settings, "replication slot %s is gone".formatted(slot()));
    recovers(settings);
  }

  @Test
  void slotThatSomebodyElseAdvancedIsRefused() throws Exception {
    Map<String, String> settings = stoppedPipeline();
    sql.execute("UPDATE t SET n = 7 WHERE id = 50");
    sql.execute("SELECT pg_replication_slot_advance('%s', pg_current_wal_lsn())".formatted(slot()));
    refusesAndSaysWays(settings, "ahead of the lake at");
  }

  @Test
  void publicationThatIsGoneIsRefused() throws Exception {
    Map<String, String> settings = stoppedPipeline();
    sql.execute("DROP PUBLICATION firn_" + name);
    sql.execute("UPDATE t SET n = 7 WHERE id = 50");
    refusesAndSaysWays(settings, "publication firn_%s is gone".formatted(name));
    recovers(settings);
  }

  void readAgain(Engine engine, Map<String, String> settings) throws Exception {
    engine.awaitTrue(
        () -> isEqual("t", List.of("id"), settings) && isEqual("log", List.of(), settings));
  }

  @Test
  void publicationThatHidesChangesIsRefusedAndItsTableReadOnceItDoesNot() throws Exception {
    Map<String, String> settings = stoppedPipeline();
    sql.execute("ALTER PUBLICATION firn_%s SET (publish = 'insert, update')".formatted(name));
    sql.execute("DELETE FROM t WHERE id = 50");
    refuses(settings, "hides changes of table public.", "deletes, truncates", "Ways on");
    sql.execute(
        "ALTER PUBLICATION firn_%s SET (publish = 'insert, update, delete, truncate')"
            .formatted(name));
    try (Engine engine = Engine.start(settings)) {
      readAgain(engine, settings);
      sql.execute("ALTER PUBLICATION firn_%s SET TABLE t WHERE (id < 50), log".formatted(name));
      stops(engine, "hides changes of table public.t (rows by a row filter)");
    }
    sql.execute("ALTER PUBLICATION firn_%s SET TABLE t (id), log".formatted(name));
    refuses(settings, "hides changes of table public.t (columns n)");
  }

  @Test
  void anotherServerAtTheSameAddressIsRefused() throws Exception {
    Map<String, String> settings = stoppedPipeline();
    try (PostgresServer other = PostgresServer.start(version);
        Connection there = other.connect("postgres");
        Statement create = there.createStatement()) {
      create.execute("CREATE DATABASE " + name);
      try (Connection own = other.connect(name);
          Statement make = own.createStatement()) {
        make.execute("CREATE TABLE t (id int PRIMARY KEY, n int)");
        make.execute("CREATE TABLE log (line text)");
      }
      settings.put("debezium.source.database.port", Integer.toString(other.port()));
      refusesAndSaysWays(settings, "another database server answers");
    }
  }

  /** The first way on that every message names, from its first to its last step. */
  void recovers(Map<String, String> settings) throws Exception {
    Path config = Files.createTempFile(folder, "recover", ".properties");
    List<String> lines = new ArrayList<>();
    settings.forEach((key, value) -> lines.add(key + "=" + value));
    Files.write(config, lines);
    Application.Printed done =
        Application.run(
            Map.of(), "resnapshot", "--all", "--new-slot", "--config", config.toString());
    assertThat(done.exit()).as(done.text()).isZero();
    assertThat(done.text()).contains("reads all tables anew").hasLineCount(1);
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      equal("t", List.of("id"), settings);
      equal("log", List.of(), settings);
      sql.execute("UPDATE t SET n = n + 1 WHERE id > 90");
      sql.execute("INSERT INTO log VALUES ('after all')");
      engine.awaitCaughtUp(connection);
    }
    equal("t", List.of("id"), settings);
    equal("log", List.of(), settings);
    sql.execute("UPDATE t SET n = n + 1 WHERE id > 80");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
    }
    equal("t", List.of("id"), settings);
  }

  static void stops(Engine engine, String... told) throws InterruptedException {
    while (engine.failure().isEmpty()) {
      engine.listen();
    }
    Throwable failure = engine.failure().orElseThrow();
    while (!(failure instanceof dev.firn.writer.PipelineException) && failure.getCause() != null) {
      failure = failure.getCause();
    }
    assertThat(failure).hasMessageContainingAll(told);
  }

  LsnPosition confirmed() {
    try (ResultSet row =
        sql.executeQuery(
            "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '%s'"
                .formatted(slot()))) {
      row.next();
      return LsnPosition.parse(row.getString(1));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  void equal(String table, List<String> key, Map<String, String> settings) {
    assertThat(isEqual(table, key, settings)).as("table %s", table).isTrue();
  }

  private boolean isEqual(String table, List<String> key, Map<String, String> settings) {
    Path lake = Path.of(settings.getOrDefault("debezium.sink.iceberg.dir", ""));
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake));
    try (Closeable closing = Lake.closing(catalog);
        Connection reading = server.connect(name)) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "public", table);
      var loaded = catalog.loadTable(TableIdentifier.of("public", table));
      var changelog = catalog.loadTable(TableIdentifier.of("public", table + "_changelog"));
      return RowComparison.compare(source, LakeRows.of(loaded, source.columns()), key).equal()
          && RowComparison.compare(
                  source, ReplayedRows.of(loaded, changelog, source.columns(), key), key)
              .equal();
    } catch (SQLException | java.io.IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
