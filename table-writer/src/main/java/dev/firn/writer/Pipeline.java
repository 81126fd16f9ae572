package dev.firn.writer;

import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;

/**
 * The one writer of a pipeline: its control table, its tables, and the commits to them.
 *
 * <p>Not thread-safe but for one overlap: {@link #prepare} may run while an earlier batch is in
 * {@link #commit}.
 */
public final class Pipeline {

  /**
   * Takes the pipeline over: raises its epoch in the control table (made when missing) and in every
   * registered table, so that an earlier writer is fenced from here on.
   *
   * @param positions turns a position's text back into a position
   * @param tableCommits runs the commits of a batch's tables, which may be in parallel
   * @throws PipelineException a registered table is missing or was replaced or rolled back
   */
  public static Pipeline takeOver(
      Catalog catalog,
      PipelineSettings settings,
      Function<String, Position> positions,
      InstantSource clock,
      Executor tableCommits) {
    throw new UnsupportedOperationException();
  }

  /** Its epoch: higher than that of every earlier writer. */
  public long epoch() {
    throw new UnsupportedOperationException();
  }

  /** Where the source's reader resumes; empty while the initial snapshot is not complete. */
  public Optional<SourceOffset> offset() {
    throw new UnsupportedOperationException();
  }

  /** The position of the last batch that is complete in all tables; empty before the first one. */
  public Optional<Position> position() {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens a table of the lake for writing, making it when it is missing, and builds its key index.
   *
   * @throws PipelineException the table exists and does not fit the definition
   */
  public RowTarget open(TableDefinition definition) {
    throw new UnsupportedOperationException();
  }

  /** Starts (again) the initial snapshot of all open tables. Only while {@link #offset} is empty. */
  public InitialSnapshot initialSnapshot() {
    throw new UnsupportedOperationException();
  }

  /** A new batch, empty. */
  public Batch newBatch() {
    throw new UnsupportedOperationException();
  }

  /** Looks the batch's keys up and writes its data files; nothing is visible yet. */
  public PreparedBatch prepare(Batch batch) {
    throw new UnsupportedOperationException();
  }

  /**
   * Makes a prepared batch visible: every table's snapshot, then the key indexes, then the control
   * table. When it returns, the source may be acknowledged up to the batch's end.
   *
   * @throws FencedException another writer has taken over
   * @throws PipelineException the batch cannot be committed; what to do is in the message
   */
  public CommittedBatch commit(PreparedBatch batch) {
    throw new UnsupportedOperationException();
  }

  /** A transaction too large to be held in memory; only while no batch is prepared or committing. */
  public LargeTransaction largeTransaction() {
    throw new UnsupportedOperationException();
  }
}
