package dev.firn.ingest.log;

import dev.firn.writer.PipelineException;
import dev.firn.writer.Position;
import dev.firn.writer.SourceOffset;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * The change tables of SQL Server, of one or several databases; each is a source partition.
 *
 * <p>A transaction is its commit LSN, which is also its id. Its END comes with the next
 * transaction, or some seconds later; until then it is over as soon as Debezium has read the change
 * tables up to the LSN that it had asked for, because it never looks there again. That shows by a
 * heartbeat farther on, by a second one at the same place (the first may be one between two
 * events), or by a record of the next database.
 */
public final class SqlServerLog implements SourceLog {
  private static final String COMMIT_LSN = "commit_lsn";
  private static final String CHANGE_LSN = "change_lsn";
  private static final String SERIAL = "event_serial_no";
  private static final String DATABASE = "database";

  /** Debezium's text, in small letters. */
  private static final String NOTHING_YET = "null";

  @Override
  public Position parse(String text) {
    return SetPosition.of(CommitLsns.parse(text));
  }

  @Override
  public boolean isContained(SourceRecord change, Position in) {
    return in.contains(SetPosition.of(CommitLsns.of(database(change), commitLsn(change))));
  }

  @Override
  public boolean isOver(SourceRecord last, SourceRecord heartbeat) {
    int farther = commitLsn(heartbeat).compareTo(commitLsn(last));
    return farther > 0
        || (farther == 0 && Records.isHeartbeat(last) && isSamePlace(last, heartbeat));
  }

  private static boolean isSamePlace(SourceRecord a, SourceRecord b) {
    return Records.text(a, CHANGE_LSN).equals(Records.text(b, CHANGE_LSN))
        && Records.text(a, SERIAL).equals(Records.text(b, SERIAL));
  }

  @Override
  public Position position(EndedTransaction ended, Optional<Position> before) {
    CommitLsns own = CommitLsns.of(database(ended.last()), ended.name());
    return new SetPosition(
        before.map(b -> ((CommitLsns) ((SetPosition) b).reached()).with(own)).orElse(own), own);
  }

  /** Without a place within the transaction: it is sent again as a whole, and dropped. */
  @Override
  public Map<String, Object> offsetAfter(EndedTransaction ended) {
    return Map.of(COMMIT_LSN, ended.name());
  }

  @Override
  public boolean forgetsOldPlaces() {
    return true;
  }

  @Override
  public SourceOffset offsetAt(SourceRecord between, Position at) {
    return new StoredOffsets(Map.of())
        .with(between.sourcePartition(), Map.of(COMMIT_LSN, commitLsn(between)))
        .stored();
  }

  @Override
  public boolean isStreaming(SourceRecord heartbeat) {
    return Records.text(heartbeat, COMMIT_LSN).isPresent() && !Records.isSnapshot(heartbeat);
  }

  /** The snapshot has what was committed at its LSN, but not the first streamed transaction. */
  @Override
  public SnapshotEnd snapshotEnd(SourceRecord at) {
    String lsn = commitLsn(at);
    if (lsn.equals(NOTHING_YET)) {
      throw new PipelineException(
          "SQL Server has recorded no change yet (sys.fn_cdc_get_max_lsn() is NULL), and so there is no place to begin at; see that the SQL Server Agent runs, change a row of a captured table, and start again after some seconds");
    }
    boolean isContained = Records.isSnapshot(at) || Records.isHeartbeat(at);
    return new SnapshotEnd(
        SetPosition.of(CommitLsns.of(database(at), isContained ? lsn : CommitLsns.before(lsn))),
        Map.of(COMMIT_LSN, lsn));
  }

  private static String commitLsn(SourceRecord event) {
    return Records.required(event, COMMIT_LSN).toLowerCase(Locale.ROOT);
  }

  private static String database(SourceRecord event) {
    return Optional.ofNullable(event.sourcePartition().get(DATABASE))
        .map(Object::toString)
        .orElse("");
  }
}
