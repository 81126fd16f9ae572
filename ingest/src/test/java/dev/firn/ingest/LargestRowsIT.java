package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows as wide as PostgreSQL lets them be, and keys as long and as alike. */
class LargestRowsIT {
  /** The most columns that a table of PostgreSQL can have. */
  private static final int MOST_COLUMNS = 1_600;

  @TempDir private Path lake;

  private PostgresServer server;
  private Connection connection;
  private Statement sql;
  private Map<String, String> settings;

  @BeforeEach
  void startServer() throws SQLException {
    server = PostgresServer.start(18);
    connection = server.connect("postgres");
    sql = connection.createStatement();
    settings = Engine.settings(server, "postgres", lake);
  }

  @AfterEach
  void stopServer() throws SQLException {
    connection.close();
    server.close();
  }

  @Test
  void tableOfTheMostColumns() throws Exception {
    String columns =
        IntStream.range(1, MOST_COLUMNS)
            .mapToObj("c%d int"::formatted)
            .collect(Collectors.joining(", "));
    String values =
        IntStream.range(1, MOST_COLUMNS)
            .mapToObj("i * %d"::formatted)
            .collect(Collectors.joining(", "));
    String insert = "INSERT INTO t SELECT i, " + values + " FROM generate_series(%d, %d) AS i";
    sql.execute("CREATE TABLE t (id int PRIMARY KEY, " + columns + ")");
    sql.execute(insert.formatted(1, 50));
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute(insert.formatted(51, 100));
      sql.execute("UPDATE t SET c1 = -1, c1599 = NULL WHERE id % 3 = 0");
      sql.execute("DELETE FROM t WHERE id % 7 = 0");
      engine.awaitCaughtUp(connection);
    }
    assertThat(table("t").schema().columns()).hasSize(MOST_COLUMNS);
    requireEqual("t", List.of("id"));
  }

  @Test
  void keysThatAreLongAndAlike() throws Exception {
    sql.execute("CREATE TABLE t (a text, b varchar(3000), n int, PRIMARY KEY (a, b))");
    insertAlike(1);
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("UPDATE t SET n = -n WHERE a IN ('a', 'A ', 'é')");
      sql.execute("DELETE FROM t WHERE a = 'ab' AND b = 'c' OR a = ' a'");
      sql.execute("UPDATE t SET b = b || ' ' WHERE a = 'A'");
      insertAlike(2);
      engine.awaitCaughtUp(connection);
    }
    requireEqual("t", List.of("a", "b"));
  }

  /**
   * Keys that differ in case, blanks, accents, in where a column ends, and in their last letter.
   */
  private void insertAlike(int round) throws SQLException {
    String alike =
        "('a', ''), ('A', ''), ('a ', ''), (' a', ''), ('A ', ''), ('', 'a'), ('', ''), ('á', ''),"
            + " ('é', ''), (U&'e\\0301', ''), ('ab', 'c'), ('a', 'bc'), ('ß', ''), ('ss', ''), ('İ', '')";
    sql.execute(
        "INSERT INTO t SELECT a, b || repeat('.', %1$d), row_number() OVER () FROM (VALUES %2$s) AS alike (a, b)"
            .formatted(round - 1, alike));
    // PostgreSQL compresses them: uncompressed they would be too long for its index.
    sql.execute(
        "INSERT INTO t SELECT repeat('k', 30000) || i, repeat('l', 2990) || i, i FROM generate_series(%d, %d) AS i"
            .formatted(round * 1000, round * 1000 + 50));
  }

  private void requireEqual(String name, List<String> key) throws SQLException {
    try (Connection reading = server.connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "public", name);
      RowComparison.Result result =
          RowComparison.compare(source, LakeRows.of(table(name), source.columns()), key);
      assertThat(result.differences()).isEmpty();
      assertThat(result.lakeRows()).isEqualTo(result.sourceRows()).isPositive();
    }
  }

  private Table table(String name) {
    return Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake))
        .loadTable(TableIdentifier.of("public", name));
  }
}
