package dev.firn.ingest;

import dev.firn.ingest.log.LsnPosition;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The faults on PostgreSQL 18, and those that are the same in each version. */
class SourceFaults18IT extends SourceFaults {
  SourceFaults18IT() {
    super(18);
  }

  @Test
  void slotMadeAnewByHandIsRefused() throws Exception {
    Map<String, String> settings = stoppedPipeline();
    sql.execute("SELECT pg_drop_replication_slot('%s')".formatted(slot()));
    sql.execute("UPDATE t SET n = 7 WHERE id = 50");
    sql.execute("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(slot()));
    refusesAndSaysWays(settings, "ahead of the lake at");
    recovers(settings);
  }

  @Test
  void slotIsNeverAheadOfTheControlTable() throws Exception {
    Map<String, String> settings = pipeline();
    settings.put("debezium.source.table.include.list", "public.t");
    for (int round = 0; round < 3; round++) {
      try (Engine engine = Engine.start(settings)) {
        sql.execute("UPDATE t SET n = n + 1 WHERE id <= 10");
        for (int i = 0; i < 20; i++) {
          sql.execute("INSERT INTO log VALUES ('not captured')");
          LsnPosition unused = Engine.mark(connection);
        }
        engine.awaitCaughtUp(connection);
        // Where acknowledgements outran the control table this would let them.
        engine.awaitTrue(() -> confirmed().lsn() > 0);
      }
      // The next start would refuse a slot that is ahead.
    }
    sql.execute("UPDATE t SET n = 3 WHERE id = 50");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
    }
    equal("t", List.of("id"), settings);
  }

  @Test
  void tableLeftOutOfThePublicationForATimeIsReadAgain() throws Exception {
    Map<String, String> settings = stoppedPipeline();
    sql.execute("ALTER PUBLICATION firn_%s DROP TABLE t, log".formatted(name));
    sql.execute("UPDATE t SET n = 7 WHERE id = 50");
    sql.execute("DELETE FROM t WHERE id = 51");
    sql.execute("INSERT INTO log VALUES ('not told of')");
    sql.execute("ALTER PUBLICATION firn_%s ADD TABLE t, log".formatted(name));
    sql.execute("INSERT INTO log VALUES ('told of')");
    try (Engine engine = Engine.start(settings)) {
      readAgain(engine, settings);
      // And while it runs.
      sql.execute("ALTER PUBLICATION firn_%s DROP TABLE t".formatted(name));
      sql.execute("UPDATE t SET n = 8 WHERE id = 60");
      sql.execute("ALTER PUBLICATION firn_%s ADD TABLE t".formatted(name));
      sql.execute("UPDATE t SET n = 9 WHERE id = 61");
      readAgain(engine, settings);
      // And when nobody puts it back.
      sql.execute("ALTER PUBLICATION firn_%s DROP TABLE t".formatted(name));
      sql.execute("UPDATE t SET n = 10 WHERE id = 62");
      readAgain(engine, settings);
    }
  }

  @Test
  void rowThatNobodyWasToldOfChangesWithoutItsLargeValue() throws Exception {
    sql.execute("CREATE TABLE docs (id int PRIMARY KEY, n int, body text)");
    sql.execute("ALTER TABLE docs ALTER body SET STORAGE EXTERNAL");
    Map<String, String> settings = pipeline();
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("ALTER PUBLICATION firn_%s DROP TABLE docs".formatted(name));
      sql.execute(
          "INSERT INTO docs SELECT i, 0, repeat('x', 4000) FROM generate_series(1, 9) AS i");
      Instant until = Instant.now().plusSeconds(8);
      engine.awaitTrue(() -> {
        change();
        return Instant.now().isAfter(until) && engine.run().status(until).readings().isEmpty();
      });
      engine.awaitCaughtUp(connection);
    }
    equal("docs", List.of("id"), settings);
  }

  private void change() {
    try {
      sql.execute("UPDATE docs SET n = n + 1");
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void slotOfAnotherPluginIsRefused() throws Exception {
    Map<String, String> settings = stoppedPipeline();
    sql.execute("SELECT pg_drop_replication_slot('%s')".formatted(slot()));
    sql.execute("SELECT pg_create_physical_replication_slot('%s')".formatted(slot()));
    refusesAndSaysWays(settings, "another one than this pipeline has made: plugin none");
  }

  @Test
  void publicationThatIsDroppedWhileRunningStopsThePipeline() throws Exception {
    Map<String, String> settings = pipeline();
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("DROP PUBLICATION firn_" + name);
      stops(engine, "publication", "--new-slot");
    }
  }

  /** Else its changes up to the day on which it is added would never come. */
  @Test
  void publicationThatLacksATableIsRefusedBeforeTheFirstReading() throws Exception {
    Map<String, String> settings = pipeline();
    settings.put("debezium.source.publication.autocreate.mode", "disabled");
    sql.execute("CREATE PUBLICATION firn_%s FOR TABLE t".formatted(name));
    refuses(settings, "lacks table public.log", "ALTER PUBLICATION", "Ways on");
    sql.execute("ALTER PUBLICATION firn_%s ADD TABLE log".formatted(name));
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO log VALUES ('told of')");
      engine.awaitCaughtUp(connection);
    }
    equal("t", List.of("id"), settings);
    equal("log", List.of(), settings);
  }
}
