package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code firn check} as its user sees it, beside a server with and without what it needs. */
class CheckIT {
  private static PostgresServer server;

  @TempDir private Path folder;

  @BeforeAll
  static void startServer() throws SQLException {
    server = PostgresServer.start(18);
    sql(
        "CREATE TABLE orders (id int PRIMARY KEY, note text)",
        "CREATE TABLE notes (note text)",
        "ALTER TABLE notes REPLICA IDENTITY FULL",
        "CREATE ROLE reader LOGIN");
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Test
  void allIsWell() throws Exception {
    Application.Printed printed = check(Map.of());
    assertThat(printed.exit()).as(printed.text()).isZero();
    assertThat(printed.text())
        .contains("ok      wal_level")
        .contains("ok      table public.orders")
        .contains("key id")
        .contains("ok      table public.notes")
        .contains("ok      write, read and delete a file")
        .doesNotContain("FAILED");
  }

  @Test
  void nothingIsLeftBehind() throws Exception {
    check(Map.of());
    try (Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement();
        var slots = sql.executeQuery("SELECT count(*) FROM pg_replication_slots")) {
      slots.next();
      assertThat(slots.getInt(1)).isZero();
    }
    try (var left = Files.walk(folder.resolve("lake"))) {
      assertThat(left.filter(path -> path.toString().endsWith(".parquet"))).isEmpty();
    }
  }

  @Test
  void roleWithoutReplicationIsNamed() throws Exception {
    Application.Printed printed = check(Map.of("debezium.source.database.user", "reader"));
    assertThat(printed.exit()).isEqualTo(2);
    assertThat(printed.text())
        .contains("FAILED  replication privilege")
        .contains("ALTER ROLE reader REPLICATION");
  }

  @Test
  void tableWithoutAKeyIsNamedUnlessItOnlyGrows() throws Exception {
    sql("CREATE TABLE lines (line text UNIQUE)");
    try {
      Application.Printed printed = check(Map.of());
      assertThat(printed.exit()).isEqualTo(2);
      assertThat(printed.text())
          .contains("FAILED  table public.lines")
          .contains("run ALTER TABLE \"public\".\"lines\" REPLICA IDENTITY FULL")
          .contains("keyless.tables=append-only");
      printed = check(Map.of(SinkSettings.PREFIX + "keyless.tables", "append-only"));
      assertThat(printed.exit()).as(printed.text()).isZero();
      assertThat(printed.text()).contains("rows are only added");
    } finally {
      sql("DROP TABLE lines");
    }
  }

  @Test
  void columnThatCannotBeStoredIsNamed() throws Exception {
    sql("CREATE DOMAIN route AS int[]");
    sql("CREATE TABLE shapes (id int PRIMARY KEY, routes route[])");
    try {
      Application.Printed printed = check(Map.of());
      assertThat(printed.exit()).isEqualTo(2);
      assertThat(printed.text())
          .contains("FAILED  tables")
          .contains("public.shapes has type _route");
    } finally {
      sql("DROP TABLE shapes");
      sql("DROP DOMAIN route");
    }
  }

  @Test
  void columnOfSeveralDimensionsIsWarnedOf() throws Exception {
    sql("CREATE TABLE grids (id int PRIMARY KEY, cells int[][], line int[])");
    try {
      Application.Printed printed = check(Map.of());
      assertThat(printed.exit()).as(printed.text()).isZero();
      assertThat(printed.text())
          .contains("warn    column public.grids.cells")
          .contains("debezium.source.column.exclude.list=public.grids.cells")
          .doesNotContain("public.grids.line");
    } finally {
      sql("DROP TABLE grids");
    }
  }

  @Test
  void columnThatMayBeInfiniteUnseenIsWarnedOf() throws Exception {
    sql("CREATE TABLE stays (id int PRIMARY KEY, a interval, b interval CHECK (isfinite(b)))");
    try {
      Application.Printed printed = check(Map.of());
      assertThat(printed.exit()).as(printed.text()).isZero();
      assertThat(printed.text())
          .contains("warn    column public.stays.a")
          .contains("ADD CHECK (isfinite(\"a\"))")
          .doesNotContain("public.stays.b");
    } finally {
      sql("DROP TABLE stays");
    }
  }

  @Test
  void serverThatIsNotThereIsNamed() throws Exception {
    Application.Printed printed = check(Map.of("debezium.source.database.port", "1"));
    assertThat(printed.exit()).isEqualTo(2);
    assertThat(printed.text())
        .contains("FAILED  connection")
        .contains(":1")
        .contains("ok      catalog");
  }

  @Test
  void folderThatCannotBeWrittenIsNamed() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "");
    Application.Printed printed =
        check(Map.of("debezium.sink.iceberg.dir", file.resolve("lake").toString()));
    assertThat(printed.exit()).isEqualTo(2);
    assertThat(printed.text()).contains("debezium.sink.iceberg.dir").contains(file.toString());
  }

  @Test
  void jsonNamesEachCheck() throws Exception {
    Application.Printed printed = check(Map.of(), "--json");
    assertThat(printed.exit()).isZero();
    assertThat(printed.text()).contains("\"name\" : \"wal_level\"", "\"state\" : \"ok\"");
  }

  private Application.Printed check(Map<String, String> changed, String... options)
      throws IOException, InterruptedException {
    Map<String, String> settings =
        new TreeMap<>(Engine.settings(server, "postgres", folder.resolve("lake")));
    settings.putAll(changed);
    List<String> lines =
        settings.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    Path file = Files.write(folder.resolve("ingest.properties"), lines);
    List<String> words = new ArrayList<>(List.of("check", "--config", file.toString()));
    words.addAll(List.of(options));
    return Application.run(Map.of(), words.toArray(String[]::new));
  }

  private static void sql(String... statements) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement()) {
      for (String statement : statements) {
        sql.execute(statement);
      }
    }
  }
}
