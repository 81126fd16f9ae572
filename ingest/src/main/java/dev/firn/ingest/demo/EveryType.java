package dev.firn.ingest.demo;

import dev.firn.testing.CanonicalRows;
import dev.firn.testing.SourceType;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A table with a column of every type: statements for its rows, by chance, and what they mean. */
final class EveryType {
  static final String TABLE = "every_type";

  private static final int IDS = 200;
  private static final int FETCH_ROWS = 500;

  private final TortureSql sql;
  private final List<? extends SourceType> types;
  private final SplittableRandom random;

  EveryType(TortureSql sql, SplittableRandom random) {
    this.sql = sql;
    this.types = sql.types();
    this.random = random;
  }

  /** Statements that make it, with rows. */
  List<String> create() {
    List<String> made = new ArrayList<>(sql.typesMade());
    made.add(
        "CREATE TABLE shop.%s (id integer PRIMARY KEY, n integer NOT NULL, large text, %s)"
            .formatted(TABLE, each(types, i -> "c%d %s".formatted(i, types.get(i).type()))));
    made.addAll(sql.outOfLine("shop." + TABLE, "large"));
    for (int id = 0; id < IDS / 4; id++) {
      made.add(insert(id));
    }
    return made;
  }

  private static String each(List<?> columns, IntFunction<String> column) {
    return IntStream.range(0, columns.size()).mapToObj(column).collect(Collectors.joining(", "));
  }

  private String insert(int id) {
    return "INSERT INTO shop.%s (id, n, large, %s) VALUES (%d, 0, %s, %s)%s"
        .formatted(
            TABLE,
            each(types, i -> "c" + i),
            id,
            large(),
            each(types, this::value),
            sql.unlessThere());
  }

  private String large() {
    return "repeat('%d ', 900)".formatted(random.nextInt(1000));
  }

  /** One of the type's values, or NULL. */
  private String value(int column) {
    SourceType type = types.get(column);
    return type.literal(random.nextInt(type.isRequired() ? type.size() : type.size() + 1));
  }

  /** Statements that change some rows. */
  List<String> change() {
    int id = random.nextInt(IDS);
    return switch (random.nextInt(8)) {
      case 0, 1 -> List.of(insert(id));
      case 2 -> List.of("DELETE FROM shop.%s WHERE id = %d".formatted(TABLE, id));
      case 3 ->
          List.of(
              "UPDATE shop.%1$s SET id = %3$d WHERE id = %2$d AND NOT EXISTS (SELECT 1 FROM shop.%1$s WHERE id = %3$d)"
                  .formatted(TABLE, id, random.nextInt(IDS)));
      case 4 ->
          List.of(
              "UPDATE shop.%s SET large = %s, n = n + 1 WHERE id %% 13 = %d"
                  .formatted(TABLE, large(), id % 13));
      default -> List.of(update(id));
    };
  }

  private String update(int id) {
    int from = random.nextInt(types.size());
    String values =
        IntStream.range(from, Math.min(types.size(), from + 6))
            .mapToObj(i -> ", c%d = %s".formatted(i, value(i)))
            .collect(Collectors.joining());
    return "UPDATE shop.%s SET n = n + 1%s WHERE id %% 7 = %d".formatted(TABLE, values, id % 7);
  }

  /** Its rows as the lake must show them: what each value becomes is known, not computed. */
  static CanonicalRows rows(TortureSql sql, Connection source) throws SQLException {
    List<Shown> shown = new ArrayList<>();
    try (Statement statement = source.createStatement()) {
      for (String each : sql.session()) {
        statement.execute(each);
      }
      for (SourceType type : sql.types()) {
        shown.add(shown(sql, statement, type));
      }
    }
    return new Rows(sql, source, shown);
  }

  /** What the lake shows for what the source writes. */
  private interface Shown {
    @Nullable String of(String written);
  }

  private static Shown shown(TortureSql sql, Statement statement, SourceType type)
      throws SQLException {
    if (type.isGenerated()) {
      return written -> written;
    }
    Map<String, Optional<String>> shown = new HashMap<>();
    for (int i = 0; i < type.size(); i++) {
      shown.put(sql.written(statement, type, i), type.shown(i));
    }
    return written ->
        Optional.ofNullable(shown.get(written))
            .orElseThrow(() -> new IllegalStateException("the unknown value " + written))
            .orElse(null);
  }

  private record Rows(TortureSql sql, Connection source, List<Shown> shown)
      implements CanonicalRows {
    @Override
    public List<String> columns() {
      List<String> columns = new ArrayList<>(List.of("id", "n", "large"));
      IntStream.range(0, shown.size()).forEach(i -> columns.add("c" + i));
      return columns;
    }

    @Override
    public void forEach(Visitor visitor) {
      try (Statement statement = source.createStatement()) {
        statement.setFetchSize(FETCH_ROWS);
        try (ResultSet rows = statement.executeQuery(query())) {
          @Nullable String[] row = new @Nullable String[3 + shown.size()];
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

    private String query() {
      return "SELECT id, n, large, %s FROM shop.%s".formatted(each(shown, this::selected), TABLE);
    }

    private String selected(int i) {
      return sql.types().get(i).isGenerated() ? "c" + i : sql.written("c" + i);
    }

    private @Nullable String shown(int column, String written) {
      try {
        return shown.get(column).of(written);
      } catch (IllegalStateException e) {
        throw new IllegalStateException("column c%d has %s".formatted(column, e.getMessage()), e);
      }
    }
  }
}
