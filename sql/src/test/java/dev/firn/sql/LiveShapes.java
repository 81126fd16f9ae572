package dev.firn.sql;

import dev.firn.testing.CountedPosition;
import dev.firn.writer.Batch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline that commits to a table of every shape, on a thread of its own, until it is stopped.
 * Each batch has two transactions, each with changes to all tables.
 */
final class LiveShapes implements AutoCloseable {
  private static final int FIRST_ROWS = 150;
  private static final int GROWS_AT = 10;
  private static final int TRANSACTIONS = 2;

  private final Pipeline pipeline;
  private final List<ShapedTable> tables;
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private @Nullable ScheduledFuture<?> writing;
  private final AtomicLong batches = new AtomicLong();
  private long at;

  private LiveShapes(Catalog catalog, String schema, int formatVersion, Random random) {
    this.pipeline =
        Pipeline.takeOver(
            catalog,
            new PipelineSettings(schema, Namespace.of("firn"), formatVersion, Map.of(), 128L << 20),
            CountedPosition::parse,
            Runnable::run);
    this.tables =
        Shape.all(formatVersion).stream()
            .map(shape -> new ShapedTable(pipeline, schema, shape, random))
            .toList();
  }

  /** Makes the tables, with their first rows and one batch; nobody writes to them yet. */
  static LiveShapes create(Catalog catalog, String schema, int formatVersion, long seed) {
    LiveShapes shapes = new LiveShapes(catalog, schema, formatVersion, new Random(seed));
    InitialSnapshot first = shapes.pipeline.initialSnapshot();
    for (ShapedTable table : shapes.tables) {
      table.first(FIRST_ROWS).forEach(row -> first.add(table.name(), row));
    }
    first.publish(CountedPosition.end(shapes.advance()));
    shapes.commit();
    return shapes;
  }

  List<ShapedTable> tables() {
    return tables;
  }

  /** Batches that are committed. */
  long batches() {
    return batches.get();
  }

  /** Begins to write, until {@link #stop}, with such a pause after each batch. */
  void write(Duration pause) {
    writing =
        thread.scheduleWithFixedDelay(this::commit, 0, pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether it still writes: a batch that fails is the last one. */
  boolean writes() {
    return writing != null && !writing.isDone();
  }

  /** Writes no more; what it was at is complete. */
  void stop() throws Exception {
    if (writing != null && !writing.cancel(false)) {
      writing.get();
    }
    thread.submit(() -> {}).get();
  }

  private void commit() {
    if (batches.get() == GROWS_AT) {
      tables.stream()
          .filter(table -> table.shape().equals(Shape.GROWING))
          .forEach(table -> table.grow(pipeline));
    }
    Batch batch = pipeline.newBatch();
    for (int i = 0; i < TRANSACTIONS; i++) {
      List<TableChange> changes = new ArrayList<>();
      tables.forEach(table -> changes.addAll(table.changes()));
      batch.add(new SourceTransaction(changes, CountedPosition.end(advance())));
    }
    pipeline.commit(pipeline.prepare(batch));
    var unused = pipeline.settle();
    batches.incrementAndGet();
  }

  private long advance() {
    CountedPosition place = new CountedPosition(++at);
    tables.forEach(table -> table.reach(place));
    return at;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
