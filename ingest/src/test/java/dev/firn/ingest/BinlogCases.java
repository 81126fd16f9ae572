package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.BinlogServer;
import dev.firn.writer.Lake;
import dev.firn.writer.LakeTables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real server with a binary log, followed from its first row on. */
abstract class BinlogCases {
  private static final int READINGS = 2;
  private static final String DIGITS =
      "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4"
          + " UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";

  private static @Nullable BinlogServer server;

  @TempDir Path lake = Path.of("");

  static void use(BinlogServer started) {
    server = started;
  }

  @AfterAll
  static void stopServer() {
    if (server != null) {
      server.close();
      server = null;
    }
  }

  static BinlogServer server() {
    return java.util.Objects.requireNonNull(server, "server is null");
  }

  /** Whole numbers, as a table to select {@code seq} from. */
  static String numbers(int from, int to) {
    return "(SELECT seq FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS seq"
        + " FROM %1$s a, %1$s b, %1$s c, %1$s e, %1$s f) n WHERE seq BETWEEN %2$d AND %3$d) numbers"
            .formatted(DIGITS, from, to);
  }

  @BeforeEach
  void emptyDatabase() throws SQLException {
    run("DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop");
  }

  static void run(String... statements) throws SQLException {
    try (Connection connection = server().connect("");
        Statement sql = connection.createStatement()) {
      for (String statement : statements) {
        sql.execute(statement);
      }
    }
  }

  @Test
  void rowsOfTheInitialSnapshotAndOfTheStreamArrive() throws Exception {
    run(
        "CREATE TABLE shop.t (id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(10,2))",
        "INSERT INTO shop.t VALUES (1, 'one', 1.10), (2, 'zwei ü', NULL)");
    Map<String, String> settings = Engine.settings(server(), lake);
    try (Engine engine = Engine.start(settings);
        Connection connection = server().connect("shop");
        Statement sql = connection.createStatement()) {
      engine.awaitCaughtUpWith(connection);
      assertThat(rows("t")).containsExactly("1 one 1.10", "2 zwei ü null");
      sql.execute("INSERT INTO t VALUES (3, 'three', 3)");
      sql.execute("UPDATE t SET price = 2.5 WHERE id = 2");
      sql.execute("DELETE FROM t WHERE id = 1");
      engine.awaitCaughtUpWith(connection);
      assertThat(rows("t")).containsExactly("2 zwei ü 2.50", "3 three 3.00");
      sql.execute("TRUNCATE TABLE t");
      sql.execute("INSERT INTO t VALUES (4, 'four', 4)");
      engine.awaitCaughtUpWith(connection);
      assertThat(rows("t")).containsExactly("4 four 4.00");
    }
  }

