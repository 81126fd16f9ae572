package dev.firn.sql;

import static dev.firn.sql.ShopLake.CUSTOMERS;
import static dev.firn.sql.ShopLake.ORDERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Puts every file of sql/trino to a real Trino, on a lake that Firn's writer has filled. Each file
 * must have its expected answer here.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TrinoSqlIT {
  private static final Path FILES = Path.of("trino");
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS 'UTC'").withZone(ZoneOffset.UTC);
  private static final String NO_LIMIT = "9999-12-31 23:59:59 UTC";
  private static final String ORDER_COLUMNS = "id, customer_id, status, total";
  private static final Map<String, String> PARAMETERS =
      Map.of("schema", "shop", "table", "orders", "key", "id", "columns", ORDER_COLUMNS);

  private final Map<String, Executable> checks =
      Map.of(
          "01-look-around.sql", this::lookAround,
          "02-table-health.sql", this::tableHealth,
          "03-time-travel-by-snapshot.sql", this::timeTravelBySnapshot,
          "04-time-travel-by-time.sql", this::timeTravelByTime,
          "05-what-each-snapshot-says.sql", this::whatEachSnapshotSays,
          "06-consistent-cut.sql", this::consistentCut,
          "07-changed-between-snapshots.sql", this::changedBetweenSnapshots,
          "08-row-lineage.sql", this::rowLineage,
          "09-life-of-a-row.sql", this::lifeOfARow,
          "10-state-at-a-position.sql", this::stateAtAPosition);

  private ShopLake lake;
  private Trino trino;
  private Connection connection;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException, SQLException {
    Optional<Path> java = Trino.findJava();
    assumeTrue(
        java.isPresent(),
        "Trino needs a JDK %d or newer; none in JAVA_HOME or the usual folders (FIRN_JDK_DIRS)"
            .formatted(Trino.MIN_JDK));
    lake = ShopLake.fill(folder);
    Path catalog = folder.resolve("lake.properties");
    String properties = Files.readString(FILES.resolve("catalog/embedded.properties"));
    Files.writeString(catalog, properties.replace("${dir}", folder.toString()));
    trino = Trino.start(java.orElseThrow(), catalog, Path.of("target", "trino.log"));
    connection = trino.connect();
  }

  @AfterAll
  void stop() throws SQLException {
    if (connection != null) {
      connection.close();
    }
    if (trino != null) {
      trino.close();
    }
  }

  @TestFactory
  Stream<DynamicTest> everyFileAnswersAsExpected() {
    return SqlFile.namesIn(FILES).stream()
        .map(name ->
            DynamicTest.dynamicTest(
                name,
                () -> {
                  assertThat(checks).as("files with an expected answer").containsKey(name);
                  Objects.requireNonNull(checks.get(name)).execute();
                }));
  }

  @Test
  void everyParameterIsExplainedInItsFile() {
    assertThat(SqlFile.namesIn(FILES)).containsExactlyInAnyOrderElementsOf(checks.keySet());
    for (String name : checks.keySet()) {
      SqlFile file = SqlFile.read(FILES.resolve(name));
      assertThat(file.explained()).as(name).isEqualTo(file.used());
    }
  }

  @Test
  void trinoReadsWhatIcebergReads() throws SQLException {
    for (TableIdentifier table : List.of(CUSTOMERS, ORDERS)) {
      for (long batch = 1; batch <= 5; batch++) {
        Answer answer =
            ask(
                "SELECT * FROM lake.%s FOR VERSION AS OF %d ORDER BY id"
                    .formatted(table, lake.snapshot(table, batch)));
        assertThat(answer.lines())
            .as("%s at batch %d", table, batch)
            .isEqualTo(lake.rows(table, batch));
      }
    }
  }

  private void lookAround() throws SQLException {
    List<Answer> answers = answers("01-look-around.sql", Map.of("pipeline", "shop"));
    assertThat(answers.get(0).lines())
        .contains("firn|shop", "shop|customers", "shop|orders", "shop|orders_changelog");
    assertThat(answers.get(1).lines())
        .containsExactly(
            "id|bigint|NO",
            "customer_id|integer|YES",
            "status|varchar|YES",
            "total|decimal(10,2)|YES");
    assertThat(answers.get(2).lines("name", "type"))
        .containsExactly("firn_baseline|TAG", "firn_guard|BRANCH", "main|BRANCH");
    assertThat(answers.get(3).lines("states")).containsExactly("7");
    assertThat(answers.get(4).lines())
        .filteredOn(line -> !line.contains("_changelog|"))
        .containsExactly(
            "pipeline|shop|5|0/1600|NULL",
            "table|shop.customers|5|0/1600|" + lake.snapshot(CUSTOMERS, 5),
            "table|shop.orders|5|0/1600|" + lake.snapshot(ORDERS, 5));
  }

  private void tableHealth() throws SQLException {
    String[] columns = {
      "data_files",
      "small_files_percent",
      "rows_in_data_files",
      "delete_files",
      "deleted_rows",
      "deleted_percent",
      "equality_deletes"
    };
    assertThat(answer("02-table-health.sql", Map.of("small_bytes", "16777216")).lines(columns))
        .containsExactly("3|100.0|6|1|2|33.3|0");
    assertThat(answer("02-table-health.sql", Map.of("small_bytes", "1")).lines(columns))
        .containsExactly("3|0.0|6|1|2|33.3|0");
  }

  private void timeTravelBySnapshot() throws SQLException {
    String id = Long.toString(lake.snapshot(ORDERS, 3));
    assertThat(answer("03-time-travel-by-snapshot.sql", Map.of("snapshot", id)).lines())
        .containsExactly("10|1|paid|20.00", "11|2|placed|35.50", "13|1|placed|99.99");
    Map<String, String> baseline = Map.of("snapshot", "'firn_baseline'");
    assertThat(answer("03-time-travel-by-snapshot.sql", baseline).lines())
        .containsExactly("10|1|placed|20.00", "11|2|placed|35.50", "12|3|paid|7.25");
  }

  private void timeTravelByTime() throws SQLException {
    Instant second = lake.visibleAt(ORDERS, lake.snapshot(ORDERS, 2));
    assertThat(answer("04-time-travel-by-time.sql", Map.of("time", TIME.format(second))).lines())
        .containsExactly(
            "10|1|paid|20.00", "11|2|placed|35.50", "12|3|paid|7.25", "13|1|placed|99.99");
    Instant before = second.minusMillis(1);
    assertThat(answer("04-time-travel-by-time.sql", Map.of("time", TIME.format(before))).lines())
        .containsExactly("10|1|placed|20.00", "11|2|placed|35.50", "12|3|paid|7.25");
  }

  private void whatEachSnapshotSays() throws SQLException {
    Answer answer = answer("05-what-each-snapshot-says.sql", Map.of());
    assertThat(
            answer.lines(
                "batch",
                "position",
                "transactions",
                "inserted",
                "updated",
                "deleted",
                "source_time_first",
                "source_time_last"))
        .containsExactly(
            "5|0/1600|2|1|1|0|2026-03-01 10:29:36.000 UTC|2026-03-01 10:33:52.000 UTC",
            "4|0/1400|1|0|1|0|2026-03-01 10:25:20.000 UTC|2026-03-01 10:25:20.000 UTC",
            "3|0/1300|1|0|0|1|2026-03-01 10:21:04.000 UTC|2026-03-01 10:21:04.000 UTC",
            "2|0/1200|2|1|1|0|2026-03-01 10:12:32.000 UTC|2026-03-01 10:16:48.000 UTC",
            "1|0/1000|1|3|0|0|2026-03-01 10:08:16.000 UTC|2026-03-01 10:08:16.000 UTC",
            "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
            "0||NULL|NULL|NULL|NULL|NULL|NULL");
    assertThat(answer.lines("snapshot_id"))
        .startsWith(
            Long.toString(lake.snapshot(ORDERS, 5)), Long.toString(lake.snapshot(ORDERS, 4)));
  }

  private void consistentCut() throws SQLException {
    assertThat(cut(3))
        .containsExactly(
            "customers|3|0/1300|" + lake.snapshot(CUSTOMERS, 3),
            "orders|3|0/1300|" + lake.snapshot(ORDERS, 3));
    assertThat(cut(4))
        .containsExactly(
            "customers|3|0/1300|" + lake.snapshot(CUSTOMERS, 3),
            "orders|4|0/1400|" + lake.snapshot(ORDERS, 4));
  }

  private List<String> cut(int batch) throws SQLException {
    return answer(
            "06-consistent-cut.sql",
            Map.of("first", "customers", "second", "orders", "batch", Integer.toString(batch)))
        .lines();
  }

  private void changedBetweenSnapshots() throws SQLException {
    assertThat(
            answer(
                    "07-changed-between-snapshots.sql",
                    Map.of(
                        "from", Long.toString(lake.snapshot(ORDERS, 1)),
                        "to", Long.toString(lake.snapshot(ORDERS, 3))))
                .lines())
        .containsExactly(
            "before|10|1|placed|20.00",
            "after|10|1|paid|20.00",
            "before|12|3|paid|7.25",
            "after|13|1|placed|99.99");
  }

  private void rowLineage() throws SQLException {
    // 12 was deleted and is another row; 10 and 13 were updated and are the same.
    assertThat(answer("08-row-lineage.sql", Map.of()).lines("row_id", "batch", "id", "status"))
        .containsExactly("0|4|10|shipped", "1|1|11|placed", "6|5|12|placed", "4|5|13|cancelled");
  }

  private void lifeOfARow() throws SQLException {
    assertThat(answer("09-life-of-a-row.sql", Map.of("row", "id = 12")).lines())
        .containsExactly(
            "r|NULL|NULL|NULL|NULL|NULL|12|3|paid|7.25",
            "d|2026-03-01 10:21:04.000000 UTC|3|0|0/1300|4864|12|NULL|NULL|NULL",
            "c|2026-03-01 10:29:36.000000 UTC|5|0|0/1500|5376|12|2|placed|8.00");
    assertThat(
            answer(
                    "09-life-of-a-row.sql",
                    Map.of("table", "customers", "columns", "id, name, city", "row", "id = 2"))
                .lines("op", "position", "name", "city"))
        .containsExactly("r|NULL|Ben|Bern", "u|0/1200|Ben|Basel", "t|0/1600|NULL|NULL");
  }

  private void stateAtAPosition() throws SQLException {
    for (long batch = 1; batch <= 5; batch++) {
      assertThat(state("orders", ORDER_COLUMNS, batch, NO_LIMIT))
          .as("orders at batch %d", batch)
          .isEqualTo(lake.rows(ORDERS, batch));
      assertThat(state("customers", "id, name, city", batch, NO_LIMIT))
          .as("customers at batch %d", batch)
          .isEqualTo(lake.rows(CUSTOMERS, batch));
    }
    assertThat(state("orders", ORDER_COLUMNS, Long.MAX_VALUE, "2026-03-01 10:21:04 UTC"))
        .containsExactly("10|1|paid|20.00", "11|2|placed|35.50", "13|1|placed|99.99");
    assertThat(state("customers", "id, name, city", 5, NO_LIMIT)).containsExactly("4|Dora|Oslo");
  }

  private List<String> state(String table, String columns, long batch, String time)
      throws SQLException {
    return answer(
            "10-state-at-a-position.sql",
            Map.of("table", table, "columns", columns, "batch", Long.toString(batch), "time", time))
        .lines();
  }

  private Answer answer(String name, Map<String, String> parameters) throws SQLException {
    List<Answer> answers = answers(name, parameters);
    assertThat(answers).as("statements of " + name).hasSize(1);
    return answers.getFirst();
  }

  /** Asks every statement of a file, and shows what was answered. */
  private List<Answer> answers(String name, Map<String, String> parameters) throws SQLException {
    Map<String, String> all = new HashMap<>(PARAMETERS);
    all.putAll(parameters);
    List<Answer> answers = new ArrayList<>();
    for (String statement : SqlFile.read(FILES.resolve(name)).statements(all)) {
      Answer answer = ask(statement);
      System.out.printf("%n  %s %s%n%s%n", name, parameters, answer);
      answers.add(answer);
    }
    return answers;
  }

  private Answer ask(String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      return Answer.of(result);
    }
  }
}
