package dev.firn.sql;

import static dev.firn.sql.ShopLake.CUSTOMERS;
import static dev.firn.sql.ShopLake.ORDERS;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Asks an engine the questions of its folder about the {@link ShopLake}, whose answers are known:
 * both engines must give the same.
 */
final class ShopQuestions {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS 'UTC'").withZone(ZoneOffset.UTC);
  private static final String NO_LIMIT = "9999-12-31 23:59:59 UTC";
  private static final String ORDER_COLUMNS = "id, customer_id, status, total";
  private static final String CUSTOMER_COLUMNS = "id, name, city";
  private static final Map<String, String> PARAMETERS =
      Map.of("schema", "shop", "table", "orders", "key", "id", "columns", ORDER_COLUMNS);
  private static final Map<String, String> OF_CUSTOMERS =
      Map.of("table", "customers", "columns", CUSTOMER_COLUMNS);

  private static final SortedMap<String, Check> CHECKS = checks();

  private final Path folder;
  private final Engine engine;
  private final ShopLake lake;
  private final Dialect dialect;
  private final Set<String> asked = new HashSet<>();

  /** What the engines tell in different words. */
  interface Dialect {
    /** Checks the answers of the file that lists what is in the lake. */
    void lookAround(List<Answer> answers, ShopLake lake);

    /** Whether the steps of an initial snapshot, which never were the table's state, are listed. */
    boolean listsSteps();
  }

  private interface Check {
    void of(ShopQuestions questions);
  }

  /**
   * @param folder its files of SQL
   */
  ShopQuestions(Path folder, Engine engine, ShopLake lake, Dialect dialect) {
    this.folder = folder;
    this.engine = engine;
    this.lake = lake;
    this.dialect = dialect;
  }

  private static SortedMap<String, Check> checks() {
    SortedMap<String, Check> checks = new TreeMap<>();
    checks.put("01-look-around.sql", ShopQuestions::lookAround);
    checks.put("02-table-health.sql", ShopQuestions::tableHealth);
    checks.put("03-time-travel-by-snapshot.sql", ShopQuestions::timeTravelBySnapshot);
    checks.put("04-time-travel-by-time.sql", ShopQuestions::timeTravelByTime);
    checks.put("05-what-each-snapshot-says.sql", ShopQuestions::whatEachSnapshotSays);
    checks.put("06-consistent-cut.sql", ShopQuestions::consistentCut);
    checks.put("07-changed-between-snapshots.sql", ShopQuestions::changedBetweenSnapshots);
    checks.put("08-row-lineage.sql", ShopQuestions::rowLineage);
    checks.put("09-life-of-a-row.sql", ShopQuestions::lifeOfARow);
    checks.put("10-state-at-a-position.sql", ShopQuestions::stateAtAPosition);
    checks.put("11-time-travel-by-tag.sql", ShopQuestions::timeTravelByTag);
    checks.put("12-who-touched-what.sql", ShopQuestions::whoTouchedWhat);
    checks.put("13-what-a-transaction-did.sql", ShopQuestions::whatATransactionDid);
    checks.put("14-state-at-a-transaction.sql", ShopQuestions::stateAtATransaction);
    checks.put("15-changed-between-times.sql", ShopQuestions::changedBetweenTimes);
    return checks;
  }

  /** The files whose answers it knows. */
  static List<String> files() {
    return List.copyOf(CHECKS.keySet());
  }

  /**
   * Asks the statements of a file, with several values of its parameters, and checks the answers.
   */
  void ask(String file) {
    requireNonNull(CHECKS.get(file), file).of(this);
    assertThat(asked).as("files that were asked for " + file).contains(file);
  }

