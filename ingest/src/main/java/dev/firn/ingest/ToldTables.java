package dev.firn.ingest;

import dev.firn.writer.Pipeline;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens tables of which nothing but events tells when their first event comes, and writes down what
 * columns these have. Of the engine's thread alone.
 *
 * @param known what the events have said
 */
record ToldTables(
    Source source, EventTables known, CapturedTables tables, Uninterrupted commits, IntoLake lake) {
  private static final Logger LOG = LoggerFactory.getLogger(ToldTables.class);

  /**
   * The first event of a table comes.
   *
   * @throws dev.firn.writer.PipelineException the table cannot be followed
   */
  void begin(SourceTable table, ColumnPlan.Event event) throws InterruptedException {
    boolean isRead = lake.isInInitialSnapshot();
    CapturedTable captured = source.begun(table, event, isRead);
    TableDecoder decoder =
        commits.callAlone(pipeline -> {
          TableDecoder opened = tables.open(pipeline, captured);
          if (isRead) {
            lake.include(opened.table());
          } else {
            note(pipeline);
          }
          return opened;
        });
    LOG.info("table {} goes to {}", table, decoder.table());
  }

  /**
   * Events of a table have these columns from here on. It is written down before the lake's table
   * follows: a process that finds it followed knows why.
   */
  void follow(SourceTable table, ColumnPlan.Event event) throws InterruptedException {
    if (known.put(table, event)) {
      commits.runAlone(this::note);
    }
  }

  private void note(Pipeline pipeline) {
    known.takeNote().ifPresent(text -> pipeline.note(EventTables.NOTE, text));
  }
}
