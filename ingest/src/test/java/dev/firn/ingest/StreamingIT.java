package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.ReplayedRows;
import dev.firn.testing.RowComparison;
import dev.firn.testing.SourceRows;
import dev.firn.writer.Lake;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What the stream of a real server brings, compared with the server value by value. */
class StreamingIT {
  @RegisterExtension private static final SharedServer SERVER = new SharedServer();

  @TempDir Path lake;
  private Connection connection;
  private Statement sql;
  private String slot;
  private Map<String, String> settings;

  @BeforeEach
  void makeSchema() throws SQLException {
    connection = SERVER.server().connect("postgres");
    sql = connection.createStatement();
    sql.execute("CREATE SCHEMA s");
    settings = Engine.settings(SERVER.server(), "postgres", lake);
    settings.put("debezium.source.schema.include.list", "s");
    slot = SERVER.another("streaming");
    settings.put("debezium.source.slot.name", slot);
    settings.put("debezium.source.publication.name", slot);
  }

  @AfterEach
  void dropSchema() throws SQLException {
    sql.execute("DROP SCHEMA s CASCADE");
    connection.close();
  }

  @Test
  void insertsUpdatesDeletesAndChangedKeys() throws Exception {
    sql.execute("CREATE TABLE s.t (a int, b text, c numeric(8,2), PRIMARY KEY (a, b))");
    sql.execute("INSERT INTO s.t SELECT i, 'b' || i, i FROM generate_series(1, 100) i");
    try (Engine engine = Engine.start(settings)) {
      sql.execute("UPDATE s.t SET c = c + 1 WHERE a % 3 = 0");
      sql.execute("DELETE FROM s.t WHERE a % 5 = 0");
      sql.execute("UPDATE s.t SET a = a + 1000, b = 'moved' WHERE a % 7 = 0");
      sql.execute("BEGIN; INSERT INTO s.t VALUES (1, 'x', 1); DELETE FROM s.t; ROLLBACK");
      sql.execute(
          "BEGIN; DELETE FROM s.t WHERE a = 1; INSERT INTO s.t VALUES (1, 'b1', 7); COMMIT");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("a", "b"));
    }
  }

  @Test
  void largeValuesThatPostgresDoesNotSendAgainAreKept() throws Exception {
    sql.execute(
        "CREATE TABLE s.t (id int PRIMARY KEY, n int, big text, bytes bytea, doc jsonb, bits varbit)");
    sql.execute(
        "ALTER TABLE s.t ALTER big SET STORAGE EXTERNAL, ALTER bytes SET STORAGE EXTERNAL,"
            + " ALTER doc SET STORAGE EXTERNAL, ALTER bits SET STORAGE EXTERNAL");
    insertLarge(1);
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("UPDATE s.t SET n = 2");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
      insertLarge(2);
      sql.execute("BEGIN; UPDATE s.t SET n = 3; UPDATE s.t SET n = 4; COMMIT");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
    }
  }

  private void insertLarge(int id) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO s.t VALUES (?, 1, repeat('x', 5000), convert_to(repeat('y', 5000), 'UTF8'),"
                + " jsonb_build_object('k', repeat('z', 5000)), repeat('01', 20000)::varbit)")) {
      insert.setInt(1, id);
      insert.execute();
    }
  }

  /** Streamed one by one, in one batch, in one transaction and in a large one; told as well. */
  @Test
  void largeValuesGoAlongWithAChangedKey() throws Exception {
    settings.put("debezium.sink.iceberg.transaction.max-bytes-in-memory", "64kb");
    sql.execute("CREATE TABLE s.t (id int, line text, n int, big text, PRIMARY KEY (id, line))");
    sql.execute("ALTER TABLE s.t ALTER big SET STORAGE EXTERNAL");
    sql.execute(
        "INSERT INTO s.t SELECT i, 'x', i, repeat(i || ' ', 2000) FROM generate_series(1, 40) i");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("UPDATE s.t SET id = id + 1000 WHERE id % 3 = 0");
      sql.execute("UPDATE s.t SET line = 'y', n = 0 WHERE id % 5 = 0");
      sql.execute(
          "BEGIN; UPDATE s.t SET id = -1 WHERE id = 1; UPDATE s.t SET id = 1 WHERE id = 2;"
              + " UPDATE s.t SET id = 2 WHERE id = -1; UPDATE s.t SET n = -1 WHERE id < 3; COMMIT");
      sql.execute(
          "BEGIN; INSERT INTO s.t VALUES (50, 'x', 1, repeat('new ', 2000));"
              + " UPDATE s.t SET id = 51 WHERE id = 50; UPDATE s.t SET id = 52 WHERE id = 51;"
              + " UPDATE s.t SET n = 7 WHERE id = 52; COMMIT");
      sql.execute(
          "BEGIN; UPDATE s.t SET id = id + 2000; UPDATE s.t SET n = n + 1;"
              + " UPDATE s.t SET id = id - 2000; DELETE FROM s.t WHERE id = 7; COMMIT");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id", "line"));
    }
    requireToldEqual("t", List.of("id", "line"));
  }

  /** PostgreSQL keeps a key of more than 2 kB as any other large value. */
  @Test
  void keyMayBeALargeValueItself() throws Exception {
    sql.execute("CREATE TABLE s.t (k text PRIMARY KEY, n int, big text)");
    sql.execute("ALTER TABLE s.t ALTER k SET STORAGE EXTERNAL, ALTER big SET STORAGE EXTERNAL");
    sql.execute(
        "INSERT INTO s.t SELECT repeat(chr(64 + i), 2500), i, repeat('b' || i, 3000)"
            + " FROM generate_series(1, 9) i");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("UPDATE s.t SET n = n + 1 WHERE n > 3");
      sql.execute("UPDATE s.t SET k = rpad('x' || n, 2500, 'y') WHERE n > 5");
      sql.execute("UPDATE s.t SET big = 'small', n = -1 WHERE n = 6");
      sql.execute("DELETE FROM s.t WHERE n = 8");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("k"));
    }
    requireToldEqual("t", List.of("k"));
  }

  /** At the source they are one key; here a row is found by the key as it was written. */
  @Test
  void keysMayDifferInTheirCaseAlone() throws Exception {
    sql.execute("CREATE EXTENSION citext SCHEMA s");
    sql.execute("SET search_path = public, s");
    sql.execute(
        "CREATE COLLATION s.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
    sql.execute(
        "CREATE TABLE s.t (k text COLLATE s.ci, c s.citext, p char(4), n int, PRIMARY KEY (k, c, p))");
    sql.execute(
        "INSERT INTO s.t VALUES ('Ärger', 'Abc', 'x', 1), ('wort', 'ABC', 'x ', 2),"
            + " ('Wort', 'd', 'y', 3), ('', '', '', 4)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("UPDATE s.t SET n = n + 10 WHERE k = 'ÄRGER' OR c = 'D'");
      sql.execute("UPDATE s.t SET k = 'WORT' WHERE k = 'word' OR k = 'wort'");
      sql.execute(
          "BEGIN; DELETE FROM s.t WHERE c = 'abc' AND n = 2;"
              + " INSERT INTO s.t VALUES ('WoRt', 'aBC', 'x', 5); UPDATE s.t SET c = upper(c::text); COMMIT");
      sql.execute(
          "INSERT INTO s.t VALUES ('ärger', 'ABC', 'x', 6) ON CONFLICT (k, c, p) DO UPDATE SET n = 7");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("k", "c", "p"));
      assertThat(count("t")).isEqualTo(4);
    }
    requireToldEqual("t", List.of("k", "c", "p"));
  }

  /** Then rows may have the same key for a moment, within a statement or a transaction. */
  @Test
  void keyThatIsCheckedLaterIsRefusedAtTheStart() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY DEFERRABLE, n int)");
    sql.execute("ALTER TABLE s.t REPLICA IDENTITY FULL");
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> Engine.start(settings))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("the primary key of table s.t is DEFERRABLE");
    sql.execute("ALTER TABLE s.t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id)");
    try (Engine engine = Engine.start(settings)) {
      sql.execute("INSERT INTO s.t VALUES (1, 1)");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
    }
  }

  @Test
  void truncateEmptiesTheTable() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY)");
    sql.execute("INSERT INTO s.t SELECT generate_series(1, 10)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute(
          "BEGIN; INSERT INTO s.t VALUES (11); TRUNCATE s.t; INSERT INTO s.t VALUES (3); COMMIT");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
      assertThat(count("t")).isEqualTo(1);
    }
  }

  /** PostgreSQL decodes the log by the catalog as it was then, unless it has the table open. */
  @Test
  void rowsFromBeforeAnAlterationAreWhatTheyWereAlsoWhenNobodyFollowed() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, n int, m smallint, big text)");
    sql.execute("ALTER TABLE s.t ALTER big SET STORAGE EXTERNAL");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
    }
    for (int i = 0; i < 20; i++) {
      sql.execute("INSERT INTO s.t VALUES (%1$d, %1$d, 7, repeat('b', 5000))".formatted(i));
    }
    sql.execute("ALTER TABLE s.t ALTER n TYPE bigint, ALTER m TYPE int");
    sql.execute("INSERT INTO s.t VALUES (100, 1::bigint << 40, 1 << 20, 'last')");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
    }
  }

  /** It empties a table for snapshots that were taken before it, too. */
  @Test
  void truncateWaitsForTheInitialSnapshot() throws Exception {
    sql.execute("CREATE TABLE s.a (id int PRIMARY KEY)");
    sql.execute("INSERT INTO s.a SELECT generate_series(1, 60000)");
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, n int, big text)");
    sql.execute("ALTER TABLE s.t ALTER big SET STORAGE EXTERNAL");
    sql.execute("INSERT INTO s.t VALUES (1, 1, repeat('x', 5000)), (2, 1, repeat('y', 5000))");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitTrue(this::isLocked);
      sql.execute("UPDATE s.t SET n = 2");
      sql.execute("TRUNCATE s.t");
      sql.execute("INSERT INTO s.t VALUES (3, 3, 'z')");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
    }
  }

  /** Whether the initial snapshot has its locks. */
  private boolean isLocked() {
    try (ResultSet found =
        sql.executeQuery(
            "SELECT count(*) FROM pg_locks WHERE relation = 's.t'::regclass"
                + " AND mode = 'AccessShareLock' AND pid <> pg_backend_pid()")) {
      return found.next() && found.getInt(1) > 0;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

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
  void rowsGetWhatAnAddedColumnHasFilledIn() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY)");
    sql.execute("INSERT INTO s.t VALUES (1), (2)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("ALTER TABLE s.t ADD made text DEFAULT md5(random()::text)");
      sql.execute("INSERT INTO s.t VALUES (3)");
      engine.awaitTrue(() -> isEqual("t", List.of("id")));
      sql.execute("ALTER TABLE s.t ADD numbers bigint[] DEFAULT '{7,8}'");
      sql.execute("INSERT INTO s.t VALUES (4)");
      engine.awaitTrue(() -> isEqual("t", List.of("id")));
      sql.execute("CREATE DOMAIN s.status AS text DEFAULT 'new' CHECK (VALUE <> '')");
      sql.execute("ALTER TABLE s.t ADD st s.status");
      sql.execute("INSERT INTO s.t VALUES (5)");
      engine.awaitTrue(() -> isEqual("t", List.of("id")));
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
  void tableWithoutKeyKeepsItsDuplicates() throws Exception {
    sql.execute("CREATE TABLE s.t (a int, b text)");
    sql.execute("ALTER TABLE s.t REPLICA IDENTITY FULL");
    sql.execute("INSERT INTO s.t VALUES (1, 'x'), (1, 'x'), (2, NULL)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO s.t VALUES (1, 'x'), (3, 'y')");
      sql.execute("DELETE FROM s.t WHERE ctid = (SELECT min(ctid) FROM s.t WHERE a = 1)");
      sql.execute("UPDATE s.t SET b = 'z' WHERE a = 2");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("a", "b"));
    }
  }

  @Test
  void emptyTablesExist() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      assertThat(count("t")).isZero();
      sql.execute("INSERT INTO s.t VALUES (1)");
      engine.awaitCaughtUp(connection);
      assertThat(count("t")).isEqualTo(1);
    }
  }

  @Test
  void transactionLargerThanTheBudgetIsOneBatch() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, n int)");
    sql.execute("INSERT INTO s.t SELECT i, 0 FROM generate_series(1, 20000) i");
    settings.put("debezium.sink.iceberg.memory", "1mb");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute(
          "BEGIN; UPDATE s.t SET n = 1; DELETE FROM s.t WHERE id <= 100;"
              + " UPDATE s.t SET n = 2 WHERE id > 19000; COMMIT");
      sql.execute("INSERT INTO s.t VALUES (0, 0)");
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
    }
  }

  @Test
  void goesOnAfterAStopWithoutReadingAgain() throws Exception {
    sql.execute("CREATE TABLE s.t (id serial PRIMARY KEY, n int)");
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    for (int run = 0; run < 4; run++) {
      sql.execute("INSERT INTO s.t (n) SELECT i FROM generate_series(1, 50) i");
      try (Engine engine = Engine.start(settings)) {
        for (int i = 0; i < 20; i++) {
          sql.execute("UPDATE s.t SET n = n + 1 WHERE id % 11 = " + random.nextInt(11));
        }
        if (run % 2 == 0) {
          engine.awaitCaughtUp(connection);
        }
      }
    }
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      requireEqual("t", List.of("id"));
    }
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
  void changedSchemaStopsWithItsColumnWhereThatIsWanted() throws Exception {
    settings.put("debezium.sink.iceberg.schema.changes", "stop");
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, n int)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("ALTER TABLE s.t ADD more text");
      sql.execute("INSERT INTO s.t VALUES (1, 1, 'x')");
      assertThat(engine.awaitFailure()).hasMessageContaining("column more (string) is new");
    }
  }

  @Test
  void slotOfSomeoneElseIsNotDropped() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY)");
    sql.execute("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(slot));
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> Engine.start(settings))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("replication slot %s exists", slot);
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

  private void requireEqual(String table, List<String> key) throws SQLException {
    RowComparison.Result result = compare(table, key);
    assertThat(result.differences()).isEmpty();
    assertThat(result.lakeRows()).isEqualTo(result.sourceRows());
  }

  /** What the baseline and the changelog lead to. */
  private void requireToldEqual(String table, List<String> key) throws SQLException {
    try (Connection reading = SERVER.server().connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "s", table);
      ReplayedRows told =
          ReplayedRows.of(table(table), table(table + "_changelog"), source.columns(), key);
      assertThat(RowComparison.compare(source, told, key).differences()).isEmpty();
    }
  }

  /** Whether the table has all columns of its source and is equal. */
  private boolean isEqual(String table, List<String> key) {
    try {
      RowComparison.Result result = compare(table, key);
      return result.differences().isEmpty() && result.lakeRows() == result.sourceRows();
    } catch (IllegalArgumentException e) {
      return false;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private RowComparison.Result compare(String table, List<String> key) throws SQLException {
    try (Connection reading = SERVER.server().connect("postgres")) {
      reading.setAutoCommit(false);
      SourceRows source = SourceRows.of(reading, "s", table);
      return RowComparison.compare(source, LakeRows.of(table(table), source.columns()), key);
    }
  }

  private List<List<String>> rows(String table, String... columns) {
    List<List<String>> rows = new ArrayList<>();
    LakeRows.of(table(table), List.of(columns))
        .forEach(row -> rows.add(Stream.of(row).map(String::valueOf).toList()));
    return rows;
  }

  private long count(String table) {
    long[] rows = new long[1];
    LakeRows.of(table(table), List.of(table(table).schema().columns().getFirst().name()))
        .forEach(row -> rows[0]++);
    return rows[0];
  }

  private org.apache.iceberg.Table table(String name) {
    return Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake)).loadTable(TableIdentifier.of("s", name));
  }
}