  /** The engine reads what Iceberg's own reader does, in all states of the tables. */
  void compareWithIceberg() {
    for (var table : List.of(CUSTOMERS, ORDERS)) {
      for (long batch = 1; batch <= ShopLake.BATCHES; batch++) {
        String id = Long.toString(lake.snapshot(table, batch));
        assertThat(
                answer(
                        "03-time-travel-by-snapshot.sql",
                        Map.of("table", table.name(), "snapshot", id))
                    .lines())
            .as("%s at batch %d", table, batch)
            .isEqualTo(lake.rows(table, batch));
      }
    }
  }

  private void lookAround() {
    dialect.lookAround(answers("01-look-around.sql", Map.of("pipeline", "shop")), lake);
  }

  private void tableHealth() {
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
        .containsExactly("3|100.0|7|1|2|28.6|0");
    assertThat(answer("02-table-health.sql", Map.of("small_bytes", "1")).lines(columns))
        .containsExactly("3|0.0|7|1|2|28.6|0");
  }

  private void timeTravelBySnapshot() {
    String id = Long.toString(lake.snapshot(ORDERS, 3));
    assertThat(answer("03-time-travel-by-snapshot.sql", Map.of("snapshot", id)).lines())
        .containsExactly("10|1|paid|20.00", "11|2|placed|35.50", "13|1|placed|99.99");
  }

  private void timeTravelByTime() {
    Instant second = lake.visibleAt(ORDERS, lake.snapshot(ORDERS, 2));
    assertThat(answer("04-time-travel-by-time.sql", Map.of("time", TIME.format(second))).lines())
        .containsExactly(
            "10|1|paid|20.00", "11|2|placed|35.50", "12|3|paid|7.25", "13|1|placed|99.99");
    Instant before = second.minusMillis(1);
    assertThat(answer("04-time-travel-by-time.sql", Map.of("time", TIME.format(before))).lines())
        .containsExactly("10|1|placed|20.00", "11|2|placed|35.50", "12|3|paid|7.25");
  }

  private void whatEachSnapshotSays() {
    Answer answer = answer("05-what-each-snapshot-says.sql", Map.of());
    List<String> expected =
        new ArrayList<>(
            List.of(
                "5|0/1600|2|2|1|0|2026-03-01T10:29:36Z|2026-03-01T10:33:52Z",
                "4|0/1400|1|0|1|0|2026-03-01T10:25:20Z|2026-03-01T10:25:20Z",
                "3|0/1300|1|0|0|1|2026-03-01T10:21:04Z|2026-03-01T10:21:04Z",
                "2|0/1200|2|1|1|0|2026-03-01T10:12:32Z|2026-03-01T10:16:48Z",
                "1|0/1000|1|3|0|0|2026-03-01T10:08:16Z|2026-03-01T10:08:16Z"));
    if (dialect.listsSteps()) {
      expected.add("NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL");
    }
    expected.add("0||NULL|NULL|NULL|NULL|NULL|NULL");
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
        .isEqualTo(expected);
    assertThat(answer.lines("snapshot_id"))
        .startsWith(
            Long.toString(lake.snapshot(ORDERS, 5)), Long.toString(lake.snapshot(ORDERS, 4)));
  }

  private void consistentCut() {
    assertThat(cut(3))
        .containsExactly(
            "customers|3|0/1300|" + lake.snapshot(CUSTOMERS, 3),
            "orders|3|0/1300|" + lake.snapshot(ORDERS, 3));
    assertThat(cut(4))
        .containsExactly(
            "customers|3|0/1300|" + lake.snapshot(CUSTOMERS, 3),
            "orders|4|0/1400|" + lake.snapshot(ORDERS, 4));
  }

  private List<String> cut(int batch) {
    return answer(
            "06-consistent-cut.sql",
            Map.of("first", "customers", "second", "orders", "batch", Integer.toString(batch)))
        .lines();
  }

