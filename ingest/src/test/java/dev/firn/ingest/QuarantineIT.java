package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.LakeRows;
import dev.firn.writer.Lake;
import dev.firn.writer.QuarantineLog;
import dev.firn.writer.QuarantineLog.Entry;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Events of a real server that the lake cannot take as they are. */
class QuarantineIT {
  @RegisterExtension private static final SharedServer SERVER = new SharedServer();

  @TempDir Path lake;
  @TempDir Path folder;
  private Connection connection;
  private Statement sql;
  private Map<String, String> settings;

  @BeforeEach
  void makeSchema() throws SQLException {
    connection = SERVER.server().connect("postgres");
    sql = connection.createStatement();
    sql.execute("CREATE SCHEMA s");
    settings = Engine.settings(SERVER.server(), "postgres", lake);
    settings.put("debezium.source.schema.include.list", "s");
    String slot = SERVER.another("quarantine");
    settings.put("debezium.source.slot.name", slot);
    settings.put("debezium.source.publication.name", slot);
    settings.put("debezium.sink.iceberg.bad-events", "quarantine");
  }

  @AfterEach
  void dropSchema() throws SQLException {
    sql.execute("DROP SCHEMA s CASCADE");
    connection.close();
  }

  @Test
  void valueThatNoTypeHoldsIsNullAndItsEventIsKept() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, due timestamptz, day date, name text)");
    sql.execute("CREATE TABLE s.other (id int PRIMARY KEY)");
    sql.execute(
        "INSERT INTO s.t VALUES (1, 'infinity', '-infinity', 'a'), (2, '2026-01-01', NULL, 'b')");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      assertThat(rows("t", "id", "due", "name"))
          .containsExactly("1 null a", "2 2026-01-01T00:00Z b");
      assertThat(open()).containsExactly("r s.t day", "r s.t due");
      sql.execute(
          "BEGIN; INSERT INTO s.t VALUES (3, '-infinity', NULL, 'c'); INSERT INTO s.other VALUES (1); COMMIT");
      sql.execute("UPDATE s.t SET name = 'd' WHERE id = 1");
      sql.execute("DELETE FROM s.t WHERE id = 3");
      engine.awaitCaughtUp(connection);
      engine.awaitTrue(() -> log().open().getOrDefault("s.t", 0L) == 5);
      assertThat(rows("t", "id", "due", "name"))
          .containsExactly("1 null d", "2 2026-01-01T00:00Z b");
      assertThat(rows("other", "id")).containsExactly("1");
      assertThat(open())
          .containsExactly("c s.t due", "r s.t day", "r s.t due", "u s.t day", "u s.t due");
      Entry insert = entries().stream().filter(e -> e.op().equals("c")).findFirst().orElseThrow();
      assertThat(log().event(insert.id()).orElseThrow()).contains("\"name\":\"c\"", "\"id\":3");
      assertThat(insert.reason()).contains("infinite");
      replay(engine);
      assertThat(open()).containsExactly("r s.t day", "r s.t due");
      sql.execute("UPDATE s.t SET due = '2026-02-02', day = NULL WHERE id = 1");
      replay(engine);
      assertThat(open()).isEmpty();
      assertThat(rows("t", "id", "due"))
          .containsExactly("1 2026-02-02T00:00Z", "2 2026-01-01T00:00Z");
    }
  }

  @Test
  void valueThatAReadingMeetsStopsThePipelineUnlessSaidOtherwise() throws Exception {
    settings.remove("debezium.sink.iceberg.bad-events");
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute(
          "BEGIN; CREATE TABLE s.late (id int PRIMARY KEY, day date); INSERT INTO s.late VALUES (1, 'infinity'); COMMIT");
      assertThatThrownBy(() ->
              engine.awaitTrue(() -> {
                mark();
                return false;
              }))
          .hasStackTraceContaining("column day of table s.late holds");
    }
    settings.put("debezium.sink.iceberg.bad-events", "quarantine");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitTrue(() -> {
        mark();
        return log().open().getOrDefault("s.late", 0L) == 1;
      });
      assertThat(rows("late", "id", "day")).containsExactly("1 null");
    }
  }

  private void replay(Engine engine) throws Exception {
    long before = log().newest(1, entry -> true).getLast().id().batch();
    sql.execute("SELECT pg_logical_emit_message(true, 'firn.firn', '{\"resnapshot\":[\"s.t\"]}')");
    engine.awaitTrue(() -> {
      mark();
      return log().open().isEmpty()
          || log().newest(1, entry -> true).getLast().id().batch() > before;
    });
  }

  /** So that something comes. */
  private void mark() {
    try {
      var unused = Engine.mark(connection);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void eventThatCannotBeAppliedLeavesTheOthersAlone() throws Exception {
    sql.execute("CREATE TABLE s.t (at timestamptz PRIMARY KEY, name text)");
    sql.execute("INSERT INTO s.t VALUES ('2026-01-01', 'a'), ('infinity', 'b')");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      assertThat(rows("t", "name")).containsExactly("a");
      sql.execute("INSERT INTO s.t VALUES ('2026-01-02', 'c'), ('-infinity', 'd')");
      sql.execute(
          "UPDATE s.t SET at = 'infinity'::timestamptz - interval '1 day' WHERE name = 'x'");
      sql.execute("DELETE FROM s.t WHERE at = 'infinity'");
      engine.awaitCaughtUp(connection);
      engine.awaitTrue(() -> log().open().getOrDefault("s.t", 0L) == 3);
      assertThat(rows("t", "name")).containsExactly("a", "c");
      assertThat(open()).containsExactly("c s.t ", "d s.t ", "r s.t ");
    }
  }

  @Test
  void newTableIsReadBesideTheStreamAllTheSame() throws Exception {
    sql.execute("CREATE TABLE s.other (id int PRIMARY KEY)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, due date)");
      sql.execute("INSERT INTO s.t VALUES (1, 'infinity'), (2, '2026-01-01')");
      engine.awaitTrue(() -> {
        mark();
        return log().open().getOrDefault("s.t", 0L) == 1;
      });
      assertThat(rows("t", "id", "due")).containsExactly("1 null", "2 2026-01-01");
    }
  }

  @Test
  void numberThatIsNoneIsNullWhereverItIsRead() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, price numeric(8,2))");
    sql.execute("INSERT INTO s.t VALUES (1, 'NaN'), (2, -999999.99)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO s.t VALUES (3, 'NaN'), (4, 999999.99)");
      engine.awaitCaughtUp(connection);
      assertThat(rows("t", "id", "price"))
          .containsExactly("1 null", "2 -999999.99", "3 null", "4 999999.99");
      replay(engine);
      assertThat(open()).containsExactly("r s.t price", "r s.t price");
    }
  }

  @Test
  void rowsWithoutAKeyAreFoundByWhatTheLakeHas() throws Exception {
    sql.execute("CREATE TABLE s.t (due date, name text)");
    sql.execute("ALTER TABLE s.t REPLICA IDENTITY FULL");
    sql.execute("INSERT INTO s.t VALUES ('infinity', 'a'), ('infinity', 'a'), (NULL, 'a')");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("DELETE FROM s.t WHERE due = 'infinity'");
      sql.execute("UPDATE s.t SET due = '-infinity', name = 'b'");
      engine.awaitCaughtUp(connection);
      assertThat(rows("t", "due", "name")).containsExactly("null b");
    }
  }

  @Test
  void pipelineThatStoppedGoesOnOnceItMay() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, due date)");
    settings.remove("debezium.sink.iceberg.bad-events");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("INSERT INTO s.t VALUES (1, 'infinity')");
      assertThat(engine.awaitFailure())
          .hasStackTraceContaining("debezium.sink.iceberg.bad-events=quarantine");
    }
    settings.put("debezium.sink.iceberg.bad-events", "quarantine");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      engine.awaitTrue(() -> log().open().getOrDefault("s.t", 0L) == 1);
    }
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      assertThat(rows("t", "id", "due")).containsExactly("1 null");
      assertThat(open()).containsExactly("c s.t due");
    }
  }

  @Test
  void tableWhoseColumnsDoNotFitIsSetAsideUntilTheyDo() throws Exception {
    settings.put("debezium.sink.iceberg.schema.changes", "quarantine");
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, n text)");
    sql.execute("CREATE TABLE s.other (id int PRIMARY KEY)");
    sql.execute("INSERT INTO s.t VALUES (1, '1')");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute(
          "BEGIN; INSERT INTO s.t VALUES (2, '2'); ALTER TABLE s.t ALTER n TYPE int USING n::int;"
              + " INSERT INTO s.t VALUES (3, 3); INSERT INTO s.other VALUES (3); COMMIT");
      sql.execute("UPDATE s.t SET n = 4 WHERE id = 1");
      engine.awaitCaughtUp(connection);
      assertThat(rows("other", "id")).containsExactly("3");
      assertThat(rows("t", "id", "n")).containsExactly("1 1");
      engine.awaitTrue(() -> log().open().getOrDefault("s.t", 0L) == 2);
      assertThat(open()).containsExactly("c s.t ", "u s.t ");
    }
    try (Engine engine = Engine.start(settings)) {
      sql.execute("DELETE FROM s.t WHERE id = 1");
      sql.execute("INSERT INTO s.other VALUES (4)");
      engine.awaitCaughtUp(connection);
      engine.awaitTrue(() -> log().open().getOrDefault("s.t", 0L) == 3);
      assertThat(rows("other", "id")).containsExactly("3", "4");
      sql.execute("ALTER TABLE s.t ALTER n TYPE text USING n::text");
      sql.execute("INSERT INTO s.t VALUES (5, '5')");
      engine.awaitTrue(() -> {
        mark();
        return log().open().isEmpty();
      });
      assertThat(rows("t", "id", "n")).containsExactly("2 2", "3 3", "5 5");
      sql.execute("INSERT INTO s.t VALUES (6, '6')");
      engine.awaitCaughtUp(connection);
      assertThat(rows("t", "id", "n")).containsExactly("2 2", "3 3", "5 5", "6 6");
    }
  }

  @Test
  void tableWithAnotherKeyIsSetAsideAndReadOnceItHasItsOwn() throws Exception {
    settings.put("debezium.sink.iceberg.schema.changes", "quarantine");
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, n int NOT NULL)");
    sql.execute("INSERT INTO s.t VALUES (1, 1)");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
      sql.execute("ALTER TABLE s.t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (n)");
      sql.execute("INSERT INTO s.t VALUES (1, 2)");
      engine.awaitTrue(() -> {
        mark();
        return log().open().getOrDefault("s.t", 0L) == 1;
      });
      sql.execute(
          "SELECT pg_logical_emit_message(true, 'firn.firn', '{\"resnapshot\":[\"s.t\"]}')");
      sql.execute("INSERT INTO s.t VALUES (1, 3)");
      engine.awaitTrue(() -> {
        mark();
        return log().open().getOrDefault("s.t", 0L) == 2;
      });
      assertThat(rows("t", "id", "n")).containsExactly("1 1");
      sql.execute("DELETE FROM s.t WHERE n < 3");
      sql.execute("ALTER TABLE s.t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id)");
      sql.execute(
          "SELECT pg_logical_emit_message(true, 'firn.firn', '{\"resnapshot\":[\"s.t\"]}')");
      engine.awaitTrue(() -> {
        mark();
        return log().open().isEmpty();
      });
      assertThat(rows("t", "id", "n")).containsExactly("1 3");
    }
  }

  @Test
  void commandListsShowsAndDrops() throws Exception {
    sql.execute("CREATE TABLE s.t (id int PRIMARY KEY, due date, name text)");
    sql.execute("INSERT INTO s.t VALUES (1, 'infinity', 'a'), (2, 'infinity', 'b')");
    Path config = config();
    assertThat(firn("list", "--config", config.toString()))
        .containsExactly("nothing is open in the quarantine");
    try (Engine engine = Engine.start(settings)) {
      engine.awaitCaughtUp(connection);
    }
    List<String> list = firn("list", "--config", config.toString());
    assertThat(list.getFirst())
        .matches("1\\.0  \\S+Z  s\\.t  r  due is null  it holds an infinite date, which .*");
    assertThat(list).contains("s.t: 2 open");
    assertThat(String.join("\n", firn("show", "1.1", "--config", config.toString())))
        .contains("1.1: a row of table s.t (s.t in the lake), due is null", "\"name\" : \"b\"");
    assertThat(firn("show", "7.7", "--config", config.toString()).getFirst())
        .contains("there is no entry 7.7");
    assertThat(firn("show", "seven", "--config", config.toString()).getFirst())
        .contains("'seven' names no entry");
    assertThat(firn("drop", "1.1", "--config", config.toString()))
        .containsExactly("1 entries dropped");
    assertThat(open()).hasSize(1);
    assertThat(firn("drop", "--table", "t", "--config", config.toString()))
        .containsExactly("1 entries dropped");
    assertThat(firn("list", "--config", config.toString()))
        .containsExactly("nothing is open in the quarantine");
  }

  private Path config() throws IOException {
    Path file = folder.resolve("firn.properties");
    Files.writeString(
        file,
        settings.entrySet().stream()
            .map(setting -> setting.getKey() + "=" + setting.getValue())
            .collect(Collectors.joining("\n")));
    return file;
  }

  private static List<String> firn(String... args) {
    StringWriter out = new StringWriter();
    CommandLine firn = Firn.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(out));
    var unused =
        firn.execute(
            Stream.concat(Stream.of("quarantine"), Stream.of(args)).toArray(String[]::new));
    return out.toString().lines().toList();
  }

  private Catalog catalog() {
    return Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake));
  }

  private QuarantineLog log() {
    return QuarantineLog.open(
            catalog(), SinkSettings.parse(Map.of("dir", lake.toString()), 1L << 30).pipeline())
        .orElseThrow();
  }

  private List<Entry> entries() {
    return log().newest(100, Entry::isOpen);
  }

  private List<String> open() {
    return entries().stream()
        .map(e -> "%s %s %s".formatted(e.op(), e.sourceTable(), e.column().orElse("")))
        .sorted()
        .toList();
  }

  private List<String> rows(String name, String... columns) {
    Table table = catalog().loadTable(TableIdentifier.of("s", name));
    List<String> rows = new ArrayList<>();
    LakeRows.of(table, List.of(columns))
        .forEach(
            row -> rows.add(Stream.of(row).map(String::valueOf).collect(Collectors.joining(" "))));
    rows.sort(null);
    return rows;
  }
}
