package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.CommitProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How a run stands at one instant.
 *
 * @param initialSnapshot whether the source's tables are being read for the first time
 * @param lastCommit the last commit of this run
 * @param progress of the commits; the initial snapshot's counts from when it is being published
 * @param lag how far the lake is behind the source
 * @param heardAt when the source was last heard of
 * @param readings the tables that are being read beside the stream
 * @param silent for how long nothing came from the source, though something should have
 */
record RunStatus(
    String pipeline,
    long epoch,
    int tables,
    boolean initialSnapshot,
    Optional<LastCommit> lastCommit,
    CommitProgress progress,
    Duration lag,
    Instant heardAt,
    Optional<Duration> silent,
    List<Readings.Status> readings) {

  /**
   * A commit.
   *
   * @param at when it was done
   */
  record LastCommit(long batch, String position, Instant at, Instant sourceTime) {
    LastCommit {
      requireNonNull(position, "position is null");
      requireNonNull(at, "at is null");
      requireNonNull(sourceTime, "sourceTime is null");
    }
  }

  RunStatus {
    requireNonNull(pipeline, "pipeline is null");
    requireNonNull(lastCommit, "lastCommit is null");
    requireNonNull(progress, "progress is null");
    requireNonNull(lag, "lag is null");
    requireNonNull(heardAt, "heardAt is null");
    requireNonNull(silent, "silent is null");
    readings = List.copyOf(readings);
  }
}
