package dev.firn.ingest;

import dev.firn.ingest.log.PostgresLog;
import dev.firn.writer.PipelineException;
import io.debezium.DebeziumException;
import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresOffsetContext;
import io.debezium.connector.postgresql.PostgresPartition;
import io.debezium.pipeline.ChangeEventSourceCoordinator;
import io.debezium.pipeline.spi.OffsetContext;
import io.debezium.pipeline.spi.Offsets;
import io.debezium.pipeline.spi.Partition;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.source.SourceRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Debezium's PostgreSQL task, but for three things: when the connection is lost it goes on trying,
 * which it says once when it is lost and once when it is back; it resumes from an offset that holds
 * no more than the place in the log, and only if the slot is still there (Debezium would advise to
 * read the tables again, by a setting that is refused here); and then it leaves the publication
 * alone.
 *
 * <p>Debezium loses rows when it resumes from its full offset: it looks for the last processed
 * event among those that PostgreSQL sends again, and finds the wrong one ({@code
 * WalPositionLocator}).
 */
public class PatientPostgresTask extends PostgresConnectorTask {
  private static final Logger LOG = LoggerFactory.getLogger(PatientPostgresTask.class);

  private boolean lost;
  private boolean starting;
  private BooleanSupplier storedOffset = () -> false;

  @Override
  public ChangeEventSourceCoordinator<PostgresPartition, PostgresOffsetContext> start(
      Configuration config) {
    starting = true;
    try {
      boolean goesOn = SourceGuard.requireResumable();
      return super.start(PostgresValues.reaching(goesOn ? leavingPublication(config) : config));
    } catch (RuntimeException e) {
      RuntimeException failure = failure(e);
      doStop();
      throw failure;
    } finally {
      starting = false;
    }
  }

  /**
   * Debezium would set the publication's tables on the very connection that then decodes the log.
   * To that PostgreSQL opens them as they are now, and goes on to decode with what it knows of them
   * by then: rows from before an ALTER TABLE would be read by the types from after it. Firn adds
   * tables itself, on another connection.
   */
  private static Configuration leavingPublication(Configuration config) {
    return config
        .edit()
        .with(PostgresConnectorConfig.PUBLICATION_AUTOCREATE_MODE, "disabled")
        .build();
  }

  @Override
  public List<SourceRecord> doPoll() throws InterruptedException {
    List<SourceRecord> records;
    try {
      records = super.doPoll();
    } catch (RuntimeException e) {
      RuntimeException failure = failure(e);
      if (failure instanceof RetriableException) {
        requireNoSnapshot(e);
      }
      throw failure;
    }
    // Heartbeats come from a stream that runs; a connection alone may still wait for its slot.
    if (lost && !records.isEmpty()) {
      LOG.info("connection to the database is back");
      lost = false;
      SourceConnection.back();
    }
    return records;
  }

  /**
   * What to throw: Debezium would try again after every failure of the database, also after those
   * that stay.
   */
  private RuntimeException failure(RuntimeException e) {
    if (ConnectionLoss.isIn(e)) {
      if (!lost) {
        LOG.warn(
            "connection to the database lost ({}); trying again until it is there",
            ConnectionLoss.reason(e));
        lost = true;
      }
      SourceConnection.lost(ConnectionLoss.reason(e));
      return new RetriableException("connection to the database lost", e);
    }
    Optional<String> refusal = ConnectionLoss.refusal(e);
    if (refusal.isPresent()) {
      return new PipelineException(refusal.orElseThrow(), e);
    }
    return e instanceof RetriableException ? new DebeziumException(ConnectionLoss.reason(e), e) : e;
  }

  @Override
  protected Offsets<PostgresPartition, PostgresOffsetContext> getPreviousOffsets(
      Partition.Provider<PostgresPartition> partitions,
      OffsetContext.Loader<PostgresOffsetContext> loader) {
    // Also called when an acknowledgement is passed on to the slot, which needs all of the offset.
    if (!starting) {
      return super.getPreviousOffsets(partitions, loader);
    }
    storedOffset = () -> super.getPreviousOffsets(partitions, loader).getTheOnlyOffset() != null;
    return super.getPreviousOffsets(
        partitions, offset -> loader.load(PostgresLog.toResume(offset)));
  }

  /** Until its end is in the lake, a snapshot cannot go on where it was: it is read again. */
  private void requireNoSnapshot(RuntimeException e) {
    if (!storedOffset.getAsBoolean()) {
      throw new DebeziumException(
          "connection to the database lost during the initial snapshot (%s); start again: it is then read anew"
              .formatted(ConnectionLoss.reason(e)),
          e);
    }
  }
}
