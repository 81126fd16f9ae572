package dev.firn.testing;

import static dev.firn.testing.CountedPosition.end;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.writer.CommitLoop;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.FencedException;
import dev.firn.writer.Patience;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import dev.firn.writer.PipelineSettings;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Schema;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Storage and catalog refuse for a while, or for good, while a loop commits. */
@Timeout(60)
class TestOutages {
  private static final Namespace CONTROL = Namespace.of("control");
  private static final TableIdentifier TABLE = TableIdentifier.of("db", "t");
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "text", Types.StringType.get()));
  private static final int ROWS = 40;

  private final MemoryStorage storage = new MemoryStorage();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** One process of the pipeline, past its initial snapshot. */
  private final class Writer implements CommitLoop.Listener {
    private final Faults faults = Faults.none();
    private final FaultyCatalog catalog = new FaultyCatalog(storage, faults, CONTROL);
    private final CompletableFuture<RuntimeException> failure = new CompletableFuture<>();
    private final Pipeline pipeline;
    private final RowTarget target;
    private final CommitLoop loop;

    Writer(Duration patience) {
      PipelineSettings settings =
          new PipelineSettings(
              "p",
              CONTROL,
              3,
              Map.of("commit.retry.min-wait-ms", "1", "commit.retry.max-wait-ms", "20"),
              128L << 20,
              PipelineSettings.KeyIndexSettings.standard(),
              Patience.of(patience),
              PipelineSettings.Visibility.EACH_TABLE);
      pipeline = Pipeline.takeOver(catalog, settings, CountedPosition::parse, threads);
      target = pipeline.open(new TableDefinition(TABLE, SCHEMA, List.of("id")));
      if (pipeline.offset().isEmpty()) {
        var unused = pipeline.initialSnapshot().publish(end(1));
      }
      loop =
          CommitLoop.start(
              pipeline, new CommitLoop.Settings(Duration.ofMillis(1), 10_000), threads, this);
    }

    void add(long at, long id, String text) throws InterruptedException {
      Record row = GenericRecord.create(target.written());
      row.set(0, id);
      row.set(1, text);
      loop.add(
          new SourceTransaction(
              List.of(
                  new TableChange(TABLE, new RowChange.Update(target.keys().keyOf(row), row), 100)),
              end(at)));
    }

    @Override
    public void failed(RuntimeException cause) {
      failure.complete(cause);
    }

    @Override
    public void committed(CommittedBatch batch, Duration took) {}
  }

  @AfterEach
  void stopThreads() throws InterruptedException {
    threads.shutdown();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }

  /** Everything that is written can be refused, again and again, in the midst of batches. */
  @ParameterizedTest
  @EnumSource
  void nothingIsLostOrDoubledByAnOutageThatEnds(FaultPoint point) throws Exception {
    Writer writer = new Writer(Duration.ofMinutes(1));
    int strikes = 0;
    for (int round = 0; round < 4; round++) {
      writer.faults.outage(EnumSet.of(point), 7);
      for (int i = 0; i < ROWS; i++) {
        // Half of the rows of the round before: files keep live rows, and get deletion vectors.
        if (i % (1 << round) == 0) {
          writer.add(2 + round * ROWS + i, i, "round " + round);
        }
      }
      var unused = writer.loop.quiesce(Pipeline::position);
      strikes += 7 - writer.faults.outageLeft();
      writer.faults.disarm();
    }
    writer.loop.close();
    assertThat(writer.failure).isNotDone();
    assertThat(writer.pipeline.trouble()).isEmpty();
    Map<Long, String> expected = expected(0);
    expected.replaceAll((id, text) -> "round " + Math.min(3, Long.numberOfTrailingZeros(id)));
    assertThat(rows()).isEqualTo(expected);
    assertThat(changes()).hasSize(ROWS + ROWS / 2 + ROWS / 4 + ROWS / 8).doesNotHaveDuplicates();
    if (EnumSet.of(
            FaultPoint.DATA_FILE_CLOSE,
            FaultPoint.VECTOR_CLOSE,
            FaultPoint.TABLE_COMMIT,
            FaultPoint.CONTROL_COMMIT)
        .contains(point)) {
      assertThat(strikes).as("steps that failed").isGreaterThan(7);
    }
  }

  @Test
  void outageHoldsTheSourceBackAndIsToldUntilItIsOver() throws Exception {
    Writer writer = new Writer(Duration.ofMinutes(1));
    writer.faults.outage(EnumSet.of(FaultPoint.DATA_FILE_CLOSE), Integer.MAX_VALUE);
    CompletableFuture<Void> source =
        CompletableFuture.runAsync(
            () -> {
              try {
                for (int i = 0; i < 1_000; i++) {
                  writer.add(2 + i, i % ROWS, "round 0");
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            threads);
    await(
        () -> writer.loop.pendingBytes() >= 10_000 && writer.loop.progress().trouble().isPresent());
    assertThat(source).isNotDone();
    assertThat(writer.loop.pendingBytes()).isEqualTo(10_000);
    assertThat(writer.loop.progress().trouble().orElseThrow())
        .contains("table db.t", "simulated failure", "since 20");
    writer.faults.disarm();
    source.get(30, TimeUnit.SECONDS);
    writer.loop.close();
    assertThat(writer.loop.progress().trouble()).isEmpty();
    assertThat(rows()).isEqualTo(expected(0));
    assertThat(changes()).hasSize(1_000);
  }

  @Test
  void outageThatLastsEndsTheLoopWithOneLineAndTheNextStartGoesOn() throws Exception {
    Writer writer = new Writer(Patience.LEAST);
    writer.faults.outage(EnumSet.of(FaultPoint.DATA_FILE_CLOSE), Integer.MAX_VALUE);
    writer.add(2, 1, "round 0");
    RuntimeException failure = writer.failure.get(30, TimeUnit.SECONDS);
    assertThat(failure)
        .isInstanceOf(PipelineException.class)
        .hasMessageContainingAll("table db.t", "simulated failure", "tried", "nothing is lost")
        .message()
        .hasLineCount(1);
    assertThatThrownBy(() -> writer.add(3, 2, "never")).isSameAs(failure);
    writer.loop.close();
    Writer next = new Writer(Patience.LEAST);
    assertThat(next.pipeline.position()).contains(new CountedPosition(1));
    next.add(2, 1, "round 0");
    next.loop.close();
    assertThat(rows()).isEqualTo(Map.of(1L, "round 0"));
    assertThat(changes()).hasSize(1);
  }

  @Test
  void stopDoesNotWaitForTheEndOfAnOutage() throws Exception {
    Writer writer = new Writer(Duration.ofHours(1));
    writer.faults.outage(EnumSet.of(FaultPoint.TABLE_COMMIT), Integer.MAX_VALUE);
    writer.add(2, 1, "round 0");
    await(() -> writer.loop.progress().trouble().isPresent());
    writer.loop.close();
    assertThat(writer.failure).isCompletedWithValueMatching(PipelineException.class::isInstance);
  }

  @Test
  void whatNoWaitingCuresEndsTheLoopAtOnce() throws Exception {
    Writer old = new Writer(Duration.ofHours(1));
    Writer taker = new Writer(Duration.ofHours(1));
    old.add(2, 1, "fenced");
    assertThat(old.failure.get(10, TimeUnit.SECONDS)).isInstanceOf(FencedException.class);
    old.loop.close();
    taker.catalog.dropTable(TABLE, false);
    taker.add(2, 1, "nowhere");
    assertThat(taker.failure.get(10, TimeUnit.SECONDS))
        .isInstanceOf(PipelineException.class)
        .hasMessageContainingAll("table db.t", "is gone", "control.p");
    taker.loop.close();
  }

  @Test
  void clockThatIsBehindIsNamedAndWaitedFor() throws Exception {
    Writer writer = new Writer(Duration.ofMinutes(1));
    setLastCommit(writer, Duration.ofMinutes(62));
    writer.add(2, 1, "round 0");
    await(() -> writer.loop.progress().trouble().isPresent());
    assertThat(writer.loop.progress().trouble().orElseThrow())
        .contains("this machine's clock (", "is 1 h 1 min 5", "of table db.t (", "set the clock");
    setLastCommit(writer, Duration.ofMinutes(-1));
    writer.loop.close();
    assertThat(writer.failure).isNotDone();
    assertThat(rows()).isEqualTo(Map.of(1L, "round 0"));
  }

  @Test
  void clockThatStaysBehindEndsTheLoop() throws Exception {
    Writer writer = new Writer(Patience.LEAST);
    setLastCommit(writer, Duration.ofDays(1));
    writer.add(2, 1, "round 0");
    assertThat(writer.failure.get(30, TimeUnit.SECONDS))
        .isInstanceOf(PipelineException.class)
        .hasMessageContainingAll("is 23 h 59 min", "behind the last commit of table db.t");
    writer.loop.close();
    assertThatThrownBy(() -> new Writer(Patience.LEAST))
        .as("a start says the same")
        .isInstanceOf(PipelineException.class)
        .hasMessageContainingAll("is 23 h 59 min", "behind the last commit of table db.t");
  }

  /** As a machine whose clock is ahead leaves a table. */
  private static void setLastCommit(Writer writer, Duration fromNow) {
    TableOperations operations =
        ((HasTableOperations) writer.catalog.loadTable(TABLE)).operations();
    TableMetadata base = operations.current();
    long last = base.currentSnapshot().timestampMillis();
    String at = Long.toString(Instant.now().plus(fromNow).toEpochMilli());
    String json =
        TableMetadataParser.toJson(base)
            .replace(Long.toString(last), at)
            .replaceFirst("(\"last-updated-ms\"\\s*:\\s*)\\d+", "$1" + at);
    operations.commit(base, TableMetadataParser.fromJson(json));
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited for 30 s").isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static Map<Long, String> expected(int round) {
    Map<Long, String> rows = new TreeMap<>();
    IntStream.range(0, ROWS).forEach(id -> rows.put((long) id, "round " + round));
    return rows;
  }

  private Map<Long, String> rows() {
    Map<Long, String> rows = new TreeMap<>();
    for (Record row : read(TABLE)) {
      assertThat(rows.put((Long) row.get(0), (String) row.get(1))).as("doubled").isNull();
    }
    return rows;
  }

  private List<String> changes() {
    return read(TableIdentifier.of("db", "t_changelog")).stream()
        .map(row -> "%s/%s".formatted(row.getField("_position"), row.getField("id")))
        .toList();
  }

  private List<Record> read(TableIdentifier name) {
    FaultyCatalog reader = new FaultyCatalog(storage, Faults.none(), CONTROL);
    List<Record> rows = new ArrayList<>();
    try (CloseableIterable<Record> read = IcebergGenerics.read(reader.loadTable(name)).build()) {
      read.forEach(rows::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }
}
