package dev.firn.ingest.demo;

import dev.firn.writer.Lake;
import dev.firn.writer.SummaryKeys;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.FileIO;
import org.jspecify.annotations.Nullable;

/**
 * Notes when which batch of which table of an embedded lake could be read. It looks into the
 * catalog's database, because to ask a catalog for hundreds of tables takes too long.
 */
final class VisibleBatches implements AutoCloseable {
  private static final long PAUSE_MILLIS = 10;
  private static final String TABLES =
      "SELECT table_name, metadata_location FROM iceberg_tables WHERE table_name NOT LIKE '%_changelog'";

  /** The metadata of a table that was there at an instant. */
  private record Seen(String table, String metadata, Instant at) {}

  private final Connection catalog;
  private final FileIO io;
  private final BlockingQueue<Seen> unread = new LinkedBlockingQueue<>();
  private final Map<String, TreeMap<Long, Instant>> batches = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
  private final Thread looking = Thread.ofPlatform().daemon().unstarted(() -> run(this::look));
  private final Thread reading = Thread.ofPlatform().daemon().unstarted(() -> run(this::read));
  private volatile boolean stopping;

  private VisibleBatches(Path lake) throws SQLException {
    this.catalog =
        DriverManager.getConnection("jdbc:sqlite:" + lake.resolve("catalog.db").toAbsolutePath());
    this.io = Lake.fileIo(Lake.embedded(lake));
  }

  /**
   * Looks from now on.
   *
   * @param lake its folder
   */
  static VisibleBatches start(Path lake) throws SQLException {
    VisibleBatches visible = new VisibleBatches(lake);
    visible.looking.start();
    visible.reading.start();
    return visible;
  }

  private interface Work {
    void run() throws SQLException, InterruptedException;
  }

  private void run(Work work) {
    try {
      work.run();
    } catch (SQLException | InterruptedException | RuntimeException e) {
      failure.compareAndSet(null, e);
    }
  }

  private void look() throws SQLException, InterruptedException {
    Map<String, String> known = new HashMap<>();
    try (PreparedStatement tables = catalog.prepareStatement(TABLES)) {
      while (!stopping) {
        try (ResultSet found = tables.executeQuery()) {
          Instant now = Instant.now();
          while (found.next()) {
            Seen seen = new Seen(found.getString(1), found.getString(2), now);
            if (!seen.metadata().equals(known.put(seen.table(), seen.metadata()))) {
              unread.add(seen);
            }
          }
        }
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      }
    }
  }

  private void read() throws InterruptedException {
    while (!stopping || !unread.isEmpty()) {
      Seen seen = unread.poll(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
      if (seen != null) {
        newestBatch(TableMetadataParser.read(io, seen.metadata()))
            .ifPresent(batch ->
                batches
                    .computeIfAbsent(seen.table(), unused -> new TreeMap<>())
                    .putIfAbsent(batch, seen.at()));
      }
    }
  }

  private static Optional<Long> newestBatch(TableMetadata table) {
    Snapshot at = table.currentSnapshot();
    while (at != null && !at.summary().containsKey(SummaryKeys.BATCH)) {
      at = at.parentId() == null ? null : table.snapshot(at.parentId());
    }
    return Optional.ofNullable(at).map(one -> Long.valueOf(one.summary().get(SummaryKeys.BATCH)));
  }

  /**
   * How long changes took from their commit at the source to the instant when they could be read.
   *
   * @param changes of a table's changelog, with {@code _batch} and {@code _committed_at}
   */
  LongStream millis(String table, List<Record> changes) {
    TreeMap<Long, Instant> seen = batches.getOrDefault(table, new TreeMap<>());
    return changes.stream()
        .filter(change -> seen.ceilingKey((Long) change.getField("_batch")) != null)
        .mapToLong(change ->
            Duration.between(
                    ((OffsetDateTime) change.getField("_committed_at")).toInstant(),
                    seen.ceilingEntry((Long) change.getField("_batch")).getValue())
                .toMillis());
  }

  /**
   * Looks no more, and reads what it has seen.
   *
   * @throws IllegalStateException it has failed to look
   */
  void stop() throws InterruptedException {
    stopping = true;
    looking.join();
    reading.join();
    if (failure.get() != null) {
      throw new IllegalStateException(failure.get());
    }
  }

  @Override
  public void close() throws SQLException {
    stopping = true;
    catalog.close();
    io.close();
  }
}
