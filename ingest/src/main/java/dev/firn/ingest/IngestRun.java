package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.ColumnChanges;
import dev.firn.writer.CommitLoop;
import dev.firn.writer.CommitProgress;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Lake;
import dev.firn.writer.LargeTransaction;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceTransaction;
import dev.firn.writer.TableChange;
import dev.firn.writer.TableDefinition;
import dev.firn.writer.TransactionEnd;
import io.debezium.data.Envelope;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a pipeline, from records of Debezium's engine to commits in the lake.
 *
 * <p>{@link #handle} is called by the engine's thread alone; {@link #close} lets a running commit
 * finish.
 */
final class IngestRun implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(IngestRun.class);

  /**
   * Schemas of events that are remembered before all are forgotten: new ones come with reconnects.
   */
  private static final int MAX_SCHEMAS = 10_000;

  /** A process that has failed must end, whether it could say why or not. */
  private static final int NOTE_SECONDS = 5;

  private final Catalog catalog;
  private final ExecutorService threads;
  private final Map<SourceTable, TableDecoder> decoders;
  private final IdentityHashMap<Schema, TableDecoder> decodersBySchema = new IdentityHashMap<>();
  private final CommitLoop.Listener listener;
  private final CommitLoop loop;
  private final TransactionAssembler assembler;
  private final Acknowledgements<Object> acknowledgements;
  private @Nullable InitialSnapshot initialSnapshot;
  private @Nullable LargeTransaction large;
  private final Pipeline pipeline;
  private final String pipelineName;
  private final SchemaChanges schemaChanges;
  private final Duration patience;

  /** When the source committed what was the last in the lake at the start. */
  private final Optional<Instant> startedFrom;

  private final LongAdder events = new LongAdder();
  private volatile Optional<LsnPosition> position;
  private volatile Optional<RunStatus.LastCommit> lastCommit = Optional.empty();

  /** Since when the initial snapshot is being published. */
  private volatile Optional<Instant> publishing = Optional.empty();

  private volatile boolean handling;
  private volatile Instant heardAt = Instant.now();
  private volatile Optional<Instant> caughtUpAt = Optional.empty();

  private IngestRun(
      Catalog catalog,
      ExecutorService threads,
      Pipeline pipeline,
      Map<SourceTable, TableDecoder> decoders,
      SinkSettings settings,
      Duration patience,
      CommitLoop.Listener listener) {
    this.pipeline = pipeline;
    this.pipelineName = settings.pipeline().name();
    this.schemaChanges = settings.schemaChanges();
    this.patience = patience;
    this.startedFrom = pipeline.offset().flatMap(PostgresOffset::committedAt);
    this.listener = listener;
    this.catalog = catalog;
    this.threads = threads;
    this.decoders = Map.copyOf(decoders);
    this.position =
        pipeline.offset().isEmpty()
            ? Optional.empty()
            : pipeline.position().map(LsnPosition.class::cast);
    this.initialSnapshot = position.isEmpty() ? pipeline.initialSnapshot() : null;
    this.loop = CommitLoop.start(pipeline, settings.commitLoop(), threads, new LastCommit());
    this.assembler =
        new TransactionAssembler(
            this::decoderOf, new IntoLake(), settings.largeTransactionBytes(), position);
    this.acknowledgements = new Acknowledgements<>(position);
  }

  /**
   * Takes the pipeline over, opens its tables and prepares the replication slot; then the engine
   * may be started.
   *
   * @param listener told of the commits, and when one has failed for good: the process must end
   *     then
   * @throws SettingsException something outside does not let the pipeline start
   */
  static IngestRun start(
      SinkSettings settings, PostgresSource source, CommitLoop.Listener listener) {
    Map<SourceTable, CapturedTable> captured = capturedTables(source);
    Map<SourceTable, TableIdentifier> routes =
        settings.routing().routes(source.topicPrefix(), captured.keySet());
    Catalog catalog = openCatalog(settings);
    ExecutorService threads =
        Executors.newCachedThreadPool(Thread.ofPlatform().name("firn-commit-", 0).factory());
    try {
      Pipeline pipeline =
          Pipeline.takeOver(catalog, settings.pipeline(), LsnPosition::parse, threads);
      new ReplicationSlot(source).prepare(pipeline);
      Map<SourceTable, TableDecoder> decoders = new HashMap<>();
      captured.forEach((name, table) -> {
        TableIdentifier route = requireNonNull(routes.get(name), "route is null");
        TableDefinition definition =
            table.definition(route, source.placeholder(), settings.changelogs().has(name));
        requireOwnName(definition, routes);
        RowTarget target = pipeline.open(definition);
        TableDecoder decoder = new TableDecoder(table, target, source.placeholder());
        if (pipeline.offset().isEmpty()) {
          fitBeforeReading(pipeline, decoder, settings.schemaChanges());
        }
        decoders.put(name, decoder);
      });
      LakeOffsetStore.resumeFrom(pipeline.offset());
      IngestRun run =
          new IngestRun(
              catalog, threads, pipeline, decoders, settings, source.patience(), listener);
      LOG.info(
          "pipeline {} captures {} tables of {}, {}",
          settings.pipeline().name(),
          captured.size(),
          source.place(),
          run.position.map(p -> "from " + p).orElse("beginning with an initial snapshot"));
      return run;
    } catch (SQLException e) {
      closeAll(threads, catalog);
      throw unreachable(source, e);
    } catch (RuntimeException e) {
      closeAll(threads, catalog);
      throw e;
    }
  }

  /** A table of an earlier attempt at the initial snapshot may lack what was added since. */
  private static void fitBeforeReading(
      Pipeline pipeline, TableDecoder decoder, SchemaChanges policy) {
    CapturedTable captured = decoder.captured();
    ColumnPlan plan =
        decoder.plan(new ColumnPlan.Event(Set.copyOf(captured.key()), captured.row()), policy);
    if (plan.isNeeded()) {
      decoder.follow(pipeline.changeColumns(decoder.table(), plan.changes()), captured.row());
    }
  }

  private static Map<SourceTable, CapturedTable> capturedTables(PostgresSource source) {
    List<CapturedTable> tables;
    try {
      tables = new PostgresTables(source).read();
    } catch (SQLException e) {
      throw unreachable(source, e);
    } catch (RuntimeException e) {
      if (ConnectionLoss.isIn(e)) {
        throw unreachable(source, e);
      }
      throw e;
    }
    if (tables.isEmpty()) {
      throw new SettingsException(
          "no table of %s is captured; see debezium.source.table.include.list and schema.include.list"
              .formatted(source.place()));
    }
    Map<SourceTable, CapturedTable> bySource = new HashMap<>();
    for (CapturedTable table : tables) {
      bySource.put(table.source(), table);
      if (!table.unsent().isEmpty()) {
        LOG.warn(
            "generated columns {} of table {} are left out: PostgreSQL does not send them",
            table.unsent(),
            table.source());
      }
    }
    return bySource;
  }

  private static void requireOwnName(
      TableDefinition definition, Map<SourceTable, TableIdentifier> routes) {
    definition
        .changelogTable()
        .filter(routes::containsValue)
        .ifPresent(name -> {
          throw new SettingsException(
              "table %s would hold both rows of the source and the changelog of %s; set %stable-prefix or destination-regexp for one of them, or %schangelog.exclude.list"
                  .formatted(name, definition.table(), SinkSettings.PREFIX, SinkSettings.PREFIX));
        });
  }

  private static SettingsException unreachable(PostgresSource source, Exception e) {
    return new SettingsException(
        "cannot read from database %s: %s".formatted(source.place(), ConnectionLoss.reason(e)), e);
  }

  private static Catalog openCatalog(SinkSettings settings) {
    try {
      return Lake.open(settings.catalogName(), settings.catalog());
    } catch (RuntimeException e) {
      throw new SettingsException(
          "cannot open the catalog (%s): %s"
              .formatted(
                  settings
                      .catalog()
                      .getOrDefault("type", settings.catalog().getOrDefault("catalog-impl", "")),
                  ConnectionLoss.reason(e)),
          e);
    }
  }

  /**
   * Takes a batch of records and acknowledges what has been committed meanwhile.
   *
   * @param toSourceRecord reads the engine's own event
   */
  <E> void handle(
      List<E> batch, Function<E, SourceRecord> toSourceRecord, RecordCommitter<E> committer)
      throws InterruptedException {
    handling = true;
    heardAt = Instant.now();
    try {
      take(batch, toSourceRecord, committer);
    } finally {
      events.add(batch.size());
      heardAt = Instant.now();
      if (assembler.isBetween() && loop.isVisible()) {
        caughtUpAt = Optional.of(heardAt);
      }
      handling = false;
    }
  }

  private <E> void take(
      List<E> batch, Function<E, SourceRecord> toSourceRecord, RecordCommitter<E> committer)
      throws InterruptedException {
    for (E event : batch) {
      switch (assembler.accept(toSourceRecord.apply(event))) {
        case NOTHING -> {}
        case END -> acknowledgements.ended(assembler.lastEnd().position(), event);
        case BETWEEN -> acknowledgements.between(event);
      }
    }
    loop.committed().ifPresent(end -> position = Optional.of((LsnPosition) end.position()));
    acknowledge(committer);
    if (acknowledgements.isEmpty()) {
      position = assembler.position();
    }
    committer.markBatchFinished();
  }

  @SuppressWarnings("unchecked") // All events of a run are the engine's.
  private <E> void acknowledge(RecordCommitter<E> committer) throws InterruptedException {
    Optional<Object> committed = acknowledgements.takeCommitted(position);
    if (committed.isPresent()) {
      committer.markProcessed((E) committed.orElseThrow());
    }
  }

  /** Lets a running commit finish; what is not complete is read again by the next start. */
  @Override
  public void close() {
    try {
      loop.close();
    } finally {
      closeAll(threads, catalog);
    }
  }

  /**
   * Closes after a failure, which is noted in the control table, for {@code firn status}, unless
   * the lake is what has failed.
   */
  void closeAfter(String failure) {
    try {
      loop.close();
      if (pipeline.trouble().isEmpty()) {
        note(new FailureNote(pipeline.epoch(), Instant.now(), failure));
      }
    } finally {
      closeAll(threads, catalog);
    }
  }

  private void note(FailureNote failure) {
    Future<?> noted = threads.submit(() -> pipeline.note(FailureNote.NAME, failure.text()));
    try {
      noted.get(NOTE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("the failure could not be noted in the control table", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private TableDecoder decoderOf(SourceRecord event, Struct source) throws InterruptedException {
    Schema envelope = event.valueSchema();
    TableDecoder known = decodersBySchema.get(envelope);
    if (known != null) {
      return known;
    }
    SourceTable table = new SourceTable(source.getString("schema"), source.getString("table"));
    TableDecoder decoder = decoders.get(table);
    if (decoder == null) {
      throw new PipelineException(
          "table %s is new at the source since this pipeline started; leave it out with debezium.source.table.exclude.list, or capture it with a pipeline of its own"
              .formatted(table));
    }
    followColumns(
        decoder,
        ColumnPlan.Event.of(event.keySchema(), envelope.field(Envelope.FieldName.AFTER).schema()));
    if (decodersBySchema.size() >= MAX_SCHEMAS) {
      decodersBySchema.clear();
    }
    decodersBySchema.put(envelope, decoder);
    return decoder;
  }

  /** Brings the lake's table to the columns of an event, after all that came before it. */
  private void followColumns(TableDecoder decoder, ColumnPlan.Event event)
      throws InterruptedException {
    SourceTable table = decoder.captured().source();
    ColumnPlan plan = decoder.plan(event, schemaChanges);
    if (!plan.said().isEmpty()) {
      LOG.info("table {} has changed at the source: {}", table, String.join(", ", plan.said()));
    }
    if (!plan.unread().isEmpty()) {
      needsReading(table, String.join(", ", plan.unread()));
    }
    RowTarget target = decoder.target();
    if (plan.isNeeded()) {
      target = changeColumns(table, decoder.table(), plan.changes());
      assembler.columnsChanged(target);
    }
    // What an older schema of the table asked for may not hold any more.
    decodersBySchema.values().removeIf(other -> other == decoder);
    decoder.follow(target, event.row());
  }

  private RowTarget changeColumns(SourceTable table, TableIdentifier name, ColumnChanges changes)
      throws InterruptedException {
    if (initialSnapshot != null) {
      throw new PipelineException(
          "the columns of table %s changed while the initial snapshot was being read; start again: it is then read anew"
              .formatted(table));
    }
    LargeTransaction open = large;
    return loop.quiesce(alone ->
        uninterrupted(
            threads.submit(() ->
                open == null
                    ? alone.changeColumns(name, changes)
                    : open.changeColumns(name, changes))));
  }

  /** The one place that learns of rows whose values at the source no event brings. */
  private static void needsReading(SourceTable table, String why) {
    LOG.warn(
        "table {}: {}; rows that have not changed since lack these values in the lake until the table is read again",
        table,
        why);
  }

  private static void closeAll(ExecutorService threads, Catalog catalog) {
    threads.shutdown();
    try {
      Lake.closing(catalog).close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void noteCommit(CommittedBatch batch, Duration took) {
    lastCommit =
        Optional.of(
            new RunStatus.LastCommit(
                batch.number(),
                batch.end().position().toString(),
                Instant.now(),
                batch.end().committedAt()));
    CommitLog.log(batch, took);
    listener.committed(batch, took);
  }

  /** Notes each commit before it is told on. */
  private final class LastCommit implements CommitLoop.Listener {
    @Override
    public void committed(CommittedBatch batch, Duration took) {
      noteCommit(batch, took);
    }

    @Override
    public void failed(RuntimeException failure) {
      listener.failed(failure);
    }
  }

  /** What the assembler makes goes into the lake. */
  private final class IntoLake implements TransactionAssembler.Downstream {
    @Override
    public void snapshotRow(TableIdentifier table, Record row) {
      requireNonNull(initialSnapshot, "initialSnapshot is null").add(table, row);
    }

    @Override
    public void snapshotEnd(TransactionEnd end) {
      InitialSnapshot snapshot = requireNonNull(initialSnapshot, "initialSnapshot is null");
      long start = System.nanoTime();
      // On a thread of its own: the engine interrupts its thread to stop, commits must go through.
      publishing = Optional.of(Instant.now());
      CommittedBatch published = uninterrupted(threads.submit(() -> snapshot.publish(end)));
      publishing = Optional.empty();
      noteCommit(published, Duration.ofNanos(System.nanoTime() - start));
      initialSnapshot = null;
      position = Optional.of((LsnPosition) end.position());
    }

    @Override
    public void transaction(SourceTransaction transaction) throws InterruptedException {
      loop.add(transaction);
    }

    @Override
    public void beginLarge() throws InterruptedException {
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
    }

    @Override
    public void abandonLarge() {
      loop.abandonLarge(requireNonNull(large, "large is null"));
      large = null;
    }
  }

  private static <V> V uninterrupted(Future<V> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new PipelineException("a commit failed", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** How it stands; for any thread. */
  RunStatus status(Instant now) {
    boolean initial = position.isEmpty();
    SourceClock clock =
        new SourceClock(
            handling ? now : heardAt,
            caughtUpAt,
            lastCommit.map(RunStatus.LastCommit::sourceTime).or(() -> startedFrom),
            SourceConnection.loss().isPresent() ? Duration.ZERO : patience);
    return new RunStatus(
        pipelineName,
        pipeline.epoch(),
        decoders.size(),
        initial,
        lastCommit,
        initial ? publishingProgress(now) : loop.progress(),
        initial ? Duration.ZERO : clock.lag(now),
        clock.heardAt(),
        initial ? Optional.empty() : clock.silent(now));
  }

  private CommitProgress publishingProgress(Instant now) {
    Optional<Duration> waiting = publishing.map(since -> Duration.between(since, now));
    return new CommitProgress(0, waiting, waiting.flatMap(unused -> pipeline.trouble()));
  }

  /** Events that the source has sent so far. */
  long events() {
    return events.sum();
  }

  /** Number of rows in the key index of a table of this run. */
  long indexedRows(TableIdentifier table) {
    return pipeline.indexedRows(table);
  }

  /** The tables that it writes. */
  Set<TableIdentifier> tables() {
    return decoders.values().stream().map(TableDecoder::table).collect(Collectors.toSet());
  }

  /** Up to where all that the source has committed is in the lake. */
  Optional<LsnPosition> position() {
    return position;
  }
}
