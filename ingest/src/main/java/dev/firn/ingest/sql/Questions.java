package dev.firn.ingest.sql;

import dev.firn.ingest.CommandException;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Puts statements to Trino, one after the other, and shows the answers. */
public final class Questions {
  private static final Pattern QUERY_ID = Pattern.compile("^Query failed \\(#\\w+\\): ");
  private static final Pattern POSITION = Pattern.compile("^line (\\d+):(\\d+): ");
  private static final String DENIED = "Access Denied";

  private final Connection connection;
  private final Answer answer;
  private final PrintWriter out;
  private @Nullable Statement running;
  private boolean isCancelled;

  public Questions(Connection connection, Answer answer, PrintWriter out) {
    this.connection = connection;
    this.answer = answer;
    this.out = out;
  }

  /**
   * Asks all of them; the first that fails is the last.
   *
   * @throws CommandException one failed; the message names the line of the text and the column
   */
  public void ask(List<Statements.Statement> statements) {
    for (Statements.Statement statement : statements) {
      try {
        ask(statement.text());
      } catch (SQLException e) {
        String said = wasCancelled() ? "cancelled" : said(e, statement);
        throw new CommandException(CommandException.FAILED, said, e);
      }
    }
  }

  /**
   * What Trino says, in one line.
   *
   * @param statement the one that failed, whose place in the whole text counts
   */
  static String said(SQLException failure, Statements.Statement statement) {
    String all = String.valueOf(failure.getMessage()).replaceAll("\\s*\\R\\s*", " ");
    String said = QUERY_ID.matcher(all).replaceFirst("");
    Matcher position = POSITION.matcher(said);
    if (position.find()) {
      int line = Integer.parseInt(position.group(1));
      int column = Integer.parseInt(position.group(2)) + (line == 1 ? statement.column() - 1 : 0);
      return "line %d, column %d: %s"
          .formatted(line + statement.line() - 1, column, said.substring(position.end()));
    }
    String where = statement.line() == 1 ? "" : "line %d: ".formatted(statement.line());
    return where + said + (said.startsWith(DENIED) ? " (firn sql only reads)" : "");
  }

  private void ask(String text) throws SQLException {
    long started = System.nanoTime();
    try (Statement statement = connection.createStatement()) {
      start(statement);
      if (statement.execute(text)) {
        long rows = show(statement);
        answer.end(rows, Duration.ofNanos(System.nanoTime() - started), out);
      }
    } finally {
      end();
    }
  }

  private long show(Statement statement) throws SQLException {
    try (ResultSet rows = statement.getResultSet()) {
      return answer.show(rows, out);
    }
  }

  private synchronized void start(Statement statement) {
    running = statement;
    isCancelled = false;
  }

  private synchronized void end() {
    running = null;
  }

  private synchronized boolean wasCancelled() {
    return isCancelled;
  }

  /** Ends the statement that runs, if one does; may be called from any thread. */
  public synchronized void cancel() {
    if (running == null) {
      return;
    }
    isCancelled = true;
    try {
      running.cancel();
    } catch (SQLException e) {
      // It has just ended.
    }
  }
}
