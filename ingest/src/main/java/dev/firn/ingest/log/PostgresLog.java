package dev.firn.ingest.log;

import dev.firn.writer.Position;
import dev.firn.writer.SourceOffset;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * The log of PostgreSQL. The END of a transaction comes at once, and alone tells the place of the
 * commit.
 */
public final class PostgresLog implements SourceLog {
  private static final String LSN = "lsn";
  private static final String TIME_MICROS = "ts_usec";

  /** What a start may know of where the last run ended. */
  private static final Set<String> RESUMING = Set.of(LSN, "txId", TIME_MICROS);

  /** The offset without what makes Debezium search for its place, and without a half snapshot. */
  public static Map<String, Object> toResume(Map<String, ?> offset) {
    Map<String, Object> resumed = new LinkedHashMap<>();
    offset.forEach((key, value) -> {
      if (RESUMING.contains(key) && value != null) {
        resumed.put(key, value);
      }
    });
    return resumed;
  }

  @Override
  public Optional<Instant> committedAt(SourceOffset stored) {
    return StoredOffsets.of(Optional.of(stored)).byPartition().values().stream()
        .findFirst()
        .flatMap(PostgresLog::time);
  }

  @Override
  public SourceOffset offsetAt(SourceRecord between, Position at) {
    Map<String, Object> offset = toResume(between.sourceOffset());
    offset.put(LSN, ((LsnPosition) at).lsn());
    return new StoredOffsets(Map.of()).with(between.sourcePartition(), offset).stored();
  }

  @Override
  public long bytesBetween(Position from, Position to) {
    return ((LsnPosition) to).lsn() - ((LsnPosition) from).lsn();
  }

  @Override
  public LsnPosition parse(String text) {
    return LsnPosition.parse(text);
  }

  /** Without the log sequence number that Debezium puts behind it, which differs by record. */
  @Override
  public String transaction(String id) {
    int colon = id.indexOf(':');
    return colon < 0 ? id : id.substring(0, colon);
  }

  @Override
  public Position position(EndedTransaction ended, Optional<Position> before) {
    return position(ended.end());
  }

  @Override
  public Map<String, Object> offsetAfter(EndedTransaction ended) {
    return toResume(ended.end().sourceOffset());
  }

  @Override
  public Instant committedAt(EndedTransaction ended) {
    return time(ended.end().sourceOffset()).orElse(Instant.EPOCH);
  }

  @Override
  public boolean isStreaming(SourceRecord heartbeat) {
    return heartbeat.sourceOffset().containsKey(LSN) && !Records.isSnapshot(heartbeat);
  }

  /** The slot sends what was committed at the place where the snapshot was exported, or later. */
  @Override
  public SnapshotEnd snapshotEnd(SourceRecord at) {
    LsnPosition position = position(at).before();
    Map<String, Object> offset = toResume(at.sourceOffset());
    offset.put(LSN, position.lsn());
    return new SnapshotEnd(position, offset);
  }

  private static LsnPosition position(SourceRecord event) {
    return new LsnPosition(Records.number(event, LSN));
  }

  private static Optional<Instant> time(Map<String, ?> offset) {
    return offset.get(TIME_MICROS) instanceof Number micros
        ? Optional.of(Instant.EPOCH.plus(micros.longValue(), ChronoUnit.MICROS))
        : Optional.empty();
  }
}
