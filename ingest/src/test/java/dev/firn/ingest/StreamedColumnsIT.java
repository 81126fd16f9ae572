package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.writer.Lake;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.Test;

/** Columns of other than plain types, in the stream and where tables are read. */
class StreamedColumnsIT extends StreamedSchema {
  @Test
  void arraysAreLists() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, n int, tags text[])");
    sql.execute("ALTER TABLE s.t ALTER tags SET STORAGE EXTERNAL");
    sql.execute("INSERT INTO s.t VALUES (1, 0, ARRAY['a', NULL, '']), (2, 0, '{}'), (3, 0, NULL)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO s.t VALUES (4, 0, array_fill('x'::text, ARRAY[5000]))");
      sql.execute("UPDATE s.t SET n = 1");
      sql.execute("ALTER TABLE s.t ADD numbers bigint[]");
      sql.execute("INSERT INTO s.t VALUES (5, 0, '{b}', '{1,NULL}')");
      sql.execute("UPDATE s.t SET n = 2, numbers = numbers || 9 WHERE id = 4");
      sql.execute("CREATE TYPE s.mood AS ENUM ('sad', 'so, so')");
      sql.execute("ALTER TABLE s.t ADD moods s.mood[]");
      sql.execute("INSERT INTO s.t VALUES (6, 0, '{}', NULL, ARRAY['so, so', NULL]::s.mood[])");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
    }
    sql.execute("UPDATE s.t SET tags = tags || '{c}' WHERE id < 3");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
    }
  }

  @Test
  void arraysTellRowsWithoutAKeyApart() throws Exception {
    sql.execute("CREATE TABLE s.t (a int[])");
    sql.execute("ALTER TABLE s.t REPLICA IDENTITY FULL");
    sql.execute("INSERT INTO s.t VALUES ('{1,NULL}'), ('{NULL,1}'), ('{1}'), ('{}'), (NULL)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("DELETE FROM s.t WHERE a = '{NULL,1}' OR a = '{}'");
      sql.execute("UPDATE s.t SET a = '{2}' WHERE a = '{1}'");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("a"));
      assertThat(count("t")).isEqualTo(3);
    }
  }

  @Test
  void arrayInTheKeyIsNamedAtTheStart() throws Exception {
    sql.execute("CREATE TABLE s.t (a int[] PRIMARY KEY)");
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> Engine.start(settings))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining(
            "column a of table s.t has type _int4, of more than one value, and is part of the key");
    settings.put("debezium.sink.iceberg.columns.as-text", "s.t.a");
    sql.execute("INSERT INTO s.t VALUES ('{1,2}')");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("UPDATE s.t SET a = '{{1},{2}}'");
      engine.awaitCaughtUp(connection);
    }
    assertThat(rows("t", "a")).containsExactly(List.of("{{1},{2}}"));
  }

  @Test
  void infiniteTimestampStopsWithItsColumn() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, until timestamptz)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO s.t VALUES (1, 'infinity')");
      assertThat(engine.awaitFailure())
          .hasMessageContaining("column until of table s.t holds an infinite")
          .hasMessageContaining("columns.as-text=s.t.until");
    }
    settings.put("debezium.sink.iceberg.columns.as-text", "s.t.until");
    settings.put("debezium.sink.iceberg.schema.changes", "new-column");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      assertThat(rows("t", "id", "until_v2")).containsExactly(List.of("1", "infinity"));
      sql.execute("UPDATE s.t SET until = '2026-01-02 03:04+00'");
      engine.awaitCaughtUp(connection);
      assertThat(rows("t", "until", "until_v2"))
          .containsExactly(List.of("null", "2026-01-02 03:04:00+00"));
    }
    settings.remove("debezium.sink.iceberg.columns.as-text");
    try (Engine engine = Engine.start(settings)) {
      sql.execute("INSERT INTO s.t VALUES (2, '2026-01-03 00:00+00')");
      engine.awaitTrue(() ->
          rows("t", "until")
              .equals(List.of(List.of("2026-01-02T03:04Z"), List.of("2026-01-03T00:00Z"))));
    }
  }

  /** In the log nobody can tell it from one of 0; see {@code firn check}. */
  @Test
  void infiniteIntervalIsSeenWhereATableIsRead() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, stay interval)");
    sql.execute("INSERT INTO s.t VALUES (1, '1 day'), (2, '-infinity'), (3, NULL)");
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> {
              try (Engine engine = Engine.start(settings)) {
                throw engine.awaitFailure();
              }
            })
        .hasMessageContaining("column stay of table s.t holds an infinite interval")
        .hasMessageContaining("column.exclude.list=s.t.stay")
        .hasMessageNotContaining("columns.as-text");
    settings.put("debezium.sink.iceberg.bad-events", "quarantine");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO s.t VALUES (4, 'infinity')");
      engine.awaitCaughtUp(connection);
    }
    assertThat(rows("t", "id", "stay"))
        .containsExactlyInAnyOrder(
            List.of("1", "P0Y0M1DT0H0M0S"),
            List.of("2", "null"),
            List.of("3", "null"),
            List.of("4", "P0Y0M0DT0H0M0S"));
  }

  /** Whether they are read or streamed. */
  @Test
  void valuesThatNoTypeOfTheLakeHoldsAreKeptAsText() throws Exception {
    settings.put("debezium.sink.iceberg.columns.as-text", "s\\.t\\.a.*, s.t.numbers, s.t.marks");
    sql.execute("SET TIME ZONE 'UTC'");
    sql.execute("CREATE EXTENSION citext SCHEMA s");
    sql.execute("CREATE EXTENSION hstore SCHEMA s");
    sql.execute(
        "CREATE TABLE s.t (id int PRIMARY KEY, a_date date, a_time time, a_timestamp timestamp,"
            + " an_instant timestamptz, a_number numeric(8,2), numbers int[], marks s.hstore, place"
            + " point, a_name s.citext DEFAULT '@lice')");
    insertWhatNoTypeHolds(0);
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      insertWhatNoTypeHolds(100);
      engine.awaitCaughtUp(connection);
    }
    List<List<String>> written = new ArrayList<>();
    try (ResultSet rows =
        sql.executeQuery(
            "SELECT id, a_date::text, a_time::text, a_timestamp::text, an_instant::text,"
                + " a_number::text, numbers::text, marks::text, a_name::text FROM s.t")) {
      while (rows.next()) {
        written.add(IntStream.rangeClosed(1, 9).mapToObj(i -> text(rows, i)).toList());
      }
    }
    assertThat(
            rows(
                "t",
                "id",
                "a_date",
                "a_time",
                "a_timestamp",
                "an_instant",
                "a_number",
                "numbers",
                "marks",
                "a_name"))
        .containsExactlyInAnyOrderElementsOf(written);
    assertThat(table("t").schema().findType("place").isStructType()).isTrue();
  }

  private static String text(ResultSet row, int column) {
    try {
      return String.valueOf(row.getString(column));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void insertWhatNoTypeHolds(int from) throws SQLException {
    String[] rows = {
      "'infinity', '24:00', 'infinity', 'infinity', 'NaN', '{{1,2},{3,4}}', 'b=>1, aa=>2, é=>NULL', '(1,2)'",
      "'-infinity', '00:00', '-infinity', '-infinity', 0, '[0:1]={1,2}', '', '(1,2)'",
      "'0044-03-15 BC', '12:34:56.7', '0044-03-15 01:02:03.04 BC', '0044-03-15 01:02:03.04 BC', 1.5, '{}', '\"b\\\"\"=>\"c\\\\ \"', '(1,2)'",
      "'5874897-12-31', '23:59:59.999999', '294276-12-31 23:59:59.999999',"
          + " '294276-12-31 23:59:59.999999', -999999.99, '{NULL}', NULL, '(1e20,-1e-20)'",
      "'1582-10-14', '01:00', '1582-10-05 00:00:00', '1582-10-14 02:00:00+02', 1e3, '{1}', NULL, NULL",
      "'2026-03-29', '02:30', '2026-03-29 02:30', '2026-03-29 02:30+01', 0.01, NULL, NULL, NULL",
      "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
    };
    for (int i = 0; i < rows.length; i++) {
      sql.execute("INSERT INTO s.t VALUES (%d, %s)".formatted(from + i, rows[i]));
    }
  }

  @Test
  void numberThatIsNoneStopsWithItsColumn() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, price numeric(8,2))");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO s.t VALUES (1, 'NaN')");
      assertThat(engine.awaitFailure())
          .hasMessageContaining("column price of table s.t holds a number that is none")
          .hasMessageContaining("columns.as-text");
    }
  }

  @Test
  void unsupportedTypesAreNamedAtTheStart() throws Exception {
    sql.execute("CREATE DOMAIN s.route AS int[]");
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, routes s.route[])");
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> Engine.start(settings))
        .hasMessageContaining("column routes of table s.t has type");
    sql.execute("CREATE TYPE s.mark AS ENUM ('a;b')");
    sql.execute("CREATE DOMAIN public.mark AS box");
    sql.execute("ALTER TABLE s.t DROP routes, ADD marks s.mark[]");
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> Engine.start(settings))
        .hasMessageContaining("column marks of table s.t has type");
    settings.put("debezium.sink.iceberg.columns.as-text", "s.t.marks");
    sql.execute("INSERT INTO s.t VALUES (1, '{a;b}')");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      assertThat(rows("t", "marks")).containsExactly(List.of("{a;b}"));
    }
    sql.execute("DROP DOMAIN public.mark");
    sql.execute("CREATE TABLE public.mark (n int)");
    settings.remove("debezium.sink.iceberg.columns.as-text");
    settings.put("debezium.source.table.include.list", "s.one,s.other");
    sql.execute("CREATE DOMAIN s.amount AS bigint");
    sql.execute("CREATE DOMAIN public.amount AS int");
    // Debezium takes one of the two for both.
    sql.execute("CREATE TABLE s.one (id int PRIMARY KEY, marks s.mark, much s.amount)");
    sql.execute("CREATE TABLE s.other (id int PRIMARY KEY, much public.amount)");
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> Engine.start(settings))
        .hasMessageContaining("column much of table s.o")
        .hasMessageContaining("rename a type");
    sql.execute("DROP TABLE s.other");
    sql.execute("DROP DOMAIN public.amount");
    sql.execute("DROP TABLE public.mark");
  }

  @Test
  void tableThatIsAlteredAllTheTimeIsReadAsItWasAtOneInstant() throws Exception {
    sql.execute("CREATE TYPE s.mood AS ENUM ('sad', 'ok')");
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, m s.mood)");
    Source source = ConfigFile.of(Engine.config(settings)).source();
    AtomicBoolean stopped = new AtomicBoolean();
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<Integer> altering = threads.submit(() -> alter(stopped));
      try {
        for (int i = 0; i < 30; i++) {
          assertThat(source.tables()).hasSize(1);
        }
      } finally {
        stopped.set(true);
      }
      assertThat(altering.get()).isGreaterThan(30);
    }
  }

  private int alter(AtomicBoolean stopped) throws SQLException {
    int times = 0;
    while (!stopped.get()) {
      sql.execute("ALTER TABLE s.t ALTER m TYPE text");
      sql.execute("ALTER TABLE s.t ALTER m TYPE s.mood USING m::s.mood");
      times++;
    }
    return times;
  }

  @Test
  void structsAndMapsComeInTheStreamAndTellRowsApart() throws Exception {
    sql.execute("CREATE EXTENSION hstore SCHEMA s");
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, n int)");
    sql.execute("CREATE TABLE s.keyless (place point, marks s.hstore)");
    sql.execute("ALTER TABLE s.keyless REPLICA IDENTITY FULL");
    sql.execute("INSERT INTO s.keyless VALUES ('(1,2)', 'a=>1'), ('(1,2)', 'a=>1'), (NULL, NULL)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("CREATE TYPE s.pair AS (x int, y text)");
      sql.execute("ALTER TABLE s.t ADD p s.pair, ADD place point, ADD marks s.hstore");
      sql.execute("ALTER TABLE s.t ALTER marks SET STORAGE EXTERNAL");
      sql.execute(
          "INSERT INTO s.t SELECT 1, 1, '(1,a)', '(0.5,2)', s.hstore('k', repeat('v', 9000))");
      sql.execute("UPDATE s.t SET n = 2");
      sql.execute("UPDATE s.keyless SET marks = 'b=>2, a=>NULL' WHERE ctid = '(0,1)'");
      sql.execute("DELETE FROM s.keyless WHERE place IS NULL");
      engine.awaitCaughtUp(connection);
    }
    assertThat(rows("t", "n", "p", "place", "marks"))
        .containsExactly(List.of("2", "(1,a)", "(0.5, 2.0)", "{k=%s}".formatted("v".repeat(9000))));
    assertThat(rows("keyless", "place", "marks"))
        .containsExactlyInAnyOrder(
            List.of("(1.0, 2.0)", "{a=1}"), List.of("(1.0, 2.0)", "{a=null, b=2}"));
  }

  /** Debezium converts them as it does values, but not all of them before Firn's converter. */
  @Test
  void columnsOfEveryTypeMayHaveDefaults() throws Exception {
    String defaults =
        "a_date date %1$s DEFAULT '2026-01-02', a_day date %1$s DEFAULT current_date,"
            + " a_time time %1$s DEFAULT '01:02', a_now time %1$s DEFAULT localtime,"
            + " a_timestamp timestamp %1$s DEFAULT now(),"
            + " a_fixed timestamp %1$s DEFAULT '2026-01-02 03:04',"
            + " an_instant timestamptz %1$s DEFAULT now(),"
            + " a_fixed_instant timestamptz %1$s DEFAULT '2026-01-02 03:04+00',"
            + " for_ever timestamp %1$s DEFAULT '-infinity',"
            + " amount money %1$s DEFAULT 12.34, a_number numeric(8,2) %1$s DEFAULT 1.5,"
            + " any_number numeric %1$s DEFAULT 2.5, some_bits bit(3) %1$s DEFAULT '101',"
            + " an_uuid uuid %1$s DEFAULT gen_random_uuid(), numbers int[] %1$s DEFAULT '{1,2}',"
            + " a_point point %1$s DEFAULT '(1,2)', a_range int4range %1$s DEFAULT '[1,2)',"
            + " a_text text %1$s DEFAULT 'x', a_json jsonb %1$s DEFAULT '{}',"
            + " an_interval interval %1$s DEFAULT '1 day', a_flag boolean %1$s DEFAULT true";
    settings.put("debezium.sink.iceberg.columns.as-text", ".*\\.for_ever, s\\.as_text\\..*");
    for (String table : List.of("optional", "required", "as_text")) {
      String constraint = table.equals("required") ? "NOT NULL" : "";
      sql.execute(
          "CREATE TABLE s.%s (id int PRIMARY KEY, %s)"
              .formatted(table, defaults.formatted(constraint)));
      sql.execute("INSERT INTO s.%s VALUES (1)".formatted(table));
      sql.execute("CREATE TABLE s.later_%s (id int PRIMARY KEY)".formatted(table));
      sql.execute("INSERT INTO s.later_%s VALUES (1)".formatted(table));
    }
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      for (String table : List.of("optional", "required", "as_text")) {
        String constraint = table.equals("required") ? "NOT NULL" : "";
        sql.execute("INSERT INTO s.%s VALUES (2)".formatted(table));
        sql.execute("UPDATE s.%s SET a_text = 'y'".formatted(table));
        sql.execute("DELETE FROM s.%s WHERE id = 1".formatted(table));
        sql.execute(
            "ALTER TABLE s.later_%s ADD %s"
                .formatted(
                    table,
                    defaults
                        .formatted(constraint)
                        .replace(", a", ", ADD a")
                        .replace(", for", ", ADD for")
                        .replace(", some", ", ADD some")
                        .replace(", numbers", ", ADD numbers")));
        sql.execute("INSERT INTO s.later_%s VALUES (2)".formatted(table));
      }
      engine.awaitCaughtUp(connection);
      for (String table : List.of("optional", "required", "as_text")) {
        assertThat(rows(table, "id", "for_ever", "a_text"))
            .containsExactly(List.of("2", "-infinity", "y"));
        engine.awaitTrue(() ->
            rows("later_" + table, "id", "for_ever")
                .equals(List.of(List.of("1", "-infinity"), List.of("2", "-infinity"))));
      }
    }
  }

  /** Whether rows come by the initial snapshot, the stream, or a reading beside it. */
  @Test
  void columnsThatDebeziumsListsLeaveOutAreNotThere() throws Exception {
    settings.put("debezium.source.column.exclude.list", "s.t.secret,s.t.routes,s.later.secret");
    sql.execute("CREATE DOMAIN s.route AS int[]");
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, secret text, routes s.route[], n int)");
    sql.execute("INSERT INTO s.t VALUES (1, 'x', NULL, 1)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO s.t VALUES (2, 'y', NULL, 2)");
      sql.execute("UPDATE s.t SET secret = 'z', n = 3 WHERE id = 1");
      sql.execute("CREATE TABLE s.later (id int PRIMARY KEY, secret text, n int)");
      sql.execute("INSERT INTO s.later VALUES (1, 'x', 1)");
      engine.awaitCaughtUp(connection);
      engine.awaitTrue(() -> isThere("later") && count("later") == 1);
    }
    for (String table : List.of("t", "later")) {
      assertThat(table(table).schema().columns())
          .extracting(column -> column.name())
          .containsExactly("id", "n");
    }
    assertThat(rows("t", "id", "n"))
        .containsExactlyInAnyOrder(List.of("1", "3"), List.of("2", "2"));
  }

  private boolean isThere(String table) {
    return Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake))
        .tableExists(TableIdentifier.of("s", table));
  }

  @Test
  void generatedColumnsAreLeftOut() throws Exception {
    sql.execute(
        "CREATE TABLE s.t (id int PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (2 * n) STORED)");
    sql.execute("INSERT INTO s.t VALUES (1, 1)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO s.t VALUES (2, 2)");
      engine.awaitCaughtUp(connection);
      assertThat(count("t")).isEqualTo(2);
      assertThat(table("t").schema().findField("twice")).isNull();
    }
  }
}
