package dev.firn.ingest;

import dev.firn.writer.BatchCommits;
import dev.firn.writer.Lake;
import dev.firn.writer.Pipeline;
import dev.firn.writer.PipelineException;
import dev.firn.writer.RowTarget;
import dev.firn.writer.Step;
import dev.firn.writer.StepListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
    SourceView visible,
    Following following) {
  private static final Logger LOG = LoggerFactory.getLogger(RunStart.class);

  /**
   * Takes the pipeline over, opens its tables and prepares the source; then the engine may be
   * started.
   *
   * @throws SettingsException something outside does not let the pipeline start
   */
  static RunStart make(SinkSettings settings, Source source) {
    StepListener steps = StepsFile.ofThisProcess();
    steps.entered(Step.START);
    List<CapturedTable> captured = isTold(source) ? List.of() : capturedTables(source);
    requireIdentified(settings, source);
    Catalog catalog = LakeProbe.open(settings);
    ExecutorService threads =
        Executors.newCachedThreadPool(Thread.ofPlatform().name("firn-commit-", 0).factory());
    try {
      CapturedTables tables = requireTakeable(settings, source, catalog, captured);
      Pipeline pipeline =
          LakeProbe.explaining(
              settings.catalog(),
              () ->
                  Pipeline.takeOver(
                      catalog, settings.pipeline(), source.log()::parse, threads, steps));
      Following following = refusing(pipeline, () -> source.follow(pipeline));
      // One that is there is followed, so that it knows what was read again, and in which log.
      if (settings.mayQuarantine() || pipeline.hasQuarantine()) {
        LOG.debug("events may go to the quarantine {}", pipeline.openQuarantine());
      }
      tables.openAll(
          pipeline,
          isTold(source) ? toldTables(settings, source, catalog, pipeline, tables) : captured);
      if (pipeline.offset().isEmpty()) {
        tables
            .decoders()
            .forEach(
                decoder -> fitBeforeReading(pipeline, tables, decoder, settings.schemaChanges()));
      }
      try (SourceLook look = source.patientLook()) {
        SourceOids oids =
            refusing(pipeline, () -> askForMissing(pipeline, tables, following, look));
        askForOtherColumns(pipeline, tables);
        KnownShards.askForNew(pipeline, tables);
        ColumnRuleChecks.askForOthers(pipeline, settings.columnRules(), tables.decoders());
        if (isTold(source)) {
          refusing(pipeline, () -> requireRead(pipeline, tables));
        }
        SourceView visible = look.view();
        following.begin();
        return new RunStart(catalog, threads, pipeline, tables, oids, visible, following);
      }
    } catch (SQLException e) {
      close(threads, catalog);
      throw unreachable(source, e);
    } catch (RuntimeException e) {
      close(threads, catalog);
      throw e;
    }
  }

  /** Whether the source's events alone tell of its tables. */
  private static boolean isTold(Source source) {
    return source.told().isPresent();
  }

  /**
   * Looks what lets the pipeline not be taken over.
   *
   * @throws SettingsException something does not
   */
  private static CapturedTables requireTakeable(
      SinkSettings settings, Source source, Catalog catalog, List<CapturedTable> captured) {
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
    return tables;
  }

  /** The tables that events have told of before; once the source is followed. */
  private static List<CapturedTable> toldTables(
      SinkSettings settings,
      Source source,
      Catalog catalog,
      Pipeline pipeline,
      CapturedTables tables)
      throws SQLException {
    List<CapturedTable> known = source.tables();
    tables.check(catalog, known);
    ColumnRuleChecks.requireSame(pipeline, settings.columnRules(), known);
    return known;
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
      Pipeline pipeline, CapturedTables tables, Following following, SourceLook look)
      throws SQLException {
    pipeline.noteTablesLeftOut();
    SourceOids oids = SourceOids.of(pipeline);
    boolean follows = pipeline.offset().isPresent();
    List<TableWatch.Seen> same = new ArrayList<>();
    List<TableDecoder> recreated = new ArrayList<>();
    for (TableWatch.Seen seen : look.tables()) {
      Optional<TableDecoder> decoder = tables.decoder(seen.table());
      boolean isOther = oids.of(seen.table()).map(oid -> oid != seen.oid()).orElse(false);
      if (decoder.isPresent()) {
        if (isOther && follows) {
          recreated.add(decoder.orElseThrow());
        } else {
          same.add(seen);
        }
        oids.put(seen.table(), seen.oid());
      }
    }
    following.look(
        look,
        same,
        follows,
        request ->
            requestReading(pipeline, tables.decoder(request.table()).orElseThrow(), request));
    recreated.forEach(
        table -> pipeline.requestReading(table.table(), ReadingRequest.RECREATED, true));
    oids.note(pipeline);
    following.dueNote(() -> follows).ifPresent(note -> note.accept(pipeline));
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

  /** What could not be read is told again by each start, until all is read anew. */
  private static boolean requireRead(Pipeline pipeline, CapturedTables tables) {
    for (TableDecoder table : tables.decoders()) {
      pipeline
          .reading(table.table())
          .ifPresent(why -> {
            throw new PipelineException(Readings.refusal(table.source(), why));
          });
    }
    return true;
  }

  private static void requestReading(
      Pipeline pipeline, TableDecoder table, ReadingRequest request) {
    if (pipeline.reading(table.table()).isEmpty()) {
      pipeline.requestReading(table.table(), request.why(), table.target().key().isEmpty());
    }
  }

  /** Before anything is published. */
  private static void requireIdentified(SinkSettings settings, Source source) {
    try (SourceLook look = source.patientLook()) {
      settings.keylessTables().require(look.tables());
    } catch (SQLException e) {
      throw unreachable(source, e);
    }
  }

  private static List<CapturedTable> capturedTables(Source source) {
    List<CapturedTable> tables;
    try {
      tables = source.tables();
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

  private static SettingsException unreachable(Source source, Exception e) {
    return new SettingsException(
        "cannot read from database %s: %s".formatted(source.place(), ConnectionLoss.reason(e)), e);
  }

  /** Closes what a run needs for as long as it lives. */
  void close() {
    following.end();
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
