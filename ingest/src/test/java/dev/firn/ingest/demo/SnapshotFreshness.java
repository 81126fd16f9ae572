package dev.firn.ingest.demo;

import dev.firn.writer.SummaryKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.jspecify.annotations.Nullable;

/**
 * A reader who asks the catalog for the table's current snapshot again and again: how long a change
 * takes from its commit at the source, by the source's clock, to the snapshot that shows it.
 */
final class SnapshotFreshness implements AutoCloseable {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /**
   * A batch that has become visible.
   *
   * @param at when it was seen
   * @param first when the source committed its first transaction
   * @param last when the source committed its last transaction
   * @param rows that it changes
   */
  record Seen(Instant at, Instant first, Instant last, long rows) {
    /** For each row, as if the source had committed them evenly from the first to the last. */
    LongStream millis() {
      long span = Duration.between(first, last).toMillis();
      long steps = Math.max(1, rows - 1);
      return LongStream.range(0, rows).map(row -> oldestMillis() - span * row / steps);
    }

    long oldestMillis() {
      return Duration.between(first, at).toMillis();
    }
  }

  private final Table table;
  private final List<Seen> seen = new ArrayList<>();
  private final AtomicReference<RuntimeException> failure = new AtomicReference<>();
  private final Thread thread;
  private long newest;
  private volatile boolean stopping;

  private SnapshotFreshness(Table table) {
    this.table = table;
    this.newest = table.currentSnapshot().snapshotId();
    this.thread = Thread.ofPlatform().name("freshness").daemon().unstarted(this::run);
  }

  /**
   * Looks from now on at a table that has a snapshot.
   *
   * @param table for this reader alone
   */
  static SnapshotFreshness start(Table table) {
    SnapshotFreshness freshness = new SnapshotFreshness(table);
    freshness.thread.start();
    return freshness;
  }

  private void run() {
    try {
      while (!stopping) {
        look();
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    } catch (RuntimeException e) {
      failure.set(e);
    }
  }

  private void look() {
    table.refresh();
    Instant now = Instant.now();
    Snapshot current = table.currentSnapshot();
    Stream.iterate(current, at -> at != null && at.snapshotId() != newest, this::parent)
        .map(Snapshot::summary)
        .filter(summary -> summary.containsKey(SummaryKeys.SOURCE_TIME_FIRST))
        .forEach(summary -> add(now, summary));
    newest = current.snapshotId();
  }

  private @Nullable Snapshot parent(Snapshot of) {
    return of.parentId() == null ? null : table.snapshot(of.parentId());
  }

  private synchronized void add(Instant now, Map<String, String> summary) {
    seen.add(
        new Seen(
            now,
            Instant.parse(summary.get(SummaryKeys.SOURCE_TIME_FIRST)),
            Instant.parse(summary.get(SummaryKeys.SOURCE_TIME_LAST)),
            Stream.of(SummaryKeys.INSERTED, SummaryKeys.UPDATED, SummaryKeys.DELETED)
                .mapToLong(key -> Long.parseLong(summary.getOrDefault(key, "0")))
                .sum()));
  }

  /** The batches whose first transaction was committed in this time. */
  synchronized List<Seen> between(Instant begin, Instant end) {
    return seen.stream()
        .filter(batch -> !batch.first().isBefore(begin) && batch.first().isBefore(end))
        .toList();
  }

  /**
   * Looks no more.
   *
   * @throws RuntimeException it has failed to look
   */
  @Override
  public void close() {
    stopping = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (failure.get() != null) {
      throw failure.get();
    }
  }
}
