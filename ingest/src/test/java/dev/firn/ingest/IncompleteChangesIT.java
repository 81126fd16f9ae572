package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.apache.iceberg.expressions.Expressions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** PostgreSQL leaves an unchanged large value out, of a row that the lake does not have. */
class IncompleteChangesIT {
  @RegisterExtension private static final SharedServer SERVER = new SharedServer();

  @TempDir private Path folder;

  private SourceAndLake open() throws Exception {
    SourceAndLake lake = SERVER.lake(folder, "incomplete");
    lake.execute("CREATE TABLE s.other (id int PRIMARY KEY)");
    return lake;
  }

  private static void awaitRows(SourceAndLake lake, Engine engine, int rows) throws Exception {
    engine.awaitTrue(() -> lake.rows("docs", "body").size() == rows);
    lake.awaitCaughtUp(engine);
  }

  @Test
  void tableIsReadAgainWhereSomebodyElseDeletedTheRow() throws Exception {
    try (SourceAndLake lake = open()) {
      lake.execute("CREATE TABLE s.docs (id int PRIMARY KEY, n int, body text)");
      lake.execute("ALTER TABLE s.docs ALTER body SET STORAGE EXTERNAL");
      lake.execute(
          "INSERT INTO s.docs SELECT i, 0, repeat('x', 4000) FROM generate_series(1, 9) AS i");
      try (Engine engine = lake.start()) {
        lake.awaitCaughtUp(engine);
        lake.table("docs").newDelete().deleteFromRowFilter(Expressions.alwaysTrue()).commit();
        lake.execute(
            "BEGIN; UPDATE s.docs SET n = 1 WHERE id = 5; INSERT INTO s.other VALUES (1); COMMIT");
        awaitRows(lake, engine, 9);
        lake.requireEqual("docs", "id");
        lake.requireEqual("other", "id");
        lake.execute("UPDATE s.docs SET n = 2 WHERE id < 5");
        lake.awaitCaughtUp(engine);
        lake.requireEqual("docs", "id");
      }
    }
  }

  @Test
  void rowIsReadWhoseKeyNoTypeCouldHold() throws Exception {
    try (SourceAndLake lake = open()) {
      lake.set("bad-events", "quarantine");
      lake.execute("CREATE TABLE s.docs (day date PRIMARY KEY, body text)");
      lake.execute("ALTER TABLE s.docs ALTER body SET STORAGE EXTERNAL");
      try (Engine engine = lake.start()) {
        lake.awaitCaughtUp(engine);
        lake.execute("INSERT INTO s.docs VALUES ('infinity', repeat('x', 4000))");
        lake.awaitCaughtUp(engine);
        assertThat(lake.rows("docs", "day")).isEmpty();
        lake.execute("UPDATE s.docs SET day = '2026-11-23'");
        awaitRows(lake, engine, 1);
        assertThat(lake.rows("docs", "day")).containsExactly(List.of("2026-11-23"));
        lake.requireEqual("docs", "day");
      }
    }
  }
}
