package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** What the stream of a real server brings, compared with the server value by value. */
class StreamingIT extends StreamedSchema {
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
}
