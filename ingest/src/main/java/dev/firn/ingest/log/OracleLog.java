package dev.firn.ingest.log;

import dev.firn.writer.Position;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * The redo log of Oracle, as LogMiner reads it.
 *
 * <p>The END comes at once, with the commit SCN of each redo thread, its own included. Several
 * transactions may commit at one SCN: their ids tell them apart.
 */
public final class OracleLog implements SourceLog {
  private static final String COMMIT_SCN = "commit_scn";
  private static final String SNAPSHOT_SCN = "snapshot_scn";
  private static final String SCN = "scn";
  private static final Set<String> WITHIN = Set.of("txId", "txSeq");

  @Override
  public Position parse(String text) {
    return SetPosition.of(CommitScns.parse(text));
  }

  @Override
  public Position position(EndedTransaction ended, Optional<Position> before) {
    CommitScns reached = CommitScns.parse(Records.required(ended.end(), COMMIT_SCN));
    CommitScns own = reached.of(ended.name());
    return new SetPosition(
        before.map(b -> ((CommitScns) ((SetPosition) b).reached()).with(own)).orElse(own), own);
  }

  /** Without the place within a transaction that Debezium remembers. */
  @Override
  public Map<String, Object> offsetAfter(EndedTransaction ended) {
    return toResume(ended.end());
  }

  private static Map<String, Object> toResume(SourceRecord event) {
    return Records.offset(event, key -> key.equals(SNAPSHOT_SCN) || isKept(key));
  }

  private static boolean isKept(String key) {
    return !key.startsWith("transaction_") && !key.startsWith("snapshot") && !WITHIN.contains(key);
  }

  @Override
  public Instant committedAt(EndedTransaction ended) {
    return Records.source(ended.last(), "commit_ts_ms")
        .map(millis -> Instant.ofEpochMilli(Long.parseLong(millis)))
        .orElseGet(() -> SourceLog.super.committedAt(ended));
  }

  @Override
  public boolean isStreaming(SourceRecord heartbeat) {
    return Records.text(heartbeat, SCN).isPresent() && !Records.isSnapshot(heartbeat);
  }

  /** What was committed up to its SCN, on whatever thread, and what had been streamed before. */
  @Override
  public SnapshotEnd snapshotEnd(SourceRecord at) {
    String scn = Records.text(at, SNAPSHOT_SCN).orElseGet(() -> Records.required(at, SCN));
    CommitScns snapshot = CommitScns.upTo(scn);
    return new SnapshotEnd(
        SetPosition.of(
            Records.text(at, COMMIT_SCN)
                .filter(text -> !text.isBlank())
                .map(text -> snapshot.with(CommitScns.parse(text)))
                .orElse(snapshot)),
        toResume(at));
  }
}
