package dev.firn.ingest.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expressions;
import org.jspecify.annotations.Nullable;

/**
 * Measures how long a placed order takes from the return of its commit to being read from the lake.
 * It reads as any reader does, in another process than the writer, asking the catalog for the
 * table's newest state each time.
 */
final class FreshnessProbe implements Load.Listener, AutoCloseable {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

  private final LakeView lake;
  private final NavigableMap<Long, Long> awaited = new ConcurrentSkipListMap<>();
  private final List<Long> millis = new ArrayList<>();
  private final Thread thread;
  private @Nullable Table table;
  private int told;
  private long snapshotSeen = -1;
  private volatile long batch;
  private volatile boolean stopping;

  private FreshnessProbe(LakeView lake) {
    this.lake = lake;
    this.thread = Thread.ofPlatform().name("freshness").daemon().unstarted(this::run);
  }

  static FreshnessProbe start(LakeView lake) {
    FreshnessProbe probe = new FreshnessProbe(lake);
    probe.thread.start();
    return probe;
  }

  @Override
  public void placed(long orderId, long atNanos) {
    awaited.put(orderId, atNanos);
  }

  @Override
  public void cancelled(long orderId) {
    awaited.remove(orderId);
  }

  private void run() {
    while (!stopping) {
      if (!awaited.isEmpty()) {
        look();
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private void look() {
    Table orders = newest();
    if (orders == null || orders.currentSnapshot() == null) {
      return;
    }
    long snapshot = orders.currentSnapshot().snapshotId();
    if (snapshot == snapshotSeen) {
      return;
    }
    snapshotSeen = snapshot;
    LakeView.batch(orders).ifPresent(number -> batch = number);
    long oldest = awaited.isEmpty() ? Long.MAX_VALUE : awaited.firstKey();
    List<Record> rows = LakeView.read(orders, Expressions.greaterThanOrEqual("id", oldest), "id");
    long now = System.nanoTime();
    for (Record row : rows) {
      Long committed = awaited.remove((Long) row.getField("id"));
      if (committed != null) {
        add(TimeUnit.NANOSECONDS.toMillis(now - committed));
      }
    }
  }

  /** The metadata is read again only where it has changed. */
  private @Nullable Table newest() {
    if (table == null) {
      table = lake.table("orders").orElse(null);
    } else {
      table.refresh();
    }
    return table;
  }

  private synchronized void add(long value) {
    millis.add(value);
  }

  /** All times so far. */
  synchronized long[] all() {
    return millis.stream().mapToLong(Long::longValue).toArray();
  }

  /** The times since the last call. */
  synchronized long[] sinceLastAsked() {
    long[] fresh =
        millis.subList(told, millis.size()).stream().mapToLong(Long::longValue).toArray();
    told = millis.size();
    return fresh;
  }

  /** How long the oldest order that is not readable yet has waited. */
  long oldestAwaitedMillis() {
    return awaited.values().stream()
        .mapToLong(at -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - at))
        .max()
        .orElse(0);
  }

  /** The newest batch seen. */
  long batch() {
    return batch;
  }

  @Override
  public void close() {
    stopping = true;
    LockSupport.unpark(thread);
    try {
      thread.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
