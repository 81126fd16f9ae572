package dev.firn.ingest.log;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;
import dev.firn.writer.SourceOffset;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * The binary log of MySQL and MariaDB.
 *
 * <p>The END comes at once, but with the offset of the transaction's begin: what had been completed
 * before it. A pipeline goes by GTIDs if the source has them when it begins, and stays with that;
 * else by file and place of the begin. TRUNCATE has no END: it is a transaction of its own.
 */
public final class BinlogLog implements SourceLog {
  private static final String GTIDS = "gtids";
  private static final String FILE = "file";
  private static final String PLACE = "pos";
  private static final String TRUNCATE = "t";
  private static final String TIME_SECONDS = "ts_sec";

  /** Not the number of events to skip: the last transaction is sent again, and dropped. */
  private static final Set<String> RESUMING = Set.of(GTIDS, FILE, PLACE, "server_id", TIME_SECONDS);

  private final Function<String, GtidSet> gtids;

  private BinlogLog(Function<String, GtidSet> gtids) {
    this.gtids = requireNonNull(gtids, "gtids is null");
  }

  /** The offset without how far the reader was within a transaction. */
  public static Map<String, Object> toResume(Map<String, ?> offset) {
    Map<String, Object> resumed = new LinkedHashMap<>();
    offset.forEach((key, value) -> {
      if (RESUMING.contains(key) && value != null) {
        resumed.put(key, value);
      }
    });
    return resumed;
  }

  /** The GTIDs that a stored offset names; none: an empty text. */
  public static String resumedGtids(SourceOffset stored) {
    return StoredOffsets.of(Optional.of(stored)).byPartition().values().stream()
        .findFirst()
        .map(offset -> String.valueOf(offset.getOrDefault(GTIDS, "")))
        .orElse("");
  }

  /**
   * Whether one place in the log has all that another one has, whatever server has written it.
   *
   * @param ids the GTIDs of all that is complete there; none: an empty text
   */
  public boolean covers(String ids, String others) {
    return others.isBlank() || (!ids.isBlank() && gtids.apply(ids).covers(gtids.apply(others)));
  }

  public static BinlogLog mySql() {
    return new BinlogLog(MySqlGtids::parse);
  }

  public static BinlogLog mariaDb() {
    return new BinlogLog(MariaDbGtids::parse);
  }

  @Override
  public Position parse(String text) {
    return text.indexOf('/') < 0 ? SetPosition.of(gtids.apply(text)) : BinlogPlace.parse(text);
  }

  @Override
  public Optional<String> alone(SourceRecord change) {
    return Records.operation(change)
        .filter(TRUNCATE::equals)
        .map(unused ->
            Records.source(change, "gtid")
                .orElseGet(() -> place(change, Records::source).toString()));
  }

  @Override
  public Position position(EndedTransaction ended, Optional<Position> before) {
    boolean byPlace =
        before.map(BinlogPlace.class::isInstance).orElseGet(() -> !isGtid(ended.name()));
    if (byPlace) {
      return Records.operation(ended.end()).isPresent()
          ? place(ended.end(), Records::source)
          : place(ended.end(), Records::text);
    }
    if (!isGtid(ended.name())) {
      throw new PipelineException(
          "transaction %s has no GTID, and the lake is at %s; switch GTIDs on again at the source, or start over with a new pipeline name"
              .formatted(ended.name(), before.map(Position::toString).orElse("no position")));
    }
    GtidSet own = gtids.apply(ended.name());
    GtidSet reached = completed(ended.end()).map(set -> set.with(own)).orElse(own);
    return new SetPosition(
        before.map(b -> ((GtidSet) ((SetPosition) b).reached()).with(reached)).orElse(reached),
        own);
  }

  @Override
  public Map<String, Object> offsetAfter(EndedTransaction ended) {
    Map<String, Object> offset = Records.offset(ended.end(), RESUMING::contains);
    if (isGtid(ended.name())) {
      offset.put(
          GTIDS,
          completed(ended.end()).map(set -> set.resumingAfter(ended.name())).orElse(ended.name()));
    }
    return offset;
  }

  @Override
  public SourceOffset offsetAt(SourceRecord between, Position at) {
    Map<String, Object> offset = toResume(between.sourceOffset());
    if (at instanceof SetPosition set) {
      offset.put(GTIDS, ((GtidSet) set.reached()).resuming());
    }
    return new StoredOffsets(Map.of()).with(between.sourcePartition(), offset).stored();
  }

  @Override
  public Optional<Instant> committedAt(SourceOffset stored) {
    return StoredOffsets.of(Optional.of(stored)).byPartition().values().stream()
        .findFirst()
        .map(offset -> offset.get(TIME_SECONDS))
        .map(seconds -> Instant.ofEpochSecond(Long.parseLong(seconds.toString())));
  }

  /** The places in heartbeats are not to be trusted after a start: the first one is 4. */
  @Override
  public boolean isStreaming(SourceRecord heartbeat) {
    return completed(heartbeat).isPresent() && !Records.isSnapshot(heartbeat);
  }

  @Override
  public SnapshotEnd snapshotEnd(SourceRecord at) {
    BinlogPlace next = place(at, Records::text);
    Position position =
        completed(at)
            .<Position>map(SetPosition::of)
            .orElseGet(() -> new BinlogPlace(next.base(), next.file(), next.place() - 1));
    return new SnapshotEnd(position, Records.offset(at, RESUMING::contains));
  }

  private Optional<GtidSet> completed(SourceRecord event) {
    return Records.text(event, GTIDS).filter(text -> !text.isBlank()).map(gtids);
  }

  /**
   * The offset tells where the transaction of a record begins; but a TRUNCATE is in none, and its
   * offset is where the next one may begin.
   */
  private static BinlogPlace place(
      SourceRecord event, BiFunction<SourceRecord, String, Optional<String>> told) {
    return BinlogPlace.parse(
        "%s/%s".formatted(told.apply(event, FILE).orElse(""), told.apply(event, PLACE).orElse("")));
  }

  /** Debezium calls a transaction without a GTID by its place. */
  private static boolean isGtid(String name) {
    return !name.startsWith("file=") && name.indexOf('/') < 0;
  }
}
