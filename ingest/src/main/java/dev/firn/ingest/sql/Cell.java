package dev.firn.ingest.sql;

import java.math.BigDecimal;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The value of one column in one row. */
final class Cell {
  private Cell() {}

  /** A variant, as JSON. */
  record Document(String json) {
    @Override
    public String toString() {
      return json;
    }
  }

  /** The value; times are text, since the driver's own classes keep too few digits. */
  static @Nullable Object value(ResultSet row, int column) throws SQLException {
    if (row.getMetaData().getColumnTypeName(column).equals("variant")) {
      String json = row.getString(column);
      return json == null ? null : new Document(json);
    }
    return switch (row.getMetaData().getColumnType(column)) {
      case Types.DATE,
          Types.TIME,
          Types.TIME_WITH_TIMEZONE,
          Types.TIMESTAMP,
          Types.TIMESTAMP_WITH_TIMEZONE ->
          row.getString(column);
      default -> row.getObject(column);
    };
  }

  /** The value as text; nothing in it moves a terminal's cursor. */
  static String shown(@Nullable Object value) throws SQLException {
    return value == null ? "NULL" : visible(text(value));
  }

  static String text(Object value) throws SQLException {
    return switch (value) {
      case BigDecimal decimal -> decimal.toPlainString();
      case byte[] bytes -> HexFormat.of().formatHex(bytes);
      case Array array ->
          Arrays.stream((Object[]) array.getArray())
              .map(String::valueOf)
              .collect(Collectors.joining(", ", "[", "]"));
      default -> value.toString();
    };
  }

  private static String visible(String text) {
    if (text.chars().noneMatch(Character::isISOControl)) {
      return text;
    }
    StringBuilder visible = new StringBuilder();
    text.chars().forEach(c -> visible.append(visible((char) c)));
    return visible.toString();
  }

  private static String visible(char c) {
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> Character.isISOControl(c) ? "\\u%04x".formatted((int) c) : String.valueOf(c);
    };
  }
}
