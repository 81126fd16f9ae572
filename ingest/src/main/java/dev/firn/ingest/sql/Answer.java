package dev.firn.ingest.sql;

import java.io.PrintWriter;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/** How the rows of an answer are shown. */
public interface Answer {
  /**
   * Shows all rows as they come.
   *
   * @param rows before the first one
   * @return how many there were
   */
  long show(ResultSet rows, PrintWriter out) throws SQLException;

  /** What is said about it afterwards. */
  default void end(long rows, Duration took, PrintWriter out) {}
}
