package dev.firn.writer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.jspecify.annotations.Nullable;

/**
 * One table read from the source while the source's log is followed; at its end, what was read and
 * the changes that it did not see take the place of all rows of the table, in one commit.
 *
 * <p>The source's thread tells of every transaction and asks for the end ({@link
 * Pipeline#complete}); another thread reads: it {@linkplain #begin begins} with a snapshot of the
 * source, {@linkplain #awaitPassed waits} until the log has passed what the snapshot sees, and
 * {@linkplain #add adds} the rows.
 */
public final class TableReading {
  private enum Phase {
    /** There is no snapshot of the source yet. */
    WAITING,
    /** There is one, but the log may not have passed yet what it sees. */
    BEGUN,
    /** The table knows all rows that the snapshot sees, so that these keep their ids. */
    PASSED,
    /** All rows were added. */
    READ,
    /** Nothing of it is wanted any more. */
    GONE
  }

  private final TableWriter writer;
  private final TableIdentifier table;

  /** Transactions that changed the table, ended, and must be in any snapshot that is taken. */
  private final Set<String> before = new HashSet<>();

  private final List<TableChange> held = new ArrayList<>();

  /** Of the same transactions, for the quarantine. */
  private final List<ChangelogRow> heldAside = new ArrayList<>();

  /** The transactions of the held changes. */
  private final Set<String> transactions = new HashSet<>();

  private Phase phase = Phase.WAITING;
  private boolean isGivenUp;
  private Predicate<String> sees = transaction -> true;
  private long heldBytes;
  private boolean largeOpen;
  private TableWrite write;
  private TableState state;
  private final LongAdder rows = new LongAdder();
  private final Supplier<HeldChanges> newAside;

  /** Of the rows that were read, for the quarantine; null: nothing so far. */
  private @Nullable HeldChanges aside;

  private int asides;

  /**
   * @param before transactions that the log had already and that a snapshot may not see yet
   * @param newAside makes a place for what goes to the quarantine
   */
  TableReading(
      TableIdentifier table,
      TableWriter writer,
      Collection<String> before,
      Supplier<HeldChanges> newAside) {
    this.newAside = newAside;
    this.before.addAll(before);
    this.table = table;
    this.writer = writer;
    this.state = writer.state().successor();
    this.write = newWrite();
  }

  private TableWrite newWrite() {
    TableWrite anew = TableWrite.anew(state, new KeptRowIds(writer.state()));
    anew.truncate();
    return anew;
  }

  /** The table that is read. */
  public TableIdentifier table() {
    return table;
  }

  /** Rows added so far; for any thread. */
  public long rows() {
    return rows.sum();
  }

  // The source's thread.

  /** A transaction has ended that is not large. */
  public synchronized void ended(SourceTransaction transaction) {
    if (transaction.changes().stream().noneMatch(change -> change.table().equals(table))) {
      return;
    }
    String id = transaction.end().transaction();
    if (phase == Phase.WAITING) {
      before.add(id);
    } else if (phase != Phase.GONE && !sees.test(id)) {
      transactions.add(id);
      hold(transaction);
    }
  }

  private void hold(SourceTransaction transaction) {
    int order = 0;
    for (TableChange change : transaction.changes()) {
      if (change.table().equals(table)) {
        hold(change, transaction.end(), order);
        heldBytes += change.bytes();
      }
      order++;
    }
  }

  private void hold(TableChange change, TransactionEnd end, int order) {
    if (change.change() instanceof RowChange.Aside(SetAside what)) {
      heldAside.add(Quarantine.entry(table, what, end, order));
    } else {
      held.add(copy(change));
    }
  }

  /** The same change in rows of its own: the table's writer completes those that it is given. */
  private static TableChange copy(TableChange change) {
    RowChange copied =
        switch (change.change()) {
          case RowChange.Insert(RowKey key, Record row) -> new RowChange.Insert(key, row.copy());
          case RowChange.Update(RowKey old, RowKey key, Record row, @Nullable Record rowBefore) ->
              new RowChange.Update(old, key, row.copy(), rowBefore);
          case RowChange.Delete delete -> delete;
          case RowChange.Truncate truncate -> truncate;
          case RowChange.Aside aside -> aside;
        };
    return new TableChange(change.table(), copied, change.bytes());
  }

  /**
   * A large transaction begins: its changes are not held. A snapshot that was begun is given up;
   * one that the log has passed must have been read and completed before.
   */
  public synchronized void largeBegins() {
    if (phase == Phase.PASSED || phase == Phase.READ) {
      throw new IllegalStateException("a large transaction begins while rows are read");
    }
    giveUpSnapshot();
    largeOpen = true;
  }

  /** It ended, or it was given up: then it has no id here. */
  public synchronized void largeEnded(@Nullable String transaction) {
    largeOpen = false;
    if (transaction != null && phase == Phase.WAITING) {
      before.add(transaction);
    }
  }

  /** An estimate of the memory that the held changes take. */
  public synchronized long heldBytes() {
    return heldBytes;
  }

