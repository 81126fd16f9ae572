package dev.firn.ingest;

import static dev.firn.ingest.PostgresTypes.TYPES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import dev.firn.writer.Lake;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
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
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every type of PostgreSQL from a real server into real Iceberg tables. */
class PostgresTypesIT {
  private static final int STREAMED = 1000;

  /** Of a field within a type. */
  private static final Pattern ID = Pattern.compile("\\d+: ");

  private static final int ROWS =
      TYPES.stream().mapToInt(type -> type.values().size() / 2).max().orElseThrow() + 1;

  @ParameterizedTest
  @ValueSource(ints = {16, 18})
  void everyTypeArrivesExactly(int version, @TempDir Path lake) throws Exception {
    try (PostgresServer server = PostgresServer.start(version);
        Connection connection = server.connect("postgres");
        Statement sql = connection.createStatement()) {
      createTable(sql);
      insert(sql, 0);
      List<String> problems = new ArrayList<>();
      try (Engine engine = Engine.start(Engine.settings(server, "postgres", lake))) {
        engine.awaitCaughtUp(connection);
        insert(sql, STREAMED);
        engine.awaitCaughtUp(connection);
      }
      Table table = load(lake);
      Map<Integer, Record> rows = rows(table);
      assertThat(rows).hasSize(2 * ROWS);
      for (int i = 0; i < TYPES.size(); i++) {
        PostgresTypes.Type type = TYPES.get(i);
        String found = ID.matcher(table.schema().findType("c" + i).toString()).replaceAll("");
        if (!found.equals(type.iceberg())) {
          problems.add("%s became %s, not %s".formatted(type.type(), found, type.iceberg()));
        }
        for (int row = 0; row < ROWS; row++) {
          compare(problems, type, row, "read", row(rows, row), i);
          compare(problems, type, row, "streamed", row(rows, row + STREAMED), i);
        }
      }
      assertThat(problems).isEmpty();
    }
  }

  private static Record row(Map<Integer, Record> rows, int id) {
    return Objects.requireNonNull(rows.get(id), "no row " + id);
  }

  private static void compare(
      List<String> problems,
      PostgresTypes.Type type,
      int row,
      String how,
      Record found,
      int column) {
    String text = text(found.getField("c" + column));
    if (!text.equals(type.expected(row))) {
      problems.add("%s %s, %s: %s".formatted(type.type(), type.literal(row), how, text));
    }
  }

  private static void createTable(Statement sql) throws SQLException {
    for (String made : PostgresTypes.MADE) {
      sql.execute(made);
    }
    String columns =
        IntStream.range(0, TYPES.size())
            .mapToObj(i -> "c%d %s".formatted(i, TYPES.get(i).type()))
            .collect(Collectors.joining(", "));
    sql.execute("CREATE TABLE all_types (id integer PRIMARY KEY, " + columns + ")");
  }

  private static void insert(Statement sql, int from) throws SQLException {
    for (int row = 0; row < ROWS; row++) {
      int at = row;
      String values =
          TYPES.stream().map(type -> type.literal(at)).collect(Collectors.joining(", "));
      sql.execute("INSERT INTO all_types VALUES (%d, %s)".formatted(from + row, values));
    }
  }

  private static Table load(Path lake) {
    Catalog catalog = Lake.open(Lake.DEFAULT_NAME, Engine.lake(lake));
    return catalog.loadTable(TableIdentifier.of("public", "all_types"));
  }

  private static Map<Integer, Record> rows(Table table) throws Exception {
    Map<Integer, Record> rows = new TreeMap<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(table).build()) {
      for (Record row : read) {
        rows.put((Integer) row.getField("id"), row.copy());
      }
    }
    return rows;
  }

  private static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case java.math.BigDecimal decimal -> decimal.toPlainString();
      case ByteBuffer bytes -> {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        yield HexFormat.of().formatHex(copy);
      }
      case List<?> list ->
          list.stream().map(PostgresTypesIT::text).collect(Collectors.joining(", ", "[", "]"));
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(entry -> text(entry.getKey()) + "=" + text(entry.getValue()))
              .collect(Collectors.joining(", ", "{", "}"));
      case Record struct ->
          IntStream.range(0, struct.size())
              .mapToObj(i -> text(struct.get(i)))
              .collect(Collectors.joining(", ", "(", ")"));
      default -> value.toString();
    };
  }
}