  /** The log itself does not tell where such a statement ends. */
  @Test
  void statementThatStandsAloneLeavesNothingOpen() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)", "INSERT INTO shop.t VALUES (1)");
    try (Engine engine = Engine.start(Engine.settings(server(), lake));
        Connection connection = server().connect("shop");
        Statement sql = connection.createStatement()) {
      engine.awaitCaughtUpWith(connection);
      sql.execute("CREATE DATABASE IF NOT EXISTS besides");
      engine.awaitCaughtUpWith(connection);
      sql.execute("CREATE TABLE u (id INT PRIMARY KEY, v INT)");
      sql.execute("INSERT INTO u VALUES (1, 10)");
      sql.execute("ALTER TABLE t ADD COLUMN n INT NOT NULL DEFAULT 7");
      sql.execute("INSERT INTO t (id) VALUES (2)");
      engine.awaitCaughtUpWith(connection);
      engine.awaitTrue(() -> "[1 7, 2 7][1 10]".equals(rows("t") + "" + rows("u")));
      sql.execute("DROP TABLE u");
      sql.execute("CREATE TABLE u (id INT PRIMARY KEY, w VARCHAR(10))");
      sql.execute("RENAME TABLE t TO t2");
      sql.execute("INSERT INTO t2 VALUES (3, 3)");
      engine.awaitTrue(() -> rows("t2").size() == 3);
      assertThat(rows("t2")).containsExactly("1 7", "2 7", "3 3");
      engine.awaitTrue(() -> rows("u").isEmpty());
    }
  }

  @Test
  void anotherProcessGoesOnWithDefinitionsOfTheLake() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY, a INT)", "INSERT INTO shop.t VALUES (1, 1)");
    Map<String, String> settings = Engine.settings(server(), lake);
    try (Connection connection = server().connect("shop")) {
      try (Engine engine = Engine.start(settings)) {
        engine.awaitCaughtUpWith(connection);
        run("ALTER TABLE shop.t ADD COLUMN b INT", "INSERT INTO shop.t VALUES (2, 2, 2)");
        engine.awaitCaughtUpWith(connection);
      }
      run(
          "INSERT INTO shop.t VALUES (3, 3, 3)",
          "ALTER TABLE shop.t ADD COLUMN c INT FIRST",
          "INSERT INTO shop.t VALUES (4, 4, 4, 4)",
          "ALTER TABLE shop.t ADD COLUMN d INT");
      try (Engine engine = Engine.start(settings)) {
        engine.awaitCaughtUpWith(connection);
        run("UPDATE shop.t SET b = 5 WHERE id = 1");
        engine.awaitCaughtUpWith(connection);
        assertThat(engine.failure()).isEmpty();
      }
    }
    assertThat(rows("t"))
        .containsExactly("1 1 5 null null", "2 2 2 null null", "3 3 3 null null", "4 4 4 4 null");
  }

  @Test
  void tablesWithoutKeysKeepEqualRowsApart() throws Exception {
    run(
        "CREATE TABLE shop.t (a INT, b VARCHAR(5))",
        "INSERT INTO shop.t VALUES (1, 'x'), (1, 'x')");
    try (Engine engine = Engine.start(Engine.settings(server(), lake));
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
      run(
          "INSERT INTO shop.t VALUES (1, 'x'), (NULL, NULL)",
          "DELETE FROM shop.t WHERE a = 1 LIMIT 1");
      run("UPDATE shop.t SET b = 'y' WHERE a IS NULL");
      engine.awaitCaughtUpWith(connection);
      assertThat(rows("t")).containsExactly("1 x", "1 x", "null y");
    }
  }

  /** Without a key a change that is taken twice, or not at all, stays visible. */
  @Test
  void tableIsReadAgainWhileItChanges() throws Exception {
    run(
        "CREATE TABLE shop.signals (id VARCHAR(64) PRIMARY KEY, type VARCHAR(32), data TEXT)",
        "CREATE TABLE shop.t (a INT, b INT)",
        "INSERT INTO shop.t SELECT seq, 0 FROM " + numbers(1, 5000));
    Map<String, String> settings = Engine.settings(server(), lake);
    settings.put("debezium.source.signal.data.collection", "shop.signals");
    AtomicBoolean stop = new AtomicBoolean();
    try (Engine engine = Engine.start(settings);
        Connection connection = server().connect("shop");
        ExecutorService thread = Executors.newSingleThreadExecutor()) {
      engine.awaitCaughtUpWith(connection);
      Future<?> writer = thread.submit(() -> write(stop));
      Source source = ConfigFile.of(Engine.config(settings)).source();
      for (int reading = 0; reading < READINGS; reading++) {
        long before = baseline();
        source.ask("firn", List.of(new SourceTable("shop", "t")));
        engine.awaitTrue(() -> baseline() != before);
      }
      stop.set(true);
      writer.get();
      engine.awaitCaughtUpWith(connection);
      engine.awaitTrue(() -> rows("t").equals(sourceRows(connection)));
      assertThat(rows("signals")).isEmpty();
    }
  }

  private static void write(AtomicBoolean stop) {
    try (Connection connection = server().connect("shop");
        Statement sql = connection.createStatement()) {
      for (int i = 0; !stop.get(); i++) {
        sql.execute("INSERT INTO t VALUES (%d, 1)".formatted(i % 7));
        sql.execute("DELETE FROM t WHERE a = %d LIMIT 1".formatted(i % 5000));
        sql.execute("UPDATE t SET b = b + 1 WHERE a = %d LIMIT 1".formatted(i % 11));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<String> sourceRows(Connection connection) {
    try (Statement sql = connection.createStatement();
        ResultSet found = sql.executeQuery("SELECT concat(a, ' ', b) FROM t")) {
      List<String> rows = new ArrayList<>();
      while (found.next()) {
        rows.add(found.getString(1));
      }
      rows.sort(String::compareTo);
      return rows;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private long baseline() {
    return LakeTables.baseline(
            Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake)), TableIdentifier.of("shop", "t"))
        .orElse(-1L);
  }

  @Test
  void serverThatWasKilledIsFollowedOn() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)", "INSERT INTO shop.t VALUES (1)");
    try (Engine engine = Engine.start(Engine.settings(server(), lake))) {
      try (Connection connection = server().connect("shop")) {
        engine.awaitCaughtUpWith(connection);
      }
      server().kill();
      server().restart();
      run("INSERT INTO shop.t VALUES (2)");
      try (Connection connection = server().connect("shop")) {
        engine.awaitCaughtUpWith(connection);
      }
      assertThat(rows("t")).containsExactly("1", "2");
    }
  }

  @Test
  void transactionThatWasOpenWhenTheProcessEndedComesWhole() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)", "INSERT INTO shop.t VALUES (1)");
    Map<String, String> settings = Engine.settings(server(), lake);
    try (Connection connection = server().connect("shop")) {
      try (Engine engine = Engine.start(settings)) {
        engine.awaitCaughtUpWith(connection);
        run("INSERT INTO shop.t SELECT seq FROM " + numbers(2, 50_000));
      }
      try (Engine engine = Engine.start(settings)) {
        engine.awaitCaughtUpWith(connection);
      }
    }
    assertThat(rows("t")).hasSize(50_000).doesNotHaveDuplicates();
  }

  @Test
  void timeBeyondADayStopsWithItsColumn() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY, t TIME)");
    stopsWith(
        "column t of table shop.t holds a time that is none of a day",
        "INSERT INTO shop.t VALUES (1, '24:00:01')");
  }

  @Test
  void statementInThePlaceOfRowsStops() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)");
    stopsWith(
        "a statement in the log in the place of the rows",
        "SET SESSION binlog_format = 'STATEMENT'",
        "/* ApplicationName=a tool */ INSERT INTO shop.t VALUES (1)");
  }

  @Test
  void transactionOfAnExternalCoordinatorStops() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)");
    stopsWith(
        "of an external coordinator (XA) has changed table shop.t",
        "XA START 'x'",
        "INSERT INTO shop.t VALUES (1)",
        "XA END 'x'",
        "XA PREPARE 'x'",
        "XA ROLLBACK 'x'");
  }

  void stopsWith(String message, String... statements) throws Exception {
    try (Engine engine = Engine.start(Engine.settings(server(), lake));
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
      run(statements);
      assertThat(engine.awaitFailure()).hasStackTraceContaining(message);
    }
  }

  @Test
  void tableWithoutTransactionsIsRefused() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY) ENGINE=MyISAM");
    assertThatThrownBy(() -> Engine.start(Engine.settings(server(), lake)))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("shop.t is kept by the engine MyISAM");
  }

  /** What it changes is not in the log. */
  @Test
  void foreignKeyThatChangesRowsIsRefused() throws Exception {
    run(
        "CREATE TABLE shop.parent (id INT PRIMARY KEY)",
        "CREATE TABLE shop.child (id INT PRIMARY KEY, parent INT,"
            + " CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES shop.parent (id)"
            + " ON DELETE CASCADE)");
    Map<String, String> settings = Engine.settings(server(), lake);
    assertThatThrownBy(() -> Engine.start(settings))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("shop.child has the foreign key of_parent (ON DELETE CASCADE");
    run(
        "ALTER TABLE shop.child DROP FOREIGN KEY of_parent",
        "ALTER TABLE shop.child ADD FOREIGN KEY (parent) REFERENCES shop.parent (id)");
    try (Engine engine = Engine.start(settings);
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
    }
    run("DROP TABLE shop.child");
  }

  @Test
  void columnThatMustNotBeNullHasItsValueInRowsOfBefore() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)", "INSERT INTO shop.t VALUES (1)");
    try (Engine engine = Engine.start(Engine.settings(server(), lake));
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
      run(
          "ALTER TABLE shop.t ADD COLUMN active BOOLEAN NOT NULL, ADD COLUMN share FLOAT NOT NULL",
          "INSERT INTO shop.t VALUES (2, 1, 0.5)");
      engine.awaitTrue(() -> rows("t").equals(List.of("1 0 0.0", "2 1 0.5")));
    }
  }

  @Test
  void defaultsThatAreNotUnderstoodDoNotMatter() throws Exception {
    run(
        "CREATE TABLE shop.t (id INT PRIMARY KEY, a VARCHAR(9) DEFAULT (repeat('x', 2)))",
        "INSERT INTO shop.t (id) VALUES (1)");
    Map<String, String> settings = Engine.settings(server(), lake);
    try (Engine engine = Engine.start(settings);
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
      run(
          "ALTER TABLE shop.t ADD b DATE DEFAULT (DATE '2026-01-01' + INTERVAL 1 DAY)",
          "INSERT INTO shop.t (id) VALUES (2)",
          "INSERT INTO shop.t VALUES (3, 'z', NULL)");
      engine.awaitTrue(() -> rows("t").size() == 3 && !rows("t").contains("1 xx null"));
      assertThat(rows("t"))
          .containsExactlyInAnyOrder("1 xx 2026-01-02", "2 xx 2026-01-02", "3 z null");
    }
  }

  @Test
  void logThatWasPurgedStopsTheStart() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)");
    Map<String, String> settings = Engine.settings(server(), lake);
    try (Connection connection = server().connect("shop")) {
      try (Engine engine = Engine.start(settings)) {
        engine.awaitCaughtUpWith(connection);
      }
      run("INSERT INTO shop.t VALUES (1)", "FLUSH BINARY LOGS", "INSERT INTO shop.t VALUES (2)");
      run("FLUSH BINARY LOGS", "RESET MASTER", "INSERT INTO shop.t VALUES (3)");
      assertThatThrownBy(() -> Engine.start(settings))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("the source's log ends at")
          .hasMessageContaining("the lake is at");
    }
  }

  @Test
  void serverThatLogsTooLittleIsRefusedByName() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)", "SET GLOBAL binlog_row_image = 'MINIMAL'");
    try {
      assertThatThrownBy(() -> Engine.start(Engine.settings(server(), lake)))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("binlog_row_image is MINIMAL at the server; run SET GLOBAL");
    } finally {
      run("SET GLOBAL binlog_row_image = 'FULL'");
    }
  }

  List<String> rows(String name) {
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake));
    if (!catalog.tableExists(TableIdentifier.of("shop", name))) {
      return List.of();
    }
    Table table = catalog.loadTable(TableIdentifier.of("shop", name));
    List<String> rows = new ArrayList<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table).build()) {
      for (Record row : read) {
        rows.add(
            table.schema().columns().stream()
                .map(column -> String.valueOf(row.getField(column.name())))
                .collect(Collectors.joining(" ")));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    rows.sort(String::compareTo);
    return rows;
  }
}
