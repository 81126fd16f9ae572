package dev.firn.testing;

import static dev.firn.testing.CountedPosition.end;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.writer.CommitLoop;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.FencedException;
import dev.firn.writer.Lake;
import dev.firn.writer.Patience;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.PipelineSettings.Visibility;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Orders, and lines that refer to them, of a source that inserts an order and its line in one
 * transaction; the catalog is a REST server.
 */
@Timeout(600)
class TestAtomicCommits {
  private static final int POLLS = Integer.getInteger("firn.polls", 200);
  private static final int POLLS_PER_BATCH = 8;
  private static final Namespace CONTROL = Namespace.of("control");
  private static final TableIdentifier ORDERS = TableIdentifier.of("shop", "orders");

  /** Each line refers to the order with its number, line 0 to the newest order. */
  private static final TableIdentifier LINES = TableIdentifier.of("shop", "lines");

  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "order_id", Types.LongType.get()));

  @TempDir private Path folder;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private Catalog behind;
  private RestCatalog rest;
  private Catalog lake;

  @BeforeEach
  void start() {
    behind = Lake.open(Lake.DEFAULT_NAME, Lake.embedded(folder));
    rest = RestCatalog.before(behind);
    lake = client(rest);
  }

  private static Catalog client(RestCatalog server) {
    Map<String, String> properties = new HashMap<>(server.properties());
    properties.put("io-impl", Lake.embedded(Path.of("")).get("io-impl"));
    return Lake.open(Lake.DEFAULT_NAME, properties);
  }

  @AfterEach
  void stop() throws Exception {
    threads.shutdown();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    close(lake);
    rest.close();
    close(behind);
  }

  private static void close(Catalog catalog) throws IOException {
    try (Closeable closing = Lake.closing(catalog)) {
      assertThat(closing).isNotNull();
    }
  }

  /** One process of the pipeline, past its initial snapshot. */
  private final class Writer implements CommitLoop.Listener {
    private final CompletableFuture<RuntimeException> failure = new CompletableFuture<>();
    private final Pipeline pipeline;
    private final RowTarget orders;
    private final RowTarget lines;
    private final CommitLoop loop;

    Writer(Visibility visibility) {
      this(visibility, threads);
    }

    Writer(Visibility visibility, Executor tableCommits) {
      pipeline =
          Pipeline.takeOver(lake, settings(visibility), CountedPosition::parse, tableCommits);
      orders = pipeline.open(new TableDefinition(ORDERS, SCHEMA, List.of("id")));
      lines = pipeline.open(new TableDefinition(LINES, SCHEMA, List.of("id")));
      if (pipeline.offset().isEmpty()) {
        var unused = pipeline.initialSnapshot().publish(end(1));
      }
      loop =
          CommitLoop.start(
              pipeline, new CommitLoop.Settings(Duration.ofMillis(1), 1 << 20), threads, this);
    }

    void order(long id) throws InterruptedException {
      loop.add(
          new SourceTransaction(
              List.of(
                  change(LINES, lines, id, id),
                  change(LINES, lines, 0, id),
                  change(ORDERS, orders, id, id)),
              end(id)));
    }

    /** Each in a batch of its own. */
    void orders(long from, long to) throws InterruptedException {
      for (long id = from; id <= to; id++) {
        order(id);
        var unused = loop.quiesce(Pipeline::position);
      }
    }

    private TableChange change(TableIdentifier table, RowTarget target, long id, long order) {
      Record row = GenericRecord.create(target.written());
      row.set(0, id);
      row.set(1, order);
      return new TableChange(table, new RowChange.Update(target.keys().keyOf(row), row), 100);
    }

    @Override
    public void failed(RuntimeException cause) {
      failure.complete(cause);
    }

    @Override
    public void committed(CommittedBatch batch, Duration took) {}
  }

  private static PipelineSettings settings(Visibility visibility) {
    return new PipelineSettings(
        "p",
        CONTROL,
        3,
        Map.of("commit.retry.min-wait-ms", "1", "commit.retry.max-wait-ms", "20"),
        128L << 20,
        PipelineSettings.KeyIndexSettings.standard(),
        Patience.of(Duration.ofMinutes(1)),
        visibility);
  }

  @Test
  @Timeout(3600) // of the long form
  void noLineIsEverWithoutItsOrder() throws Exception {
    Writer writer = new Writer(Visibility.WHOLE_BATCH);
    assertThat(pollsUntilAnOrphan(writer, POLLS, POLLS_PER_BATCH)).as("polls").isEqualTo(POLLS);
    assertThat(rest.transactions()).isGreaterThan(10);
    assertThat(writer.failure).isNotDone();
  }

  /** The test above could not fail if this one did. */
  @Test
  void tableByTableALineIsSometimesAheadOfItsOrder() throws Exception {
    // One table after the other, as the batch has them.
    Writer writer = new Writer(Visibility.EACH_TABLE, Runnable::run);
    assertThat(pollsUntilAnOrphan(writer, 100 * POLLS, 0)).as("polls").isLessThan(100 * POLLS);
    assertThat(rest.transactions()).isZero();
  }

  /**
   * Polls beside the writer, which makes a batch of each order and its line.
   *
   * @param perBatch so many polls at least: each batch makes the tables' metadata longer
   */
  private int pollsUntilAnOrphan(Writer writer, int most, int perBatch) throws Exception {
    AtomicInteger polled = new AtomicInteger();
    CompletableFuture<Integer> polls =
        CompletableFuture.supplyAsync(() -> pollsUntilAnOrphan(most, polled), threads);
    for (long id = 2; !polls.isDone(); id++) {
      int before = polled.get();
      writer.orders(id, id);
      while (!polls.isDone() && polled.get() < before + perBatch) {
        LockSupport.parkNanos(1_000_000);
      }
    }
    writer.loop.close();
    return polls.get();
  }

  private int pollsUntilAnOrphan(int most, AtomicInteger polled) {
    Catalog reader = client(rest);
    try (Closeable closing = Lake.closing(reader)) {
      long newest = 1;
      for (int polls = 0; polls < most; polls = polled.incrementAndGet()) {
        // The lines come first: whatever is committed later, their orders stay.
        Table linesNow = reader.loadTable(LINES);
        Table ordersNow = reader.loadTable(ORDERS);
        List<Long> lines = ids(linesNow, newest);
        if (!ids(ordersNow, newest).containsAll(lines)) {
          return polls;
        }
        newest = lines.stream().reduce(newest, Math::max);
      }
      return most;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From one on: a poll costs the same however many there are. */
  private static List<Long> ids(Table table, long from) {
    return read(table, Expressions.greaterThanOrEqual("id", from)).stream()
        .map(row -> (Long) row.getField("id"))
        .toList();
  }

  private static List<Record> read(Table table, Expression where) {
    try (CloseableIterable<Record> rows = IcebergGenerics.read(table).where(where).build()) {
      List<Record> found = new ArrayList<>();
      rows.forEach(found::add);
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsLostOrDoubledHoweverATransactionFails(RestCatalog.Fault fault) throws Exception {
    Writer writer = new Writer(Visibility.WHOLE_BATCH);
    writer.orders(2, 4);
    rest.fail(fault);
    writer.orders(5, 7);
    writer.loop.close();
    assertThat(writer.failure).isNotDone();
    requireOrders(2, 7);
    assertThat(rest.transactions())
        .as("a table's part that landed is not committed again")
        .isEqualTo(fault == RestCatalog.Fault.REFUSED ? 8 : 7);
  }

  @Test
  void somebodyElsesCommitToOneTableIsFollowedAndBothLand() throws Exception {
    Writer writer = new Writer(Visibility.WHOLE_BATCH);
    writer.orders(2, 4);
    lake.loadTable(ORDERS).newFastAppend().commit();
    writer.orders(5, 7);
    writer.loop.close();
    assertThat(writer.failure).isNotDone();
    requireOrders(2, 7);
  }

  @Test
  void aWriterThatWasReplacedCommitsToNoTable() throws Exception {
    Writer old = new Writer(Visibility.WHOLE_BATCH);
    old.orders(2, 4);
    Writer taker = new Writer(Visibility.WHOLE_BATCH);
    old.order(5);
    assertThat(old.failure.get(30, TimeUnit.SECONDS)).isInstanceOf(FencedException.class);
    old.loop.close();
    taker.orders(5, 6);
    taker.loop.close();
    requireOrders(2, 6);
  }

  @Test
  void theFirstRowsOfAllTablesAppearTogether() {
    int before = rest.transactions();
    Writer writer = new Writer(Visibility.WHOLE_BATCH);
    writer.loop.close();
    assertThat(rest.transactions()).isEqualTo(before + 1);
  }

  @Test
  void whatTheCatalogCannotDoIsSaidAtTheStart() throws Exception {
    assertThatThrownBy(() -> start(behind))
        .isInstanceOf(PipelineException.class)
        .hasMessageContainingAll("commit.atomic", "no REST catalog");
    try (RestCatalog plain = RestCatalog.tableByTable(behind)) {
      Catalog client = client(plain);
      assertThatThrownBy(() -> start(client))
          .isInstanceOf(PipelineException.class)
          .hasMessageContainingAll("commit.atomic=false", "does not offer that");
      close(client);
    }
  }

  private void start(Catalog catalog) {
    var unused =
        Pipeline.takeOver(
            catalog, settings(Visibility.WHOLE_BATCH), CountedPosition::parse, threads);
  }

  private void requireOrders(long from, long to) {
    assertThat(read(lake.loadTable(ORDERS), Expressions.alwaysTrue()))
        .extracting(row -> row.getField("id"))
        .containsExactlyInAnyOrderElementsOf(LongStream.rangeClosed(from, to).boxed().toList());
    assertThat(read(lake.loadTable(LINES), Expressions.alwaysTrue()))
        .extracting(row -> row.getField("order_id"))
        .containsExactlyInAnyOrderElementsOf(
            LongStream.concat(LongStream.rangeClosed(from, to), LongStream.of(to))
                .boxed()
                .toList());
    assertThat(
            read(
                lake.loadTable(TableIdentifier.of("shop", "orders_changelog")),
                Expressions.alwaysTrue()))
        .extracting(row -> row.getField("id"))
        .containsExactlyInAnyOrderElementsOf(LongStream.rangeClosed(from, to).boxed().toList());
  }
}
