package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.LakeRows;
import dev.firn.testing.PostgresServer;
import dev.firn.testing.PostgresTypes;
import dev.firn.writer.Lake;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every type of PostgreSQL from a real server into real Iceberg tables. */
class PostgresTypesIT {
  private static final int STREAMED = 1000;

  /** Of a field within a type. */
  private static final Pattern ID = Pattern.compile("\\d+: ");

  private static int rows(List<PostgresTypes.Type> types) {
    return types.stream().mapToInt(PostgresTypes.Type::size).max().orElseThrow() + 1;
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 18})
  void everyTypeArrivesExactly(int version, @TempDir Path lake) throws Exception {
    try (PostgresServer server = PostgresServer.start(version);
        Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement()) {
      for (String made : PostgresTypes.MADE) {
        sql.execute(made);
      }
      createTable(sql, "all_types", PostgresTypes.TYPES);
      createTable(sql, "variants", PostgresTypes.AS_VARIANT);
      createTable(sql, "shapes", PostgresTypes.AS_GEOMETRY);
      insert(sql, 0);
      Map<String, String> settings = Engine.settings(server, "postgres", lake);
      settings.put("debezium.sink.iceberg.columns.as-variant", "public\\.variants\\..*");
      settings.put("debezium.sink.iceberg.columns.as-geometry", "public\\.shapes\\..*");
      try (Engine engine = Engine.start(settings)) {
        engine.awaitCaughtUp(connection);
        insert(sql, STREAMED);
        engine.awaitCaughtUp(connection);
      }
      List<String> problems = new ArrayList<>();
      compare(problems, load(lake, "all_types"), PostgresTypes.TYPES);
      compare(problems, load(lake, "variants"), PostgresTypes.AS_VARIANT);
      compare(problems, load(lake, "shapes"), PostgresTypes.AS_GEOMETRY);
      assertThat(problems).isEmpty();
    }
  }

  private static void compare(List<String> problems, Table table, List<PostgresTypes.Type> types) {
    Map<Integer, List<String>> rows = rows(table);
    assertThat(rows).hasSize(2 * rows(types));
    for (int i = 0; i < types.size(); i++) {
      PostgresTypes.Type type = types.get(i);
      String found = ID.matcher(table.schema().findType("c" + i).toString()).replaceAll("");
      if (!found.equals(type.iceberg())) {
        problems.add("%s became %s, not %s".formatted(type.type(), found, type.iceberg()));
      }
      for (int row = 0; row < rows(types); row++) {
        compare(problems, type, row, "read", row(rows, row), i);
        compare(problems, type, row, "streamed", row(rows, row + STREAMED), i);
      }
    }
  }

  private static List<String> row(Map<Integer, List<String>> rows, int id) {
    return Objects.requireNonNull(rows.get(id), "no row " + id);
  }

  private static void compare(
      List<String> problems,
      PostgresTypes.Type type,
      int row,
      String how,
      List<String> found,
      int column) {
    String text = found.get(column);
    if (!text.equals(type.expected(row))) {
      problems.add("%s %s, %s: %s".formatted(type.type(), type.literal(row), how, text));
    }
  }

  private static void createTable(Statement sql, String table, List<PostgresTypes.Type> types)
      throws SQLException {
    String columns =
        IntStream.range(0, types.size())
            .mapToObj(i -> "c%d %s".formatted(i, types.get(i).type()))
            .collect(Collectors.joining(", "));
    sql.execute("CREATE TABLE %s (id integer PRIMARY KEY, %s)".formatted(table, columns));
  }

  private static void insert(Statement sql, int from) throws SQLException {
    insert(sql, "all_types", PostgresTypes.TYPES, from);
    insert(sql, "variants", PostgresTypes.AS_VARIANT, from);
    insert(sql, "shapes", PostgresTypes.AS_GEOMETRY, from);
  }

  private static void insert(Statement sql, String table, List<PostgresTypes.Type> types, int from)
      throws SQLException {
    for (int row = 0; row < rows(types); row++) {
      int at = row;
      String values =
          types.stream().map(type -> type.literal(at)).collect(Collectors.joining(", "));
      sql.execute("INSERT INTO %s VALUES (%d, %s)".formatted(table, from + row, values));
    }
  }

  private static Table load(Path lake, String table) {
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake));
    return catalog.loadTable(TableIdentifier.of("public", table));
  }

  /** The texts of each row's columns after its id. */
  private static Map<Integer, List<String>> rows(Table table) {
    List<String> columns = table.schema().columns().stream().map(Types.NestedField::name).toList();
    Map<Integer, List<String>> rows = new TreeMap<>();
    LakeRows.of(table, columns)
        .forEach(row ->
            rows.put(
                Integer.valueOf(row[0]), Arrays.stream(row).skip(1).map(String::valueOf).toList()));
    return rows;
  }
}
