package dev.firn.testing;

import static java.util.Objects.requireNonNull;

import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A table of PostgreSQL or MariaDB, read through JDBC a few thousand rows at a time. */
public final class SourceRows implements CanonicalRows {
  private static final int FETCH_ROWS = 2000;

  private final Connection connection;
  private final String schema;
  private final String table;
  private final List<String> columns;

  private SourceRows(Connection connection, String schema, String table, List<String> columns) {
    this.connection = connection;
    this.schema = schema;
    this.table = table;
    this.columns = columns;
  }

  /**
   * The rows of a table as the connection's transaction sees them.
   *
   * @param connection with auto-commit off, so that the driver fetches in portions; at isolation
   *     level REPEATABLE READ all tables read through it are of one moment
   */
  public static SourceRows of(Connection connection, String schema, String table) {
    requireNonNull(connection, "connection is null");
    try (ResultSet found = columns(connection, schema, table)) {
      List<String> columns = new ArrayList<>();
      while (found.next()) {
        columns.add(found.getString("COLUMN_NAME"));
      }
      if (columns.isEmpty()) {
        throw new IllegalArgumentException("no table %s.%s".formatted(schema, table));
      }
      return new SourceRows(connection, schema, table, List.copyOf(columns));
    } catch (SQLException e) {
      throw new IllegalStateException("cannot read the columns of " + table, e);
    }
  }

  private static ResultSet columns(Connection connection, String schema, String table)
      throws SQLException {
    return isMariaDb(connection)
        ? connection.getMetaData().getColumns(schema, null, table, null)
        : connection.getMetaData().getColumns(null, schema, table, null);
  }

  /** Whose databases are what JDBC calls catalogs. */
  private static boolean isMariaDb(Connection connection) throws SQLException {
    return connection.getMetaData().getDatabaseProductName().equals("MariaDB");
  }

  /** The names of the primary key's columns in order; empty without one. */
  public List<String> key() {
    try {
      DatabaseMetaData metadata = connection.getMetaData();
      Map<Integer, String> key = new TreeMap<>();
      boolean isMariaDb = isMariaDb(connection);
      try (ResultSet found =
          metadata.getPrimaryKeys(isMariaDb ? schema : null, isMariaDb ? null : schema, table)) {
        while (found.next()) {
          key.put(found.getInt("KEY_SEQ"), found.getString("COLUMN_NAME"));
        }
      }
      return List.copyOf(key.values());
    } catch (SQLException e) {
      throw new IllegalStateException("cannot read the key of " + table, e);
    }
  }

  @Override
  public List<String> columns() {
    return columns;
  }

  @Override
  public void forEach(Visitor visitor) {
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(FETCH_ROWS);
      try (ResultSet rows = statement.executeQuery(query())) {
        Text[] texts = texts(rows.getMetaData());
        @Nullable String[] row = new @Nullable String[texts.length];
        while (rows.next()) {
          for (int i = 0; i < texts.length; i++) {
            row[i] = texts[i].of(rows, i + 1);
          }
          visitor.row(row);
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("cannot read %s.%s".formatted(schema, table), e);
    }
  }

  private String query() throws SQLException {
    String mark = isMariaDb(connection) ? "`" : "\"";
    List<String> quoted = columns.stream().map(name -> quote(name, mark)).toList();
    return "SELECT %s FROM %s.%s"
        .formatted(String.join(", ", quoted), quote(schema, mark), quote(table, mark));
  }

  private static String quote(String name, String mark) {
    return mark + name.replace(mark, mark + mark) + mark;
  }

  @FunctionalInterface
  private interface Text {
    @Nullable String of(ResultSet row, int column) throws SQLException;
  }

  private static Text[] texts(ResultSetMetaData metadata) throws SQLException {
    Text[] texts = new Text[metadata.getColumnCount()];
    for (int i = 0; i < texts.length; i++) {
      texts[i] =
          metadata.getColumnType(i + 1) == Types.ARRAY
              ? SourceRows::list
              : text(metadata.getColumnTypeName(i + 1));
    }
    return texts;
  }

  private static Text text(String type) {
    return switch (type) {
      case "bool" -> (row, column) -> string(row.getObject(column, Boolean.class));
      case "float4" -> (row, column) -> string(row.getObject(column, Float.class));
      case "TINYINT", "BOOLEAN" -> (row, column) -> string(row.getObject(column, Integer.class));
      case "TIMESTAMP" ->
          (row, column) -> {
            LocalDateTime time = row.getObject(column, LocalDateTime.class);
            return time == null ? null : time.atOffset(ZoneOffset.UTC).toString();
          };
      case "float8", "DOUBLE" -> (row, column) -> string(row.getObject(column, Double.class));
      case "date", "DATE" -> (row, column) -> string(row.getObject(column, LocalDate.class));
      case "time", "TIME" -> (row, column) -> string(row.getObject(column, LocalTime.class));
      case "timestamp", "DATETIME" ->
          (row, column) -> string(row.getObject(column, LocalDateTime.class));
      case "timestamptz" ->
          (row, column) -> {
            OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
            return time == null ? null : time.withOffsetSameInstant(ZoneOffset.UTC).toString();
          };
      case "bytea", "BLOB" ->
          (row, column) -> {
            byte[] bytes = row.getBytes(column);
            return bytes == null ? null : HexFormat.of().formatHex(bytes);
          };
      default -> ResultSet::getString;
    };
  }

  /** An array of texts, numbers or booleans. */
  private static @Nullable String list(ResultSet row, int column) throws SQLException {
    Array array = row.getArray(column);
    return array == null ? null : Arrays.toString((Object[]) array.getArray());
  }

  private static @Nullable String string(@Nullable Object value) {
    return value == null ? null : value.toString();
  }
}
