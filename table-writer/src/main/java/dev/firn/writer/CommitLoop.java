package dev.firn.writer;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Takes transactions from the source's thread and commits them in batches on threads of its own.
 *
 * <p>{@link #add} and the other calls of the source's thread block while the byte budget is used up
 * and throw once a commit has failed for good.
 */
public final class CommitLoop implements AutoCloseable {

  /**
   * @param minInterval no commit starts sooner than this after the one before
   * @param memoryBytes budget for events that are not committed yet
   */
  public record Settings(Duration minInterval, long memoryBytes) {}

  /** Told of every commit and of the failure that ends the loop; called on the committing thread. */
  public interface Listener {
    void committed(CommittedBatch batch, Duration took);

    void failed(RuntimeException failure);
  }

  public static CommitLoop start(
      Pipeline pipeline,
      Settings settings,
      InstantSource clock,
      Executor threads,
      Listener listener) {
    throw new UnsupportedOperationException();
  }

  /** Adds a whole transaction; returns at once while the budget lasts. */
  public void add(SourceTransaction transaction) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /** Commits all that was added and opens the way for a transaction larger than memory. */
  public LargeTransaction beginLarge() throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /** Commits a large transaction on the committing thread; returns at once. */
  public void finishLarge(LargeTransaction transaction, TransactionEnd end) {
    throw new UnsupportedOperationException();
  }

  /** The end of the last batch that is committed, control table included. */
  public Optional<TransactionEnd> committed() {
    throw new UnsupportedOperationException();
  }

  /** Whether all that was added is committed. */
  public boolean isIdle() {
    throw new UnsupportedOperationException();
  }

  /** Estimated bytes added and not yet committed. */
  public long pendingBytes() {
    throw new UnsupportedOperationException();
  }

  /** Lets a running commit finish, commits what is complete, and stops. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
