package dev.firn.ingest.log;

import dev.firn.writer.Position;
import dev.firn.writer.SourceOffset;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * The redo log of Oracle, as LogMiner reads it.
 *
 * <p>The END comes at once, with the commit SCN of each redo thread, its own included. Several
 * transactions may commit at one SCN: their ids tell them apart.
 */
public final class OracleLog implements SourceLog {
  private static final String COMMIT_SCN = "commit_scn";
  private static final String SNAPSHOT_SCN = "snapshot_scn";
  private static final String PENDING = "snapshot_pending_tx";
  private static final String SCN = "scn";
  private static final Set<String> WITHIN = Set.of("txId", "txSeq");

  @Override
  public Position parse(String text) {
    return SetPosition.of(CommitScns.parse(text));
  }

  /**
   * Whether all that was committed at one offset was so at another.
   *
   * @param reached commit SCNs as Debezium writes them; null: none yet
   * @param earlier the same
   */
  public static boolean hasReached(@Nullable String reached, @Nullable String earlier) {
    return reached != null
        && earlier != null
        && CommitScns.parse(reached).containsAll(CommitScns.parse(earlier));
  }

  @Override
  public Position position(EndedTransaction ended, Optional<Position> before) {
    CommitScns reached = CommitScns.parse(Records.required(ended.end(), COMMIT_SCN));
    CommitScns own = reached.of(ended.name());
    return new SetPosition(
        before.map(b -> ((CommitScns) ((SetPosition) b).reached()).with(own)).orElse(own), own);
  }

  @Override
  public Map<String, Object> offsetAfter(EndedTransaction ended) {
    return toResume(ended.end());
  }

  @Override
  public boolean forgetsOldPlaces() {
    return true;
  }

  @Override
  public SourceOffset offsetAt(SourceRecord between, Position at) {
    return new StoredOffsets(Map.of()).with(between.sourcePartition(), toResume(between)).stored();
  }

  /**
   * Without the place within a transaction that Debezium remembers. Transactions that were open as
   * the initial snapshot began are read from their begin. Only the offsets of that snapshot name
   * them; a process that resumes would take what they did before for a part of the snapshot. So it
   * is told that the snapshot was where they began, and that what was committed since is known.
   */
  private static Map<String, Object> toResume(SourceRecord event) {
    Map<String, Object> offset = Records.offset(event, OracleLog::isKept);
    Records.text(event, SNAPSHOT_SCN)
        .map(BigInteger::new)
        .ifPresent(snapshot -> {
          BigInteger from = oldestOpen(event).min(snapshot);
          if (from.compareTo(snapshot) < 0) {
            offset.put(SCN, from.toString());
            offset.put(SNAPSHOT_SCN, from.toString());
            // A database without RAC has one thread.
            offset.putIfAbsent(COMMIT_SCN, "%s:1:".formatted(snapshot));
          }
        });
    return offset;
  }

  /** The last SCN before which nothing is of a transaction that is still to come. */
  private static BigInteger oldestOpen(SourceRecord event) {
    BigInteger scn = new BigInteger(Records.required(event, SCN));
    return Records.text(event, PENDING).stream()
        .flatMap(text -> Arrays.stream(text.split(",", -1)))
        .map(pending -> pending.substring(pending.indexOf(':') + 1).strip())
        .filter(begin -> !begin.isEmpty())
        .map(begin -> new BigInteger(begin).subtract(BigInteger.ONE))
        .reduce(scn, BigInteger::min);
  }

  private static boolean isKept(String key) {
    return key.equals(SNAPSHOT_SCN)
        || !(key.startsWith("transaction_") || key.startsWith("snapshot") || WITHIN.contains(key));
  }

  @Override
  public Instant committedAt(EndedTransaction ended) {
    return Records.source(ended.last(), "commit_ts_ms")
        .map(millis -> Instant.ofEpochMilli(Long.parseLong(millis)))
        .orElseGet(() -> SourceLog.super.committedAt(ended));
  }

  /**
   * One that still has the initial snapshot's own place comes before the reader has looked which
   * transactions were open there.
   */
  @Override
  public boolean isStreaming(SourceRecord heartbeat) {
    return Records.text(heartbeat, SCN).isPresent()
        && !Records.isSnapshot(heartbeat)
        && (Records.text(heartbeat, COMMIT_SCN).isPresent()
            || !Records.text(heartbeat, SCN).equals(Records.text(heartbeat, SNAPSHOT_SCN)));
  }

  /**
   * What was committed before its SCN, on whatever thread, and what had been streamed before. What
   * was committed at that very SCN may be in it or not: it comes once more.
   */
  @Override
  public SnapshotEnd snapshotEnd(SourceRecord at) {
    BigInteger scn =
        new BigInteger(Records.text(at, SNAPSHOT_SCN).orElseGet(() -> Records.required(at, SCN)));
    CommitScns snapshot = CommitScns.upTo(scn.subtract(BigInteger.ONE));
    return new SnapshotEnd(
        SetPosition.of(
            Records.text(at, COMMIT_SCN)
                .filter(text -> !text.isBlank())
                .map(text -> snapshot.with(CommitScns.parse(text)))
                .orElse(snapshot)),
        toResume(at));
  }
}
