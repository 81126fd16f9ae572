package dev.firn.sql;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What an engine answered to one query, every value as text; {@code NULL} for none. */
record Answer(List<String> columns, List<List<String>> rows) {
  Answer {
    columns = List.copyOf(columns);
    rows = List.copyOf(rows);
  }

  static Answer of(ResultSet result) throws SQLException {
    int width = result.getMetaData().getColumnCount();
    List<String> columns = new ArrayList<>();
    for (int i = 1; i <= width; i++) {
      columns.add(result.getMetaData().getColumnLabel(i));
    }
    List<List<String>> rows = new ArrayList<>();
    while (result.next()) {
      List<String> row = new ArrayList<>();
      for (int i = 1; i <= width; i++) {
        row.add(Values.text(result, i));
      }
      rows.add(List.copyOf(row));
    }
    return new Answer(columns, rows);
  }

  /** Its rows, values separated by a bar. */
  List<String> lines() {
    return rows.stream().map(row -> String.join("|", row)).toList();
  }

  /** Its rows, values separated by a bar, sorted. */
  List<String> sortedLines() {
    return lines().stream().sorted().toList();
  }

  /** Its rows with only these columns, which must exist. */
  List<String> lines(String... only) {
    int[] chosen = IntStream.range(0, only.length).map(i -> columns.indexOf(only[i])).toArray();
    return rows.stream()
        .map(row -> IntStream.of(chosen).mapToObj(row::get).collect(Collectors.joining("|")))
        .toList();
  }

  /** A small table for people. */
  @Override
  public String toString() {
    List<List<String>> all = new ArrayList<>();
    all.add(columns);
    all.addAll(rows);
    int[] widths =
        IntStream.range(0, columns.size())
            .map(i -> Collections.max(all.stream().map(row -> row.get(i).length()).toList()))
            .toArray();
    return all.stream().map(row -> line(row, widths)).collect(Collectors.joining("\n"));
  }

  private static String line(List<String> row, int[] widths) {
    return IntStream.range(0, widths.length)
        .mapToObj(i -> row.get(i) + " ".repeat(widths[i] - row.get(i).length()))
        .collect(Collectors.joining("  ", "    ", ""))
        .stripTrailing();
  }
}