  private void changedBetweenSnapshots() {
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

  private void rowLineage() {
    // 12 was deleted and is another row; 10 and 13 were updated and are the same.
    assertThat(answer("08-row-lineage.sql", Map.of()).lines("row_id", "batch", "id", "status"))
        .containsExactly(
            "0|4|10|shipped",
            "1|1|11|placed",
            "6|5|12|placed",
            "4|5|13|cancelled",
            "8|5|14|placed");
  }

  private void lifeOfARow() {
    assertThat(answer("09-life-of-a-row.sql", Map.of("row", "id = 12")).lines())
        .containsExactly(
            "r|NULL|NULL|NULL|NULL|NULL|12|3|paid|7.25",
            "d|2026-03-01T10:21:04Z|3|0|0/1300|4864|12|NULL|NULL|NULL",
            "c|2026-03-01T10:29:36Z|5|0|0/1500|5376|12|2|placed|8.00");
    assertThat(
            answer("09-life-of-a-row.sql", with(OF_CUSTOMERS, Map.of("row", "id = 2")))
                .lines("op", "position", "name", "city"))
        .containsExactly("r|NULL|Ben|Bern", "u|0/1200|Ben|Basel", "t|0/1600|NULL|NULL");
  }

  private void stateAtAPosition() {
    for (long batch = 1; batch <= ShopLake.BATCHES; batch++) {
      assertThat(state(Map.of(), batch, NO_LIMIT))
          .as("orders at batch %d", batch)
          .isEqualTo(lake.rows(ORDERS, batch));
    }
    assertThat(state(OF_CUSTOMERS, 3, NO_LIMIT)).isEqualTo(lake.rows(CUSTOMERS, 3));
    assertThat(state(Map.of(), Long.MAX_VALUE, "2026-03-01 10:21:04 UTC"))
        .containsExactly("10|1|paid|20.00", "11|2|placed|35.50", "13|1|placed|99.99");
    assertThat(state(OF_CUSTOMERS, 5, NO_LIMIT)).containsExactly("4|Dora|Oslo");
  }

  private List<String> state(Map<String, String> table, long batch, String time) {
    return answer(
            "10-state-at-a-position.sql",
            with(table, Map.of("batch", Long.toString(batch), "time", time)))
        .lines();
  }

  private void timeTravelByTag() {
    List<Answer> answers = answers("11-time-travel-by-tag.sql", Map.of("tag", "firn_baseline"));
    assertThat(answers.get(0).lines("name", "snapshot_id", "batch", "position"))
        .containsExactly("firn_baseline|%d|1|0/1000".formatted(lake.snapshot(ORDERS, 1)));
    assertThat(answers.get(1).lines())
        .containsExactly("10|1|placed|20.00", "11|2|placed|35.50", "12|3|paid|7.25");
  }

  private void whoTouchedWhat() {
    Map<String, String> times =
        Map.of("from", "2026-03-01 10:12:32 UTC", "to", "2026-03-01 10:29:36 UTC");
    List<Answer> orders = answers("12-who-touched-what.sql", times);
    assertThat(orders.get(0).lines())
        .containsExactly(
            "4352|2026-03-01T10:12:32Z|0/1100|1|1|0|false",
            "4864|2026-03-01T10:21:04Z|0/1300|0|0|1|false",
            "5120|2026-03-01T10:25:20Z|0/1400|0|1|0|false");
    assertThat(orders.get(1).lines())
        .containsExactly(
            "4352|2026-03-01T10:12:32Z|u|10|1|paid|20.00",
            "4352|2026-03-01T10:12:32Z|c|13|1|placed|99.99",
            "4864|2026-03-01T10:21:04Z|d|12|NULL|NULL|NULL",
            "5120|2026-03-01T10:25:20Z|u|10|1|shipped|20.00");
    Map<String, String> always =
        with(OF_CUSTOMERS, Map.of("from", "2026-03-01 10:21:05 UTC", "to", NO_LIMIT));
    List<Answer> customers = answers("12-who-touched-what.sql", always);
    assertThat(customers.get(0).lines("transaction_id", "inserted", "deleted", "truncated"))
        .containsExactly("5632|1|0|true");
    assertThat(customers.get(1).lines("op", "id", "name"))
        .containsExactly("t|NULL|NULL", "c|4|Dora");
  }

  private void whatATransactionDid() {
    assertThat(transaction("4864"))
        .containsExactly(
            "customers|d|1|3|0/1300|2026-03-01T10:21:04Z",
            "orders|d|1|3|0/1300|2026-03-01T10:21:04Z");
    assertThat(transaction("5632"))
        .containsExactly(
            "customers|c|1|5|0/1600|2026-03-01T10:33:52Z",
            "customers|t|1|5|0/1600|2026-03-01T10:33:52Z",
            "orders|c|1|5|0/1600|2026-03-01T10:33:52Z");
    assertThat(transaction("4711")).isEmpty();
  }

  private List<String> transaction(String id) {
    return answer(
            "13-what-a-transaction-did.sql",
            Map.of("first", "customers", "second", "orders", "transaction", id))
        .lines();
  }

  private void stateAtATransaction() {
    // In the middle of batch 5.
    assertThat(stateAfter(Map.of(), "5376"))
        .containsExactly(
            "10|1|shipped|20.00", "11|2|placed|35.50", "12|2|placed|8.00", "13|1|cancelled|99.99");
    assertThat(stateAfter(Map.of(), "0/1300")).isEqualTo(lake.rows(ORDERS, 3));
    assertThat(stateAfter(OF_CUSTOMERS, "4864")).isEqualTo(lake.rows(CUSTOMERS, 3));
    assertThat(stateAfter(OF_CUSTOMERS, "0/1600")).containsExactly("4|Dora|Oslo");
    assertThat(stateAfter(OF_CUSTOMERS, "4711")).isEmpty();
  }

  private List<String> stateAfter(Map<String, String> table, String transaction) {
    return answer("14-state-at-a-transaction.sql", with(table, Map.of("transaction", transaction)))
        .lines();
  }

  private void changedBetweenTimes() {
    Map<String, String> times =
        Map.of("from", "2026-03-01 10:12:32 UTC", "to", "2026-03-01 10:29:36 UTC");
    assertThat(answer("15-changed-between-times.sql", times).lines())
        .containsExactly(
            "u|1|5120|2026-03-01T10:25:20Z|10|1|shipped|20.00",
            "c|2|5376|2026-03-01T10:29:36Z|12|2|placed|8.00",
            "u|1|5376|2026-03-01T10:29:36Z|13|1|cancelled|99.99");
    Map<String, String> always =
        with(OF_CUSTOMERS, Map.of("from", "2026-03-01 10:08:16 UTC", "to", NO_LIMIT));
    assertThat(answer("15-changed-between-times.sql", always).lines("op", "id", "name", "city"))
        .containsExactly("u|2|Ben|Basel", "d|3|NULL|NULL", "c|4|Dora|Oslo", "t|NULL|NULL|NULL");
  }

  private static Map<String, String> with(Map<String, String> some, Map<String, String> others) {
    Map<String, String> all = new HashMap<>(some);
    all.putAll(others);
    return all;
  }

  private Answer answer(String name, Map<String, String> parameters) {
    List<Answer> answers = answers(name, parameters);
    assertThat(answers).as("statements of " + name).hasSize(1);
    return answers.getFirst();
  }

  /** Asks every statement of a file, and shows what was answered. */
  private List<Answer> answers(String name, Map<String, String> parameters) {
    List<Answer> answers = new ArrayList<>();
    asked.add(name);
    for (String statement :
        SqlFile.read(folder.resolve(name)).statements(with(PARAMETERS, parameters))) {
      Answer answer = engine.ask(statement);
      System.out.printf("%n  %s %s%n%s%n", name, parameters, answer);
      answers.add(answer);
    }
    return answers;
  }
}
