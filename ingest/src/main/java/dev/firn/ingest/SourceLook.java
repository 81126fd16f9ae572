package dev.firn.ingest;

import java.sql.SQLException;
import java.util.List;

/** A connection that looks at the source now and then. Not for several threads at once. */
interface SourceLook extends AutoCloseable {
  /** What is visible now. */
  SourceView view() throws SQLException;

  /** The tables that are to be captured, as they are now. */
  List<TableWatch.Seen> tables() throws SQLException;

  @Override
  void close();
}
