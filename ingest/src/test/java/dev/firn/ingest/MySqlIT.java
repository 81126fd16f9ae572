package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.testing.MySqlServer;
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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A real MySQL, followed from its first row on. */
class MySqlIT extends BinlogCases {
  private static final String OTHER = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  private static final int WRITERS = 4;
  private static final int SNAPSHOTS = 200;

  @BeforeAll
  static void startServer() {
    assumeTrue(MySqlServer.isInstalled(), MySqlServer.INSTALLING);
    use(MySqlServer.start());
  }

  /** Commits get into the log, the tables and the set of GTIDs one after the other. */
  @Test
  void snapshotSeesExactlyTheTransactionsThatItNames() throws Exception {
    run("CREATE TABLE shop.t (gtid INT AUTO_INCREMENT PRIMARY KEY)");
    Source source = ConfigFile.of(Engine.config(Engine.settings(server(), lake))).source();
    SourceTable table = new SourceTable("shop", "t");
    AtomicBoolean stop = new AtomicBoolean();
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
        Connection reading = server().connect("shop")) {
      long before = last(new MySqlDialect().written(reading));
      List<Future<?>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        writers.add(threads.submit(() -> insert(stop)));
      }
      try {
        for (int i = 0; i < SNAPSHOTS; i++) {
          BinlogView view = new MySqlDialect().view((BinlogSource) source, reading, List.of(table));
          // Nothing else is written: each transaction has a number, and is a row.
          assertThat(last(view.gtids()) - before).as("snapshot %d", i).isEqualTo(rows(reading));
          reading.createStatement().execute("ROLLBACK");
        }
      } finally {
        stop.set(true);
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
    }
  }

  private static void insert(AtomicBoolean stop) {
    try (Connection connection = server().connect("shop");
        Statement sql = connection.createStatement()) {
      while (!stop.get()) {
        sql.execute("INSERT INTO t VALUES ()");
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static long rows(Connection connection) throws SQLException {
    return Long.parseLong(BinlogView.one(connection, "SELECT count(*) FROM t"));
  }

  private static long last(String gtids) {
    return Long.parseLong(gtids.replaceFirst(".*[-:]", ""));
  }

  @Test
  void documentsAreWrittenAsTheServerDoesWhetherReadOrStreamed() throws Exception {
    run("CREATE TABLE shop.t (a JSON)", "INSERT INTO shop.t VALUES " + documents());
    try (Engine engine = Engine.start(Engine.settings(server(), lake));
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
      List<String> written = texts(connection);
      assertThat(rows("t")).isEqualTo(written);
      run("INSERT INTO shop.t VALUES " + documents());
      engine.awaitCaughtUpWith(connection);
      assertThat(rows("t")).isEqualTo(texts(connection));
      // Without a key: rows that were read are found by what the log says of them.
      run("DELETE FROM shop.t");
      engine.awaitCaughtUpWith(connection);
      assertThat(rows("t")).isEmpty();
    }
  }

  private static String documents() {
    return "('{\"b\": [1, 2.50, null, true], \"a\": {}}'), ('\"ü🙂 \\\\\" \\\\\\\\ / \\\\n \\\\u0001\"'),"
        + " ('1e2'), ('1e15'), ('1e16'), ('-1.5e-7'), ('0.1'), ('1.7976931348623157e308'), ('123456789012345.6'),"
        + " ('0.0001'), ('0.00001'), ('-0.0'), ('18446744073709551615'), ('-9223372036854775808'), ('70000'), ('[]'), ('\"\"'),"
        + " (CAST(1.50 AS JSON)), (CAST(DATE '2026-02-28' AS JSON)), (CAST(TIMESTAMP '2026-02-28 12:34:56.7' AS JSON)),"
        + " (CAST(TIME '-25:00:01.5' AS JSON)), (CAST(TIME '-00:30:00' AS JSON)), (CAST(x'00ff' AS JSON)),"
        + " ('1234567890123456.8'), ('123456789012345678'), ('1e22'), ('5e-324'), ('1.5e-323'), ('9.5e15'),"
        + " (CAST(REPEAT(x'fb', 200) AS JSON)), (CAST(UNHEX('00ff') AS JSON)), (CAST(CAST('abc' AS BINARY) AS JSON)), (CAST(b'101' AS JSON)),"
        + " (JSON_ARRAY(CAST('2026-02-28' AS DATE), POINT(1, 2), CAST(1.25 AS DECIMAL(30, 10)))),"
        + " (JSON_ARRAY(2e0, 3)), (NULL), ('null')";
  }

  private static List<String> texts(Connection connection) throws SQLException {
    try (Statement sql = connection.createStatement();
        ResultSet found = sql.executeQuery("SELECT CAST(a AS CHAR) FROM t")) {
      List<String> rows = new ArrayList<>();
      while (found.next()) {
        rows.add(String.valueOf(found.getString(1)));
      }
      rows.sort(String::compareTo);
      return rows;
    }
  }

  @Test
  void tableThatIsMadeOfAQueryArrives() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)", "INSERT INTO shop.t VALUES (1), (2)");
    try (Engine engine = Engine.start(Engine.settings(server(), lake));
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
      run("CREATE TABLE shop.u (PRIMARY KEY (id)) AS SELECT id FROM shop.t");
      engine.awaitCaughtUpWith(connection);
      engine.awaitTrue(() -> rows("u").equals(List.of("1", "2")));
    }
  }

  @Test
  void coordinatorThatCommitsInOnePhaseIsFollowed() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)", "CREATE TABLE shop.u (id INT PRIMARY KEY)");
    Map<String, String> settings = Engine.settings(server(), lake);
    settings.put("debezium.source.table.include.list", "shop.t");
    try (Engine engine = Engine.start(settings);
        Connection connection = server().connect("shop")) {
      engine.awaitCaughtUpWith(connection);
      run("XA START 'x'", "INSERT INTO shop.t VALUES (1)", "XA END 'x'", "XA COMMIT 'x' ONE PHASE");
      engine.awaitCaughtUpWith(connection);
      assertThat(rows("t")).containsExactly("1");
      run("XA START 'y'", "INSERT INTO shop.u VALUES (1)", "XA END 'y'", "XA PREPARE 'y'");
      engine.awaitCaughtUpWith(connection);
      run("XA COMMIT 'y'");
      engine.awaitCaughtUpWith(connection);
    }
  }

  @Test
  void serverWithoutGtidsIsRefused() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)", "SET GLOBAL gtid_mode = ON_PERMISSIVE");
    try {
      assertThatThrownBy(() -> Engine.start(Engine.settings(server(), lake)))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("gtid_mode is ON_PERMISSIVE at the server; run SET GLOBAL");
    } finally {
      run("SET GLOBAL gtid_mode = ON");
    }
  }

  @Test
  void compressedLogIsRefused() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)");
    run("SET GLOBAL binlog_transaction_compression = ON");
    try {
      assertThatThrownBy(() -> Engine.start(Engine.settings(server(), lake)))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("binlog_transaction_compression is ON");
    } finally {
      run("SET GLOBAL binlog_transaction_compression = OFF");
    }
  }

  @Test
  void transactionThatASessionCompressesStops() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)");
    stopsWith(
        "has changed table shop.t and is compressed in the log",
        "SET SESSION binlog_transaction_compression = ON",
        "INSERT INTO shop.t VALUES (1)");
  }

  /** Statements do not tell of it, the log does: rows would be taken for those of other columns. */
  @Test
  void columnThatTheServerHidesStopsThePipeline() throws Exception {
    run(
        "SET GLOBAL binlog_row_metadata = MINIMAL",
        "SET GLOBAL show_gipk_in_create_table_and_information_schema = OFF",
        "SET SESSION sql_generate_invisible_primary_key = ON",
        "CREATE TABLE shop.t (a INT, b INT)");
    try {
      stopsWith(
          "table shop.t has 3 columns in the log, and 2 by the statements",
          "INSERT INTO shop.t VALUES (1, 2)");
    } finally {
      run(
          "SET GLOBAL show_gipk_in_create_table_and_information_schema = ON",
          "SET GLOBAL binlog_row_metadata = FULL");
    }
  }

  @Test
  void partOfADocumentStops() throws Exception {
    run(
        "CREATE TABLE shop.t (id INT PRIMARY KEY, a JSON)",
        "INSERT INTO shop.t VALUES (1, '{\"a\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"b\": 1}')");
    stopsWith(
        "has an event in the log that is not read (PARTIAL_UPDATE_ROWS_EVENT)",
        "SET SESSION binlog_row_value_options = PARTIAL_JSON",
        "UPDATE shop.t SET a = JSON_SET(a, '$.b', 2)");
  }

  @Test
  void rowsThatTheLogLacksStop() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY, a INT)", "INSERT INTO shop.t VALUES (1, 2)");
    stopsWith(
        "internal schema size 2, but row size 1",
        "SET SESSION binlog_row_image = MINIMAL",
        "UPDATE shop.t SET a = 3 WHERE id = 1");
  }

  /** Debezium passes over what is no longer in the log, of a server that it does not know yet. */
  @Test
  void logThatLostTransactionsOfAnotherServerStopsTheStart() throws Exception {
    run("CREATE TABLE shop.t (id INT PRIMARY KEY)");
    Map<String, String> settings = Engine.settings(server(), lake);
    try (Connection connection = server().connect("shop")) {
      try (Engine engine = Engine.start(settings)) {
        engine.awaitCaughtUpWith(connection);
      }
      run(
          "SET GTID_NEXT = '%s:1'".formatted(OTHER),
          "INSERT INTO shop.t VALUES (1)",
          "SET GTID_NEXT = AUTOMATIC",
          "FLUSH BINARY LOGS");
      run("PURGE BINARY LOGS TO '%s'".formatted(newestFile(connection)));
      assertThatThrownBy(() -> Engine.start(settings))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("has lost transactions that the lake lacks")
          .hasMessageContaining(OTHER + ":1");
    }
  }

  private static String newestFile(Connection connection) throws SQLException {
    try (Statement sql = connection.createStatement();
        ResultSet found = sql.executeQuery("SHOW MASTER STATUS")) {
      found.next();
      return found.getString(1);
    }
  }
}
