package dev.firn.ingest.sql;

import java.io.PrintWriter;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Columns under each other, numbers to the right; below them how many rows there were and how long
 * they took. Control characters are shown as in Java's strings.
 */
public final class AlignedTable implements Answer {
  /** So many rows are kept until the widths of the columns are known. */
  private static final int LOOKED_AT = 1_000;

  @Override
  public long show(ResultSet rows, PrintWriter out) throws SQLException {
    Columns columns = new Columns(rows.getMetaData());
    List<List<String>> first = new ArrayList<>();
    while (first.size() < LOOKED_AT && rows.next()) {
      first.add(columns.cells(rows));
    }
    first.forEach(columns::widen);
    out.println(columns.line(columns.names));
    out.println(columns.rule());
    first.forEach(row -> out.println(columns.line(row)));
    long count = first.size();
    while (count >= LOOKED_AT && rows.next()) {
      out.println(columns.line(columns.cells(rows)));
      count++;
    }
    out.flush();
    return count;
  }

  @Override
  public void end(long rows, Duration took, PrintWriter out) {
    out.println(
        String.format(
            Locale.ROOT,
            "(%,d %s, %.2f s)",
            rows,
            rows == 1 ? "row" : "rows",
            took.toMillis() / 1000.0));
    out.flush();
  }

  private static final class Columns {
    private final List<String> names = new ArrayList<>();
    private final List<Boolean> toTheRight = new ArrayList<>();
    private final int[] widths;

    Columns(ResultSetMetaData columns) throws SQLException {
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        names.add(Cell.shown(columns.getColumnLabel(i)));
        toTheRight.add(isNumber(columns.getColumnType(i)));
      }
      this.widths = new int[names.size()];
      widen(names);
    }

    private static boolean isNumber(int type) {
      return switch (type) {
        case Types.TINYINT,
            Types.SMALLINT,
            Types.INTEGER,
            Types.BIGINT,
            Types.REAL,
            Types.DOUBLE,
            Types.DECIMAL ->
            true;
        default -> false;
      };
    }

    List<String> cells(ResultSet row) throws SQLException {
      List<String> cells = new ArrayList<>();
      for (int i = 1; i <= names.size(); i++) {
        cells.add(Cell.shown(Cell.value(row, i)));
      }
      return cells;
    }

    void widen(List<String> cells) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], length(cells.get(i)));
      }
    }

    String line(List<String> cells) {
      StringBuilder line = new StringBuilder(" ");
      for (int i = 0; i < widths.length; i++) {
        String space = " ".repeat(Math.max(0, widths[i] - length(cells.get(i))));
        line.append(i == 0 ? "" : " | ");
        line.append(toTheRight.get(i) ? space + cells.get(i) : cells.get(i) + space);
      }
      return line.toString().stripTrailing();
    }

    String rule() {
      StringBuilder rule = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        rule.append(i == 0 ? "" : "+").append("-".repeat(widths[i] + 2));
      }
      return rule.toString();
    }

    private static int length(String text) {
      return text.codePointCount(0, text.length());
    }
  }
}
