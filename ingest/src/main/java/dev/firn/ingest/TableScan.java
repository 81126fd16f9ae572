package dev.firn.ingest;

import dev.firn.writer.Position;
import java.sql.SQLException;
import java.util.Optional;
import org.apache.kafka.connect.data.Struct;

/** Tables of the source, read by one transaction that sees them as of one place in the log. */
interface TableScan extends AutoCloseable {
  /** What has to wait for the source. */
  @FunctionalInterface
  interface Waiting {
    /** The source does not show all yet; returns when it is time to ask again. */
    void pause(SourceView now) throws InterruptedException;
  }

  /** What takes the rows. */
  @FunctionalInterface
  interface Rows {
    void add(Struct row) throws InterruptedException;
  }

  /** One of them as it is now; empty: it is not there or not captured. */
  Optional<CapturedTable> table(SourceTable name);

  /**
   * Sees to it that the log tells of the tables' changes, and waits until a view may begin.
   *
   * @param told a view must see all that this one does, which may have been told to an earlier
   *     process; empty: also all that has begun by now, as changes of it may not be in the log
   */
  void prepare(Optional<SourceView> told, Waiting waiting)
      throws SQLException, InterruptedException;

  /** Begins the transaction that reads. */
  SourceView begin() throws SQLException;

  /** Ends the transaction, so that another one may begin. */
  void end() throws SQLException;

  /** Where the log has passed all that the transaction sees. */
  Position passing() throws SQLException;

  /** All rows of one of them that the transaction sees. */
  void rows(SourceTable name, Rows rows) throws SQLException, InterruptedException;

  @Override
  void close();
}
