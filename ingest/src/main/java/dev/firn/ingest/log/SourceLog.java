package dev.firn.ingest.log;

import dev.firn.writer.Position;
import dev.firn.writer.SourceOffset;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * What the records that Debezium makes of one kind of log mean: where a transaction ends, how
 * places compare, and from where to resume. All of it is told by records that have come; nothing is
 * asked of the source.
 */
public interface SourceLog {
  /** Reads the text of a position, which snapshot summaries carry. */
  Position parse(String text);

  /** The name of a transaction, by the id that its BEGIN and END records bear. */
  default String transaction(String id) {
    return id;
  }

  /** The name of a transaction that is whole with this one change event, with no END to come. */
  default Optional<String> alone(SourceRecord change) {
    return Optional.empty();
  }

  /**
   * Whether a change is of a transaction that a position contains, where the change tells. What is
   * sent again is not looked at then: its columns may be those of an earlier time.
   */
  default boolean isContained(SourceRecord change, Position in) {
    return false;
  }

  /**
   * Whether the open transaction of a source partition is over because this heartbeat of the
   * partition comes. The END comes later then, or never.
   *
   * @param last the transaction's last record, or a heartbeat after it
   */
  default boolean isOver(SourceRecord last, SourceRecord heartbeat) {
    return false;
  }

  /**
   * The position of a transaction that has ended.
   *
   * @param before that of the transaction before, or where the lake is
   */
  Position position(EndedTransaction ended, Optional<Position> before);

  /** The offset of a source partition from which the reader resumes after a transaction. */
  Map<String, Object> offsetAfter(EndedTransaction ended);

  /** Whether a heartbeat comes from the stream of changes, not from an initial snapshot. */
  boolean isStreaming(SourceRecord heartbeat);

  /**
   * What an initial snapshot contains that ends with this record, its last row, or before it, the
   * first of the stream of changes.
   */
  SnapshotEnd snapshotEnd(SourceRecord at);

  /**
   * The end of an initial snapshot.
   *
   * @param position what is in the initial snapshot
   * @param offset from where the reader goes on
   */
  record SnapshotEnd(Position position, Map<String, Object> offset) {
    public SnapshotEnd {
      offset = Map.copyOf(offset);
    }
  }

  /**
   * Where the reader resumes from a record between two transactions.
   *
   * @param at the end of the last of them
   */
  default SourceOffset offsetAt(SourceRecord between, Position at) {
    return new StoredOffsets(Map.of())
        .with(between.sourcePartition(), Records.offset(between, key -> true))
        .stored();
  }

  /**
   * Whether the source keeps its log for a time only, so that a place in it is lost of which
   * nothing came after it: the reader's offset has to move on, although no transaction ends.
   */
  default boolean forgetsOldPlaces() {
    return false;
  }

  /** How much log lies between two positions; 0 where positions do not tell. */
  default long bytesBetween(Position from, Position to) {
    return 0;
  }

  /** When the source committed the last transaction before a stored offset, if that tells. */
  default Optional<Instant> committedAt(SourceOffset stored) {
    return Optional.empty();
  }

  /** When a transaction was committed. */
  default Instant committedAt(EndedTransaction ended) {
    return Records.time(ended.last()).or(() -> Records.time(ended.end())).orElse(Instant.EPOCH);
  }
}
