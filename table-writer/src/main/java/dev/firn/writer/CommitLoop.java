package dev.firn.writer;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes transactions from the source's thread and commits them in batches on two threads of its
 * own: one prepares a batch while the other commits the batch before it.
 *
 * <p>{@link #add} and the other calls of the source's thread block while the byte budget is used up
 * and throw once a commit has failed for good. No commit is ever interrupted.
 */
public final class CommitLoop implements AutoCloseable {

  /**
   * What bounds the loop.
   *
   * @param minInterval no commit starts sooner than this after the one before
   * @param memoryBytes budget for events that are not committed yet
   */
  public record Settings(Duration minInterval, long memoryBytes) {}

  /**
   * Told of every commit and of the failure that ends the loop; called on the committing thread.
   */
  public interface Listener {
    default void committed(CommittedBatch batch, Duration took) {}

    void failed(RuntimeException failure);
  }

  /**
   * How long committed batches wait for their changelog rows and the control table: longer makes
   * fewer commits and files, and a start after a crash read more of the source's log again.
   */
  private static final Duration SETTLE_WITHIN = Duration.ofSeconds(2);

  private final Pipeline pipeline;
  private final Settings settings;
  private final Listener listener;
  private final Cadence cadence;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Batches not taken yet; the last one may be open for more. */
  private final Deque<Batch> waiting = new ArrayDeque<>();

  private @Nullable PreparedBatch prepared;

  /** When the prepared batch was taken, in nanoseconds of the system's monotonic clock. */
  private long preparedTaken;

  private @Nullable Supplier<CommittedBatch> largeCommit;
  private boolean preparing;
  private boolean committing;
  private boolean largeOpen;

  /** Whether the source's thread uses the pipeline itself. */
  private boolean acting;

  private boolean draining;
  private boolean closing;
  private boolean preparerDone;
  private int threadsRunning;
  private long pendingBytes;
  private boolean hasWork;

  /** Since when there is work without a commit, in nanoseconds of the monotonic clock. */
  private long workSince;

  private @Nullable RuntimeException failure;
  private @Nullable TransactionEnd committed;

  /** Bytes of batches that are visible but not settled; their changes are still held. */
  private long unsettledBytes;

  private boolean unsettled;
  private boolean settling;

  /** When the committed batches must be settled, in nanoseconds of the monotonic clock. */
  private long settleAt;

  private CommitLoop(Pipeline pipeline, Settings settings, Listener listener) {
    this.pipeline = pipeline;
    this.settings = settings;
    this.listener = listener;
    this.cadence = new Cadence(settings.minInterval());
  }

  /**
   * Starts the loop.
   *
   * @param threads must run two tasks at the same time, for as long as the loop lives
   */
  public static CommitLoop start(
      Pipeline pipeline, Settings settings, Executor threads, Listener listener) {
    CommitLoop loop = new CommitLoop(pipeline, settings, listener);
    loop.threadsRunning = 2;
    threads.execute(() -> loop.run(loop::prepareNext));
    threads.execute(() -> loop.run(loop::commitNext));
    return loop;
  }

  /** Adds a whole transaction; returns at once while the budget lasts. */
  public void add(SourceTransaction transaction) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (failure == null && pendingBytes >= settings.memoryBytes()) {
        changed.await();
      }
      requireRunning();
      Batch open = waiting.peekLast();
      if (open == null || open.isComplete()) {
        open = pipeline.newBatch();
        waiting.addLast(open);
      }
      long before = open.bytes();
      open.add(transaction);
      pendingBytes += open.bytes() - before;
      noteWork();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Commits all that was added and opens the way for a transaction larger than memory. */
  public LargeTransaction beginLarge() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      drain();
      largeOpen = true;
      return pipeline.largeTransaction();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Commits and completes all that was added, then lets the caller's thread alone use the pipeline;
   * a large transaction that is open may stay so.
   *
   * @return what the action gives back
   */
  public <T> T quiesce(Function<Pipeline, T> action) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      drain();
      acting(true);
    } finally {
      lock.unlock();
    }
    try {
      return action.apply(pipeline);
    } finally {
      acting(false);
    }
  }

  private void acting(boolean now) {
    lock.lock();
    try {
      acting = now;
      hasWork = false;
      noteWork();
    } finally {
      lock.unlock();
    }
  }

  private void drain() throws InterruptedException {
    draining = true;
    try {
      changed.signalAll();
      while (failure == null && !isDrained()) {
        changed.await();
      }
      requireRunning();
    } finally {
      draining = false;
    }
  }

  /** Commits a large transaction on the committing thread; returns at once. */
  public void finishLarge(LargeTransaction transaction, TransactionEnd end) {
    lock.lock();
    try {
      requireRunning();
      largeCommit = () -> transaction.commit(end);
      noteWork();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Gives a large transaction up; it will be sent again. */
  public void abandonLarge(LargeTransaction transaction) {
    transaction.abandon();
    lock.lock();
    try {
      largeOpen = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The end of the last batch that is complete, changelogs and control table included. */
  public Optional<TransactionEnd> committed() {
    lock.lock();
    try {
      return Optional.ofNullable(committed);
    } finally {
      lock.unlock();
    }
  }

  /** Whether readers see all that was added. */
  public boolean isVisible() {
    lock.lock();
    try {
      return nothingWaits() && !largeOpen;
    } finally {
      lock.unlock();
    }
  }

  /** Estimated bytes added and not yet committed. */
  public long pendingBytes() {
    lock.lock();
    try {
      return pendingBytes;
    } finally {
      lock.unlock();
    }
  }

  /** How the loop stands now; for any thread. */
  public CommitProgress progress() {
    lock.lock();
    try {
      Optional<Duration> waiting =
          hasWork ? Optional.of(Duration.ofNanos(System.nanoTime() - workSince)) : Optional.empty();
      return new CommitProgress(
          pendingBytes, waiting, hasWork ? pipeline.trouble() : Optional.empty());
    } finally {
      lock.unlock();
    }
  }

  /** Throws the failure that ended the loop, if one did. */
  public void requireRunning() {
    lock.lock();
    try {
      if (failure != null) {
        throw failure;
      }
      if (closing) {
        throw new IllegalStateException("the commit loop is closed");
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Lets a running commit finish, commits what is complete, and stops; what storage or catalog
   * refuse then ends the loop.
   */
  @Override
  public void close() {
    pipeline.stopRetrying();
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
      while (threadsRunning > 0) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Notes the moment from which on whole transactions wait. */
  private void noteWork() {
    boolean work =
        preparing
            || prepared != null
            || committing
            || settling
            || largeCommit != null
            || acting
            || !waiting.stream().allMatch(Batch::isEmpty);
    if (work && !hasWork) {
      workSince = System.nanoTime();
    }
    hasWork = work;
  }

  private boolean isDrained() {
    return nothingWaits() && !unsettled;
  }

  private boolean nothingWaits() {
    return waiting.stream().allMatch(Batch::isEmpty)
        && !preparing
        && prepared == null
        && largeCommit == null
        && !committing;
  }

  /** One of the two threads: takes steps until there are no more. */
  private void run(Step step) {
    try {
      while (step.take()) {
        // the step is the work
      }
    } catch (InterruptedException e) {
      fail(new PipelineException("the commit loop was interrupted", e));
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      fail(e);
    } catch (Error e) {
      fail(new PipelineException("the commit loop failed: " + e, e));
      throw e;
    } finally {
      ended();
    }
  }

  private void ended() {
    lock.lock();
    try {
      threadsRunning--;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private interface Step {
    /** Returns false when there is nothing more to do, ever. */
    boolean take() throws InterruptedException;
  }

  private void fail(RuntimeException cause) {
    boolean first;
    lock.lock();
    try {
      first = failure == null;
      if (first) {
        failure = cause;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (first) {
      listener.failed(cause);
    }
  }

  private boolean prepareNext() throws InterruptedException {
    Batch batch = takeBatch();
    if (batch == null) {
      return false;
    }
    long taken = System.nanoTime();
    PreparedBatch next = pipeline.prepare(batch);
    lock.lock();
    try {
      prepared = next;
      preparedTaken = taken;
      preparing = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    return true;
  }

  private @Nullable Batch takeBatch() throws InterruptedException {
    lock.lock();
    try {
      while (failure == null) {
        if (isReady()) {
          long wait = isPressed() ? 0 : cadence.remaining(System.nanoTime());
          if (wait <= 0) {
            preparing = true;
            return waiting.removeFirst();
          }
          awaitNanos(wait);
        } else if (closing && prepared == null && largeCommit == null) {
          return null;
        } else {
          changed.await();
        }
      }
      return null;
    } finally {
      preparerDone = !preparing;
      changed.signalAll();
      lock.unlock();
    }
  }

  /** Whether the next batch may be prepared but for the cadence. */
  private boolean isReady() {
    Batch next = waiting.peekFirst();
    return next != null
        && !next.isEmpty()
        && prepared == null
        && !largeOpen
        && (isPressed() || !(next.wantsMore() || committing));
  }

  /** Whether a batch must not wait for the cadence: it is wanted, or memory is half used up. */
  private boolean isPressed() {
    return draining || closing || pendingBytes >= settings.memoryBytes() / 2;
  }

  private boolean commitNext() throws InterruptedException {
    long bytes = 0;
    long taken;
    @Nullable Supplier<CommittedBatch> work;
    lock.lock();
    try {
      while (failure == null && prepared == null && largeCommit == null && !mustSettle()) {
        if (preparerDone) {
          return false;
        }
        awaitWork();
      }
      if (failure != null) {
        return false;
      }
      work = largeCommit;
      taken = System.nanoTime();
      if (prepared != null) {
        PreparedBatch next = prepared;
        prepared = null;
        bytes = next.batch().bytes();
        taken = preparedTaken;
        work = () -> pipeline.commit(next);
      }
      committing = work != null;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (work != null) {
      commit(work, bytes, taken);
    }
    settleWhenDue();
    return true;
  }

  @SuppressWarnings("WaitNotInLoop") // the caller loops
  private void awaitWork() throws InterruptedException {
    if (unsettled) {
      awaitNanos(settleAt - System.nanoTime());
    } else {
      changed.await();
    }
  }

  private void commit(Supplier<CommittedBatch> work, long bytes, long taken) {
    long started = System.nanoTime();
    CommittedBatch batch = work.get();
    long took = System.nanoTime() - started;
    listener.committed(batch, Duration.ofNanos(took));
    lock.lock();
    try {
      if (!unsettled) {
        unsettled = true;
        settleAt = System.nanoTime() + SETTLE_WITHIN.toNanos();
      }
      committing = false;
      unsettledBytes += bytes;
      cadence.committed(taken, took);
      if (largeOpen) {
        largeCommit = null;
        largeOpen = false;
      }
      hasWork = false;
      noteWork();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void settleWhenDue() {
    lock.lock();
    try {
      if (!mustSettle()) {
        return;
      }
      settling = true;
      noteWork();
    } finally {
      lock.unlock();
    }
    Optional<TransactionEnd> end = pipeline.settle();
    lock.lock();
    try {
      end.ifPresent(e -> committed = e);
      unsettled = false;
      settling = false;
      hasWork = false;
      noteWork();
      pendingBytes -= unsettledBytes;
      unsettledBytes = 0;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether the committed batches must be completed now: their turn has come, or somebody waits for
   * it, or for the memory that they hold.
   */
  private boolean mustSettle() {
    return unsettled
        && (settleAt - System.nanoTime() <= 0
            || draining
            || closing
            || unsettledBytes >= settings.memoryBytes() / 4);
  }

  @SuppressWarnings("WaitNotInLoop") // the caller loops
  private void awaitNanos(long nanos) throws InterruptedException {
    long ignored = changed.awaitNanos(nanos);
  }
}
