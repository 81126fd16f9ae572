package dev.firn.ingest;

import dev.firn.writer.Pipeline;
import dev.firn.writer.Position;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Holds a run and its source together: that the log is the right one, and tells of all tables. */
interface Following {
  /** The source may be followed from here on, until {@link #end}. */
  void begin();

  /** All up to here has come from the source. */
  void reached(Position position);

  /** What has to stand in the control table before anything more gets into the lake. */
  Optional<Consumer<Pipeline>> urgentNote();

  /**
   * Looks whether the log tells of captured tables.
   *
   * @param follows whether the log is followed; not while the initial snapshot is read
   * @param read sees to it that a table is read of which changes may be missing
   * @throws dev.firn.writer.PipelineException changes are missing, and it is not for Firn to end
   *     that
   */
  void look(
      SourceLook look, List<TableWatch.Seen> tables, boolean follows, Consumer<ReadingRequest> read)
      throws SQLException;

  /**
   * What has to be written down, if it is time to.
   *
   * @param isSettled whether all readings that were asked for are written down: they come first
   */
  Optional<Consumer<Pipeline>> dueNote(BooleanSupplier isSettled);

  /** Nobody follows the source any more. */
  void end();
}
