package dev.firn.ingest.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts text into statements at each {@code ;} that is in no quotes and no comment. Text may come
 * line by line.
 */
public final class Statements {
  /** What hides a {@code ;}; the last alternatives are those that have not ended yet. */
  private static final Pattern PIECE =
      Pattern.compile(
          "(?<closed>'[^']*'|\"[^\"]*\"|--[^\\n]*(?=\\n)|/\\*.*?\\*/)"
              + "|(?<comment>--[^\\n]*\\z)|(?<open>['\"]|/\\*)|(?<end>;)",
          Pattern.DOTALL);

  private static final Pattern COMMENTS_AND_SPACE =
      Pattern.compile("(?:\\s|--[^\\n]*|/\\*.*?\\*/)*", Pattern.DOTALL);

  private String rest = "";
  private int line = 1;
  private int column = 1;

  /**
   * A statement.
   *
   * @param text without the {@code ;}, and without what stands before its first word
   * @param line of the whole text where it starts, from 1
   * @param column in that line, from 1
   */
  public record Statement(String text, int line, int column) {}

  /** Takes more text in, and gives the statements that end in it. */
  public List<Statement> add(String text) {
    rest += text;
    List<Statement> whole = new ArrayList<>();
    Matcher piece = PIECE.matcher(rest);
    int start = 0;
    while (piece.find() && piece.group("open") == null) {
      if (piece.group("end") != null) {
        cut(start, piece.start()).ifPresent(whole::add);
        pass(rest.substring(start, piece.end()));
        start = piece.end();
      }
    }
    rest = rest.substring(start);
    return whole;
  }

  /** The last one, which needs no {@code ;}. */
  public Optional<Statement> last() {
    Optional<Statement> last = cut(0, rest.length());
    rest = "";
    return last;
  }

  /** Forgets what has not ended. */
  void clear() {
    rest = "";
    line = 1;
    column = 1;
  }

  /** Whether nothing but space waits for its end. */
  boolean isEmpty() {
    return rest.isBlank();
  }

  private Optional<Statement> cut(int start, int end) {
    String text = rest.substring(start, end);
    Matcher before = COMMENTS_AND_SPACE.matcher(text);
    int first = before.lookingAt() ? before.end() : 0;
    if (first == text.length()) {
      return Optional.empty();
    }
    String skipped = text.substring(0, first);
    return Optional.of(
        new Statement(text.substring(first).strip(), line + lines(skipped), columnAfter(skipped)));
  }

  private void pass(String text) {
    column = columnAfter(text);
    line += lines(text);
  }

  private int columnAfter(String text) {
    int lineEnd = text.lastIndexOf('\n');
    return lineEnd < 0 ? column + text.length() : text.length() - lineEnd;
  }

  private static int lines(String text) {
    return (int) text.chars().filter(c -> c == '\n').count();
  }
}
