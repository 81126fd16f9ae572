package dev.firn.ingest.demo;

import dev.firn.testing.CanonicalRows;
import dev.firn.testing.PostgresTypes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A table with a column of every type: statements for its rows, by chance, and what they mean. */
final class EveryType {
  static final String TABLE = "every_type";

  private static final List<PostgresTypes.Type> TYPES = PostgresTypes.TYPES;
  private static final int IDS = 200;
  private static final int FETCH_ROWS = 500;

  private final SplittableRandom random;

  EveryType(SplittableRandom random) {
    this.random = random;
  }

  /** Statements that make it, with rows. */
  List<String> create() {
    List<String> made = new ArrayList<>(PostgresTypes.MADE);
    made.add(
        "CREATE TABLE shop.%s (id integer PRIMARY KEY, n integer NOT NULL, large text, %s)"
            .formatted(TABLE, each(i -> "c%d %s".formatted(i, TYPES.get(i).type()))));
    made.add("ALTER TABLE shop.%s ALTER large SET STORAGE EXTERNAL".formatted(TABLE));
    for (int id = 0; id < IDS / 4; id++) {
      made.add(insert(id));
    }
    return made;
  }

  private static String each(java.util.function.IntFunction<String> column) {
    return IntStream.range(0, TYPES.size()).mapToObj(column).collect(Collectors.joining(", "));
  }

  private String insert(int id) {
    return "INSERT INTO shop.%s VALUES (%d, 0, %s, %s) ON CONFLICT (id) DO NOTHING"
        .formatted(TABLE, id, large(), each(this::value));
  }

  private String large() {
    return "repeat('%d ', 900)".formatted(random.nextInt(1000));
  }

  /** One of the type's values, or NULL. */
  private String value(int column) {
    PostgresTypes.Type type = TYPES.get(column);
    return type.literal(random.nextInt(type.size() + 1));
  }

  /** Statements that change some rows. */
  List<String> change() {
    int id = random.nextInt(IDS);
    return switch (random.nextInt(8)) {
      case 0, 1 -> List.of(insert(id));
      case 2 -> List.of("DELETE FROM shop.%s WHERE id = %d".formatted(TABLE, id));
      case 3 ->
          List.of(
              "UPDATE shop.%1$s SET id = %3$d WHERE id = %2$d AND NOT EXISTS (SELECT FROM shop.%1$s WHERE id = %3$d)"
                  .formatted(TABLE, id, random.nextInt(IDS)));
      case 4 ->
          List.of(
              "UPDATE shop.%s SET large = %s, n = n + 1 WHERE id %% 13 = %d"
                  .formatted(TABLE, large(), id % 13));
      default -> List.of(update(id));
    };
  }

  private String update(int id) {
    int from = random.nextInt(TYPES.size());
    String values =
        IntStream.range(from, Math.min(TYPES.size(), from + 6))
            .mapToObj(i -> "c%d = %s".formatted(i, value(i)))
            .collect(Collectors.joining(", "));
    return "UPDATE shop.%s SET n = n + 1, %s WHERE id %% 7 = %d".formatted(TABLE, values, id % 7);
  }

  /** Its rows as the lake must show them: what each value becomes is known, not computed. */
  static CanonicalRows rows(Connection source) throws SQLException {
    List<Map<String, String>> shown = new ArrayList<>();
    try (Statement statement = source.createStatement()) {
      for (PostgresTypes.Type type : TYPES) {
        shown.add(shown(statement, type));
      }
    }
    return new Rows(source, shown);
  }

  /** What the lake shows for what PostgreSQL writes. */
  private static Map<String, String> shown(Statement statement, PostgresTypes.Type type)
      throws SQLException {
    Map<String, String> shown = new HashMap<>();
    for (int i = 0; i < type.size(); i++) {
      try (ResultSet written =
          statement.executeQuery("SELECT (%s::%s)::text".formatted(type.literal(i), type.type()))) {
        written.next();
        shown.put(written.getString(1), type.expected(i));
      }
    }
    return shown;
  }

  private record Rows(Connection source, List<Map<String, String>> shown) implements CanonicalRows {
    @Override
    public List<String> columns() {
      List<String> columns = new ArrayList<>(List.of("id", "n", "large"));
      IntStream.range(0, TYPES.size()).forEach(i -> columns.add("c" + i));
      return columns;
    }

    @Override
    public void forEach(Visitor visitor) {
      try (Statement statement = source.createStatement()) {
        statement.setFetchSize(FETCH_ROWS);
        try (ResultSet rows =
            statement.executeQuery(
                "SELECT id, n, large, %s FROM shop.%s"
                    .formatted(each(i -> "c%d::text".formatted(i)), TABLE))) {
          @Nullable String[] row = new @Nullable String[3 + TYPES.size()];
          while (rows.next()) {
            for (int i = 0; i < row.length; i++) {
              String text = rows.getString(i + 1);
              row[i] = i < 3 || text == null ? text : shown(i - 3, text);
            }
            visitor.row(row);
          }
        }
      } catch (SQLException e) {
        throw new IllegalStateException("cannot read " + TABLE, e);
      }
    }

    private String shown(int column, String written) {
      String text = shown.get(column).get(written);
      if (text == null) {
        throw new IllegalStateException(
            "column c%d has the unknown value %s".formatted(column, written));
      }
      return text;
    }
  }
}
