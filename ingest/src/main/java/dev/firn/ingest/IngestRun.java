package dev.firn.ingest;

import dev.firn.ingest.log.SourceLog;
import dev.firn.writer.ColumnChanges;
import dev.firn.writer.CommitLoop;
import dev.firn.writer.CommittedBatch;
import dev.firn.writer.FencedException;
import dev.firn.writer.InitialSnapshot;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SourceOffset;
import dev.firn.writer.Step;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.kafka.connect.source.SourceRecord;
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

  /** What part of the memory may hold changes of tables that are being read. */
  private static final int READINGS_SHARE = 4;

  /** A process that has failed must end, whether it could say why or not. */
  private static final int NOTE_SECONDS = 5;

  private final RunStart start;
  private final Pipeline pipeline;
  private final ExecutorService threads;
  private final CapturedTables tables;
  private final Readings readings;
  private final TableWatch watch;
  private final FollowedColumns columns;
  private final CommitLoop.Listener listener;
  private final CommitLoop loop;
  private final Uninterrupted commits;
  private final Source source;
  private final IntoLake lake;
  private final Optional<ToldTables> told;
  private final ColumnRules rules;
  private final TransactionAssembler assembler;
  private final Reached reached;
  private final QuietLog quiet;
  private final Following following;
  private final RunProgress progress;
  private final String pipelineName;
  private final Duration patience;

  /**
   * Whether the tables are published, so that what is missing in the log is missing in the lake.
   */
  private volatile boolean follows;

  private IngestRun(
      RunStart start, SinkSettings settings, Source source, CommitLoop.Listener listener) {
    this.start = start;
    this.threads = start.threads();
    this.pipeline = start.pipeline();
    this.tables = start.tables();
    this.following = start.following();
    SourceLog log = source.log();
    this.quiet = new QuietLog(log, System.nanoTime());
    this.pipelineName = settings.pipeline().name();
    this.patience = source.patience();
    this.listener = listener;
    this.progress = new RunProgress(pipeline.offset().flatMap(log::committedAt));
    NotedCommits noted = new NotedCommits(progress, listener);
    Optional<TransactionAssembler.Start> resumed =
        pipeline
            .offset()
            .flatMap(offset ->
                pipeline.position().map(at -> new TransactionAssembler.Start(at, offset)));
    this.reached = new Reached(resumed.map(TransactionAssembler.Start::position));
    this.follows = resumed.isPresent();
    InitialSnapshot initial = resumed.isEmpty() ? pipeline.initialSnapshot() : null;
    this.loop = CommitLoop.start(pipeline, settings.commitLoop(), threads, noted);
    this.commits = new Uninterrupted(loop, threads);
    this.readings =
        new Readings(
            source,
            pipeline,
            tables,
            start.oids(),
            settings.memoryBytes() / READINGS_SHARE,
            commits,
            noted::committed,
            this::followColumns);
    ReadingSignals signals =
        new ReadingSignals(source.signals(), pipelineName, tables, readings, source::captures);
    this.source = source;
    this.lake =
        new IntoLake(loop, commits, readings, signals, source, initial, new Snapshot(noted));
    this.told = source.told().map(known -> new ToldTables(source, known, tables, commits, lake));
    this.rules = settings.columnRules();
    this.columns =
        new FollowedColumns(tables, readings, settings.schemaChanges(), new ForColumns());
    this.assembler =
        new TransactionAssembler(log, columns, lake, settings.largeTransactionBytes(), resumed);
    this.watch =
        new TableWatch(
            source, tables, readings, start.oids(), following, () -> follows, listener::failed);
    readings.startedAt(start.visible());
    if (resumed.isPresent()) {
      readings.resume();
    }
    watch.start();
  }

  /**
   * Takes the pipeline over and makes ready to take records; then the engine may be started.
   *
   * @param listener told of the commits, and when one has failed for good: the process must end
   *     then
   * @throws SettingsException something outside does not let the pipeline start
   */
  static IngestRun start(SinkSettings settings, Source source, CommitLoop.Listener listener) {
    RunStart start = RunStart.make(settings, source);
    try {
      if (source.told().isPresent()) {
        LakeOffsetStore.resumeFromLake(start.pipeline()::offset);
      } else {
        LakeOffsetStore.resumeFrom(start.pipeline().offset());
      }
      IngestRun run = new IngestRun(start, settings, source, listener);
      LOG.info(
          "pipeline {} captures {} tables of {}, {}",
          settings.pipeline().name(),
          run.tables.size(),
          source.place(),
          run.position().map(p -> "from " + p).orElse("beginning with an initial snapshot"));
      run.pipeline.steps().left(Step.START);
      return run;
    } catch (RuntimeException e) {
      start.close();
      throw e;
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
    progress.handling();
    try {
      take(batch, toSourceRecord, committer);
    } finally {
      progress.handled(batch.size(), assembler.isBetween() && loop.isVisible());
    }
  }

  private <E> void take(
      List<E> batch, Function<E, SourceRecord> toSourceRecord, RecordCommitter<E> committer)
      throws InterruptedException {
    noteServer();
    pipeline.steps().entered(Step.DECODE);
    try {
      for (E event : batch) {
        accept(event, source.normal(toSourceRecord.apply(event)));
      }
    } finally {
      pipeline.steps().left(Step.DECODE);
    }
    assembler.position().ifPresent(following::reached);
    loop.committed().ifPresent(end -> reached.durable(end.position()));
    followQuietLog();
    reached.follow(assembler);
    acknowledge(reached.takeCommitted(), committer);
  }

  private void accept(Object event, SourceRecord read) throws InterruptedException {
    switch (assembler.accept(read)) {
      case NOTHING -> {}
      case END -> {
        reached.ended(assembler.lastEnd().position(), event);
        between();
      }
      case BETWEEN -> {
        reached.between(assembler.position(), event);
        quiet.between(read);
        between();
      }
    }
  }

  /** Before anything of another timeline gets into the lake. */
  private void noteServer() throws InterruptedException {
    Optional<Consumer<Pipeline>> note = following.urgentNote();
    if (note.isPresent()) {
      commits.runAlone(note.orElseThrow());
    }
  }

  private void followQuietLog() throws InterruptedException {
    Optional<Position> at = assembler.position();
    boolean isQuiet = assembler.isBetween() && loop.isVisible();
    if (at.isEmpty() || reached.durable().isEmpty() || !isQuiet) {
      return;
    }
    Optional<SourceOffset> offset =
        quiet.due(reached.durable().orElseThrow(), at.orElseThrow(), System.nanoTime());
    if (offset.isPresent()
        && commits.callAlone(p -> p.advance(at.orElseThrow(), offset.orElseThrow()))) {
      reached.durable(at.orElseThrow());
    }
  }

  private void between() throws InterruptedException {
    Optional<Position> at = assembler.position();
    if (at.isPresent() && !readings.isIdle()) {
      readings.between(at.orElseThrow());
    }
    Optional<Consumer<Pipeline>> note =
        at.isEmpty() ? Optional.empty() : following.dueNote(readings::isIdle);
    if (note.isPresent()) {
      commits.runAlone(note.orElseThrow());
    }
  }

  @SuppressWarnings("unchecked") // All events of a run are the engine's.
  private <E> void acknowledge(Optional<Object> committed, RecordCommitter<E> committer)
      throws InterruptedException {
    if (committed.isEmpty()) {
      committer.markBatchFinished();
      return;
    }
    pipeline.steps().entered(Step.ACKNOWLEDGEMENT);
    try {
      committer.markProcessed((E) committed.orElseThrow());
      committer.markBatchFinished();
    } finally {
      pipeline.steps().left(Step.ACKNOWLEDGEMENT);
    }
  }

  /**
   * Ends the process if another one has taken over while the source is away from this one: it may
   * never get anything again whose commit would find it out.
   */
  void endIfReplaced() {
    if (SourceConnection.loss().isPresent()) {
      try {
        pipeline.requireNotReplaced();
      } catch (FencedException e) {
        listener.failed(e);
      }
    }
  }

  /** Whether another process has taken over; empty also where that cannot be seen soon. */
  Optional<FencedException> replaced() {
    Future<?> look = threads.submit(pipeline::requireNotReplaced);
    try {
      look.get(NOTE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return e.getCause() instanceof FencedException fenced
          ? Optional.of(fenced)
          : Optional.empty();
    } catch (TimeoutException e) {
      LOG.debug("the control table cannot be seen", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Optional.empty();
  }

  /** What storage or catalog refuse from now on ends the run: it is about to be closed. */
  void stopRetrying() {
    pipeline.stopRetrying();
  }

  /** Lets a running commit finish; what is not complete is read again by the next start. */
  @Override
  public void close() {
    try {
      stop();
    } finally {
      start.close();
    }
  }

  /**
   * Closes after a failure, which is noted in the control table, for {@code firn status}, if the
   * lake takes it.
   */
  void closeAfter(String failure) {
    try {
      stop();
      note(new FailureNote(pipeline.epoch(), Instant.now(), failure));
    } finally {
      start.close();
    }
  }

  private void stop() {
    watch.close();
    readings.close();
    loop.close();
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

  private void followColumns(TableDecoder decoder, ColumnPlan.Event event)
      throws InterruptedException {
    var unused = columns.follow(decoder, event);
  }

  /** What follows the columns of events needs of this run. */
  private final class ForColumns implements FollowedColumns.Run {
    @Override
    public boolean isInInitialSnapshot() {
      return lake.isInInitialSnapshot();
    }

    @Override
    public Optional<ToldTables> told() {
      return told;
    }

    @Override
    public RowTarget change(TableDecoder decoder, ColumnChanges changes)
        throws InterruptedException {
      RowTarget target = lake.changeColumns(decoder.source(), decoder.table(), changes);
      assembler.columnsChanged(target);
      return target;
    }
  }

  /**
   * How the tables are published, before they are complete: from then on it counts what becomes of
   * that. Nothing is being committed yet.
   *
   * @throws PipelineException some are not, or it cannot be seen: nothing is published
   */
  private void notePublication() {
    watch.requireLook();
    if (told.isPresent()) {
      ColumnRuleChecks.requireColumns(
          rules, tables.decoders().stream().map(TableDecoder::captured).toList(), Map.of());
    }
    following
        .dueNote(() -> true)
        .ifPresent(note ->
            commits.call(() -> {
              note.accept(pipeline);
              return true;
            }));
  }

  /** What the initial snapshot's end means to this run. */
  private final class Snapshot implements IntoLake.SnapshotListener {
    private final NotedCommits noted;

    Snapshot(NotedCommits noted) {
      this.noted = noted;
    }

    @Override
    public void read() {
      follows = true;
      notePublication();
      progress.publishing();
    }

    @Override
    public void published(CommittedBatch batch, Duration took) {
      noted.committed(batch, took);
      reached.durable(batch.end().position());
      reached.follow(assembler);
    }
  }

  /** How it stands; for any thread. */
  RunStatus status(Instant now) {
    boolean initial = reached.position().isEmpty();
    SourceClock clock =
        progress.clock(now, SourceConnection.loss().isPresent() ? Duration.ZERO : patience);
    return new RunStatus(
        pipelineName,
        pipeline.epoch(),
        tables.size(),
        initial,
        progress.lastCommit(),
        initial ? progress.ofInitialSnapshot(now, pipeline::trouble) : loop.progress(),
        initial ? Duration.ZERO : clock.lag(now),
        clock.heardAt(),
        initial ? Optional.empty() : clock.silent(now),
        readings.status());
  }

  /** Events that the source has sent so far. */
  long events() {
    return progress.events();
  }

  /** Number of rows in the key index of a table of this run. */
  long indexedRows(TableIdentifier table) {
    return pipeline.indexedRows(table);
  }

  /** Whether a transaction is being written as it arrives. */
  boolean isLargeOpen() {
    return lake.isLargeOpen();
  }

  /** The tables that it writes. */
  Set<TableIdentifier> tables() {
    return tables.decoders().stream().map(TableDecoder::table).collect(Collectors.toSet());
  }

  /** The lake, for those who only look at it. */
  Catalog catalog() {
    return start.catalog();
  }

  /** Up to where all that the source has committed is in the lake. */
  Optional<Position> position() {
    return reached.position();
  }
}
