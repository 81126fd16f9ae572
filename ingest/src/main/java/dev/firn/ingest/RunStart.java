package dev.firn.ingest;

import dev.firn.ingest.log.SourceLog;
import dev.firn.writer.BatchCommits;
import dev.firn.writer.Lake;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import dev.firn.writer.RowTarget;
import dev.firn.writer.Step;
import dev.firn.writer.StepListener;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.iceberg.catalog.Catalog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has to be there before a run can take records: the pipeline, taken over from whoever had it,
 * its tables, and a source from which it can go on.
 *
 * @param threads on which commits run
 * @param oids of the captured tables at the source
 * @param visible what is visible there
 */
record RunStart(
    Catalog catalog,
    ExecutorService threads,
    Pipeline pipeline,
    CapturedTables tables,
    SourceOids oids,
    SourceSnapshot visible,
    SourceGuard guard,
    PublishedTables published) {
  private static final Logger LOG = LoggerFactory.getLogger(RunStart.class);

  /**
   * Takes the pipeline over, opens its tables and prepares the replication slot; then the engine
   * may be started.
   *
   * @throws SettingsException something outside does not let the pipeline start
   */
  static RunStart make(SinkSettings settings, PostgresSource source, SourceLog log) {
    StepListener steps = StepsFile.ofThisProcess();
    steps.entered(Step.START);
    List<CapturedTable> captured = capturedTables(source, settings.columnRules());
    Catalog catalog = LakeProbe.open(settings);
    ExecutorService threads =
        Executors.newCachedThreadPool(Thread.ofPlatform().name("firn-commit-", 0).factory());
    try {
      BatchCommits.hindrance(catalog, settings.pipeline().visibility())
          .ifPresent(why -> {
            throw new SettingsException(BatchCommits.refusal(why));
          });
      CapturedTables tables = new CapturedTables(settings, source);
      LakeProbe.explaining(
          settings.catalog(),
          () -> {
            tables.check(catalog, captured);
            return tables;
          });
      Pipeline pipeline =
          LakeProbe.explaining(
              settings.catalog(),
              () -> Pipeline.takeOver(catalog, settings.pipeline(), log::parse, threads, steps));
      SourceGuard guard = refusing(pipeline, () -> SourceGuard.prepare(source, pipeline));
      // One that is there is followed, so that it knows what was read again, and in which log.
      if (settings.mayQuarantine() || pipeline.hasQuarantine()) {
        LOG.debug("events may go to the quarantine {}", pipeline.openQuarantine());
      }
      tables.openAll(pipeline, captured);
      if (pipeline.offset().isEmpty()) {
        tables
            .decoders()
            .forEach(
                decoder -> fitBeforeReading(pipeline, tables, decoder, settings.schemaChanges()));
      }
      PublishedTables published = new PublishedTables(source, pipeline);
      try (PostgresConnection connection = source.connect()) {
        Connection asked = connection.connection();
        SourceOids oids =
            refusing(pipeline, () -> askForMissing(pipeline, tables, source, published, asked));
        askForOtherColumns(pipeline, tables);
        KnownShards.askForNew(pipeline, tables);
        ColumnRuleChecks.askForOthers(pipeline, settings.columnRules(), tables.decoders());
        SourceSnapshot visible = SourceSnapshot.take(asked);
        guard.begin();
        return new RunStart(catalog, threads, pipeline, tables, oids, visible, guard, published);
      }
    } catch (SQLException e) {
      close(threads, catalog);
      throw unreachable(source, e);
    } catch (RuntimeException e) {
      close(threads, catalog);
      throw e;
    }
  }

  /** What asks the source before anything is followed. */
  private interface Asking<T> {
    T ask() throws SQLException;
  }

  /** What refuses a start stands in the control table afterwards, for {@code firn status}. */
  private static <T> T refusing(Pipeline pipeline, Asking<T> asking) throws SQLException {
    try {
      return asking.ask();
    } catch (SettingsException | PipelineException e) {
      FailureNote failure =
          new FailureNote(pipeline.epoch(), Instant.now(), String.valueOf(e.getMessage()));
      pipeline.note(FailureNote.NAME, failure.text());
      throw new SettingsException(String.valueOf(e.getMessage()), e);
    }
  }

  /** A table of an earlier attempt at the initial snapshot may lack what was added since. */
  private static void fitBeforeReading(
      Pipeline pipeline, CapturedTables tables, TableDecoder decoder, SchemaChanges policy) {
    CapturedTable captured = decoder.captured();
    ColumnPlan plan =
        decoder.plan(
            new ColumnPlan.Event(Set.copyOf(captured.key()), captured.row()),
            policy,
            column -> false);
    if (plan.isNeeded()) {
      RowTarget target = pipeline.changeColumns(decoder.table(), plan.changes());
      tables.shards(decoder).forEach(shard -> shard.follow(target));
      decoder.follow(target, captured.row());
    }
  }

  /** Writes down what has to be read because nobody followed the source for a time. */
  private static SourceOids askForMissing(
      Pipeline pipeline,
      CapturedTables tables,
      PostgresSource source,
      PublishedTables published,
      Connection asked)
      throws SQLException {
    pipeline.noteTablesLeftOut();
    SourceOids oids = SourceOids.of(pipeline);
    boolean follows = pipeline.offset().isPresent();
    Optional<Map<SourceTable, Publication.Member>> members = published.publication().members(asked);
    if (follows && members.isEmpty()) {
      throw published.gone();
    }
    // One that is ours is made, or made right, when the initial snapshot begins.
    boolean isToHold = follows || (members.isPresent() && !published.publication().isOurs());
    for (TableWatch.Seen seen : TableWatch.tables(source, asked)) {
      Optional<TableDecoder> decoder = tables.decoder(seen.table());
      boolean isOther = oids.of(seen.table()).map(oid -> oid != seen.oid()).orElse(false);
      if (decoder.isPresent()) {
        TableDecoder known = decoder.orElseThrow();
        if (isOther && follows) {
          pipeline.requestReading(known.table(), ReadingRequest.RECREATED, true);
        } else if (isToHold && !seen.isPartitioned()) {
          published.look(
              seen.table(),
              members.map(all -> all.get(seen.table())),
              request -> requestReading(pipeline, known, request));
        }
        oids.put(seen.table(), seen.oid());
      }
    }
    oids.note(pipeline);
    published.changed(() -> follows).ifPresent(text -> PublishedTables.note(pipeline, text));
    return oids;
  }

  /** Rows that were written meanwhile have nothing in a column that is used again. */
  private static void askForOtherColumns(Pipeline pipeline, CapturedTables tables) {
    VersionedColumns known = VersionedColumns.noted(pipeline);
    if (pipeline.offset().isPresent()) {
      for (TableDecoder table : tables.decoders()) {
        known
            .changed(table)
            .ifPresent(
                why -> requestReading(pipeline, table, new ReadingRequest(table.source(), why)));
      }
    }
    VersionedColumns.of(tables.decoders()).note(pipeline);
  }

  private static void requestReading(
      Pipeline pipeline, TableDecoder table, ReadingRequest request) {
    if (pipeline.reading(table.table()).isEmpty()) {
      pipeline.requestReading(table.table(), request.why(), table.target().key().isEmpty());
    }
  }

  private static List<CapturedTable> capturedTables(PostgresSource source, ColumnRules rules) {
    List<CapturedTable> tables;
    try {
      tables = new PostgresTables(source, rules).read();
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
    for (CapturedTable table : tables) {
      if (!table.unsent().isEmpty()) {
        LOG.warn(
            "generated columns {} of table {} are left out: PostgreSQL does not send them",
            table.unsent(),
            table.source());
      }
    }
    return tables;
  }

  private static SettingsException unreachable(PostgresSource source, Exception e) {
    return new SettingsException(
        "cannot read from database %s: %s".formatted(source.place(), ConnectionLoss.reason(e)), e);
  }

  /** Closes what a run needs for as long as it lives. */
  void close() {
    guard.end();
    close(threads, catalog);
  }

  private static void close(ExecutorService threads, Catalog catalog) {
    threads.shutdown();
    try {
      Lake.closing(catalog).close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
