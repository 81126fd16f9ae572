package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.ColumnChanges;
import dev.firn.writer.CommitLoop;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.LargeTransaction;
import dev.firn.writer.PipelineException;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SetAside;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TransactionEnd;
import java.time.Duration;
import java.util.Optional;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/**
 * Gives what the assembler makes into the lake: rows of the initial snapshot, then transactions,
 * large ones change by change. Of the engine's thread alone.
 */
final class IntoLake implements TransactionAssembler.Downstream {

  /** Told of the initial snapshot's end. */
  interface SnapshotListener {
    /** It is read; nothing of it is visible yet, and a failure leaves it so. */
    void read();

    void published(CommittedBatch batch, Duration took);
  }

  private final CommitLoop loop;
  private final Uninterrupted commits;
  private final Readings readings;
  private final ReadingSignals signals;
  private final Source source;
  private final SnapshotListener listener;
  private @Nullable InitialSnapshot initialSnapshot;
  private volatile @Nullable LargeTransaction large;

  /**
   * @param initialSnapshot the one that has begun; null when it is over
   */
  IntoLake(
      CommitLoop loop,
      Uninterrupted commits,
      Readings readings,
      ReadingSignals signals,
      Source source,
      @Nullable InitialSnapshot initialSnapshot,
      SnapshotListener listener) {
    this.loop = loop;
    this.commits = commits;
    this.readings = readings;
    this.signals = signals;
    this.source = source;
    this.initialSnapshot = initialSnapshot;
    this.listener = listener;
  }

  /** Whether a transaction is being written as it arrives; for any thread. */
  boolean isLargeOpen() {
    return large != null;
  }

  /** Whether the initial snapshot is being read. */
  boolean isInInitialSnapshot() {
    return initialSnapshot != null;
  }

  /** Changes the columns of a table of the lake, after all that came before. */
  RowTarget changeColumns(SourceTable table, TableIdentifier name, ColumnChanges changes)
      throws InterruptedException {
    if (isInInitialSnapshot()) {
      throw new PipelineException(
          "the columns of table %s changed while the initial snapshot was being read; start again: it is then read anew"
              .formatted(table));
    }
    LargeTransaction open = large;
    return commits.callAlone(pipeline ->
        open == null ? pipeline.changeColumns(name, changes) : open.changeColumns(name, changes));
  }

  /** Takes a table into the initial snapshot that was opened since it began. */
  void include(TableIdentifier table) {
    requireNonNull(initialSnapshot, "initialSnapshot is null").include(table);
  }

  @Override
  public void snapshotRow(TableIdentifier table, Record row) {
    InitialSnapshot snapshot = requireNonNull(initialSnapshot, "initialSnapshot is null");
    if (source.told().isPresent()) {
      snapshot.addOnce(table, row);
    } else {
      snapshot.add(table, row);
    }
  }

  @Override
  public void snapshotAside(TableIdentifier table, SetAside aside) {
    requireNonNull(initialSnapshot, "initialSnapshot is null").setAside(table, aside);
  }

  @Override
  public void snapshotEnd(TransactionEnd end) {
    InitialSnapshot snapshot = requireNonNull(initialSnapshot, "initialSnapshot is null");
    listener.read();
    long start = System.nanoTime();
    CommittedBatch published = commits.call(() -> snapshot.publish(end));
    initialSnapshot = null;
    listener.published(published, Duration.ofNanos(System.nanoTime() - start));
  }

  @Override
  public boolean isSignal(Struct origin, Struct event) {
    return signals.take(origin, event);
  }

  @Override
  public void message(String prefix, String content) {
    signals.message(prefix, content);
  }

  @Override
  public void defined(Struct change) {
    if (source.told().isEmpty()) {
      signals.defined(change);
    } else {
      source.defined(change);
    }
  }

  @Override
  public void definedInSnapshot(Struct found) {
    source.definedInSnapshot(found);
  }

  @Override
  public void transaction(SourceTransaction transaction) throws InterruptedException {
    readings.ended(transaction);
    loop.add(transaction);
  }

  @Override
  public void beginLarge() throws InterruptedException {
    readings.largeBegins();
    large = loop.beginLarge();
  }

  @Override
  public void large(TableChange change) {
    requireNonNull(large, "large is null").apply(change);
  }

  @Override
  public void endLarge(TransactionEnd end) {
    loop.finishLarge(requireNonNull(large, "large is null"), end);
    large = null;
    readings.largeEnded(Optional.of(end));
  }

  @Override
  public void abandonLarge() {
    loop.abandonLarge(requireNonNull(large, "large is null"));
    large = null;
    readings.largeEnded(Optional.empty());
  }
}