  /** Whether a snapshot was begun, and the log has not passed it so far. */
  public synchronized boolean isBegun() {
    return phase == Phase.BEGUN;
  }

  /** Whether rows are being read, which nothing on the source's thread is needed for. */
  public synchronized boolean isPassed() {
    return phase == Phase.PASSED;
  }

  /** Whether it can be completed. */
  public synchronized boolean isRead() {
    return phase == Phase.READ;
  }

  /** The log has passed what the snapshot sees, and all of it is committed. */
  public synchronized void passed() {
    if (phase == Phase.BEGUN) {
      phase = Phase.PASSED;
      notifyAll();
    }
  }

  /** Returns when no rows are being read: all were, or the reading starts over. */
  public synchronized void awaitRead() throws InterruptedException {
    while (phase == Phase.PASSED) {
      wait();
    }
  }

  /** Gives a snapshot up that the log has not passed yet: another one has to be taken. */
  public synchronized void giveUpSnapshot() {
    if (phase == Phase.BEGUN) {
      before.addAll(transactions);
      forgetHeld();
      phase = Phase.WAITING;
      notifyAll();
    }
  }

  /**
   * Gives it up, whatever it is at. Nothing waits any more, it does not begin again and is never
   * read; unless it has been, the reader's thread throws away what there is.
   */
  public synchronized void giveUp() {
    isGivenUp = true;
    if (phase == Phase.READ) {
      abandon();
    } else {
      giveUpSnapshot();
    }
  }

  // The reader's thread.

  /**
   * Begins with a snapshot of the source.
   *
   * @param seesTransaction whether the snapshot sees a transaction, by its id
   * @return false when it lacks one that the log had already: another one has to be taken, unless
   *     the reading is given up
   */
  public synchronized boolean begin(Predicate<String> seesTransaction) {
    if (isGivenUp || phase != Phase.WAITING || largeOpen) {
      return false;
    }
    before.removeIf(seesTransaction);
    if (!before.isEmpty()) {
      return false;
    }
    sees = seesTransaction;
    phase = Phase.BEGUN;
    return true;
  }

  /** Forgets transactions that every snapshot from now on sees. */
  public synchronized void forget(Predicate<String> seenByAll) {
    before.removeIf(seenByAll);
  }

  /**
   * Waits until rows can be read.
   *
   * @return false when the snapshot was given up
   */
  public synchronized boolean awaitPassed() throws InterruptedException {
    while (phase == Phase.BEGUN) {
      wait();
    }
    return phase == Phase.PASSED;
  }

  /** Adds a row that the snapshot sees. */
  public void add(Record row) {
    write.append(state.target().keys().keyOf(row), row);
    rows.increment();
  }

  /** Tells of a row that the snapshot sees and that the table could not take as it is. */
  public void setAside(SetAside what) {
    if (aside == null) {
      aside = newAside.get();
    }
    aside.add(Quarantine.entry(table, what, TransactionEnd.UNKNOWN, asides++));
  }

  /** All rows were added. */
  public synchronized void read() {
    if (phase == Phase.PASSED && !isGivenUp) {
      phase = Phase.READ;
      notifyAll();
    }
  }

  /** Throws away what was read so far, to begin with another snapshot. */
  public synchronized void startOver() {
    if (phase == Phase.GONE) {
      return;
    }
    before.addAll(transactions);
    forgetHeld();
    write.abandon();
    abandonAside();
    state.release();
    state = writer.state().successor();
    write = newWrite();
    rows.reset();
    phase = Phase.WAITING;
    notifyAll();
  }

  /** Gives it up: nothing of it becomes visible. By the reader's thread, or when that has ended. */
  public synchronized void abandon() {
    if (phase != Phase.GONE) {
      write.abandon();
      abandonAside();
      state.release();
      end();
    }
  }

  private void abandonAside() {
    if (aside != null) {
      aside.abandon();
      aside = null;
      asides = 0;
    }
  }

  private void forgetHeld() {
    transactions.clear();
    held.clear();
    heldAside.clear();
    heldBytes = 0;
  }

  private void end() {
    forgetHeld();
    phase = Phase.GONE;
    notifyAll();
  }

  // The end.

  /**
   * What has become of it.
   *
   * @param aside what of the rows goes to the quarantine
   * @param streamed what of the changes goes there that the snapshot did not see
   */
  record Made(
      CommittedBatch.TableCommit table, Optional<HeldChanges> aside, List<ChangelogRow> streamed) {}

  /** Applies what the snapshot did not see, and lets what was made take the table's place. */
  synchronized Made commit(BatchInfo info) {
    if (phase != Phase.READ) {
      throw new IllegalStateException("the table has not been read yet");
    }
    held.forEach(change -> write.applyNow(change.change()));
    Made made =
        new Made(
            writer.replace(state, write, info), Optional.ofNullable(aside), List.copyOf(heldAside));
    end();
    return made;
  }
}
