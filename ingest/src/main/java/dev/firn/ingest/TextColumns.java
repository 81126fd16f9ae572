package dev.firn.ingest;

import java.util.ArrayList;
import java.util.List;

/** Sets words in columns. */
final class TextColumns {
  private static final String GAP = "  ";

  private TextColumns() {}

  /**
   * One line for each row: the first column and the last begin where they stand in all lines, those
   * between end there.
   *
   * @param rows of equally many words
   */
  static List<String> aligned(List<List<String>> rows) {
    int last = rows.getFirst().size() - 1;
    List<StringBuilder> lines = new ArrayList<>();
    rows.forEach(row -> lines.add(new StringBuilder()));
    for (int column = 0; column <= last; column++) {
      int width = width(rows, column);
      for (int row = 0; row < rows.size(); row++) {
        String word = rows.get(row).get(column);
        String space = " ".repeat(width - word.length());
        boolean isText = column == 0 || column == last;
        lines.get(row).append(column == 0 ? "" : GAP).append(isText ? word + space : space + word);
      }
    }
    return lines.stream().map(line -> line.toString().stripTrailing()).toList();
  }

  private static int width(List<List<String>> rows, int column) {
    return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
  }
}
