package dev.firn.ingest;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The expressions in a statement's column defaults, of which Debezium's parser knows some. None of
 * them matters: the log has the values that they made, and whether rows from before have any is
 * asked at the source.
 */
final class BinlogDefaults {
  private static final String QUOTED =
      "'(?:[^'\\\\]|''|\\\\.)*+'|\"(?:[^\"\\\\]|\"\"|\\\\.)*+\"|`(?:[^`]|``)*+`";

  /** Up to the first parenthesis of an expression, or of a function's arguments. */
  private static final Pattern DEFAULT =
      Pattern.compile(
          QUOTED + "|(\\bDEFAULT\\s*(?:\\b[a-z_]\\w*\\s*)?\\()",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private static final Pattern PARENTHESIS = Pattern.compile(QUOTED + "|[()]", Pattern.DOTALL);

  /** What is understood, and taken for a value that is not known beforehand. */
  private static final String ANY = "DEFAULT (uuid())";

  private BinlogDefaults() {}

  /** The statement with other expressions in their place, if there are any. */
  static String replaced(String statement) {
    StringBuilder replaced = new StringBuilder();
    Matcher found = DEFAULT.matcher(statement);
    int done = 0;
    int at = 0;
    while (found.find(at)) {
      at = found.end();
      if (found.group(1) != null) {
        at = end(statement, at);
        replaced.append(statement, done, found.start()).append(ANY);
        done = at;
      }
    }
    return replaced.append(statement, done, statement.length()).toString();
  }

  /** Behind the parenthesis that closes the one before this place. */
  private static int end(String statement, int from) {
    Matcher found = PARENTHESIS.matcher(statement);
    int depth = 1;
    int at = from;
    while (depth > 0 && found.find(at)) {
      depth += found.group().equals("(") ? 1 : found.group().equals(")") ? -1 : 0;
      at = found.end();
    }
    return depth > 0 ? statement.length() : at;
  }
}
