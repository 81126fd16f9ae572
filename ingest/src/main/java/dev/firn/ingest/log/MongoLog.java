package dev.firn.ingest.log;

import dev.firn.writer.Position;
import dev.firn.writer.SourceOffset;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * The change stream of MongoDB, of a replica set or of all shards at once.
 *
 * <p>A change without session and transaction number is a transaction of its own. Those of a
 * transaction of several documents share one cluster time; their END comes with the next change, so
 * until then the transaction is over as soon as the stream is at a later cluster time, as a
 * heartbeat tells. An idle server writes one every ten seconds.
 */
public final class MongoLog implements SourceLog {
  private static final String TOKEN = "resume_token";
  private static final String SECONDS = "sec";
  private static final String ORDER = "ord";
  private static final Set<String> RESUMING = Set.of(TOKEN, SECONDS, ORDER);

  @Override
  public Position parse(String text) {
    return ResumeToken.parse(text);
  }

  @Override
  public Optional<String> alone(SourceRecord change) {
    boolean isOfMany =
        Records.source(change, "lsid").isPresent()
            || Records.source(change, "txnNumber").isPresent();
    return isOfMany ? Optional.empty() : Optional.of(token(change).toString());
  }

  @Override
  public boolean isOver(SourceRecord last, SourceRecord heartbeat) {
    return token(heartbeat).clusterTime().compareTo(token(last).clusterTime()) > 0;
  }

  @Override
  public Position position(EndedTransaction ended, Optional<Position> before) {
    return token(ended.last());
  }

  @Override
  public Map<String, Object> offsetAfter(EndedTransaction ended) {
    return Records.offset(ended.last(), RESUMING::contains);
  }

  @Override
  public boolean forgetsOldPlaces() {
    return true;
  }

  @Override
  public SourceOffset offsetAt(SourceRecord between, Position at) {
    return new StoredOffsets(Map.of())
        .with(between.sourcePartition(), Records.offset(between, RESUMING::contains))
        .stored();
  }

  @Override
  public boolean isStreaming(SourceRecord heartbeat) {
    return Records.text(heartbeat, TOKEN).isPresent()
        && !heartbeat.sourceOffset().containsKey("initsync")
        && !Records.isSnapshot(heartbeat);
  }

  /** The first change of the stream is not in it: the reader resumes at its cluster time. */
  @Override
  public SnapshotEnd snapshotEnd(SourceRecord at) {
    boolean isContained = Records.isSnapshot(at) || Records.isHeartbeat(at);
    return isContained
        ? new SnapshotEnd(token(at), Records.offset(at, RESUMING::contains))
        : new SnapshotEnd(
            token(at).beforeItsClusterTime(),
            Records.offset(at, key -> key.equals(SECONDS) || key.equals(ORDER)));
  }

  private static ResumeToken token(SourceRecord event) {
    return ResumeToken.decode(Records.required(event, TOKEN));
  }
}
