package dev.firn.ingest;

import dev.firn.ingest.log.SourceLog;
import dev.firn.writer.Pipeline;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/** The database that a pipeline follows: all that a run asks of it, whatever its kind is. */
sealed interface Source permits PostgresSource, BinlogSource, OtherSource {
  /** What the records of its log mean. */
  SourceLog log();

  /**
   * What its events say of its tables, where nothing else does: none of them can be read beside the
   * stream then. Empty: it can be asked.
   */
  default Optional<EventTables> told() {
    return Optional.empty();
  }

  /** A record of its log in the form that all sources have in common. */
  default SourceRecord normal(SourceRecord event) {
    return event;
  }

  /**
   * A table of which only events tell, and this is the first one.
   *
   * @param isRead whether the initial snapshot reads it now
   * @throws dev.firn.writer.PipelineException it cannot be followed
   */
  default CapturedTable begun(SourceTable table, ColumnPlan.Event event, boolean isRead) {
    throw new IllegalStateException("table %s can be asked for".formatted(table));
  }

  /** The initial snapshot has found definitions of tables, of which only events tell. */
  default void definedInSnapshot(Struct found) {}

  /**
   * A statement has changed definitions of tables, of which only events tell.
   *
   * @throws dev.firn.writer.PipelineException it cannot be followed
   */
  default void defined(Struct change) {}

  /** Where it is, for messages. */
  String place();

  /** What the names of Debezium's topics begin with. */
  String topicPrefix();

  /** The table whose new rows are signals; it is none of the lake. Empty: there is none. */
  Optional<SourceTable> signals();

  /** Whether the settings have a table captured. */
  boolean captures(SourceTable table);

  /** The file whose lines are signals; empty: there is none. */
  Optional<Path> signalFile();

  ColumnType.Placeholder placeholder();

  /** How long a silence of the source is nothing unusual. */
  Duration patience();

  /** Whether a pipeline that begins reads the tables first. */
  boolean readsInitialSnapshot();

  /**
   * The captured tables, ordered by name.
   *
   * @throws SettingsException a column's type cannot be stored exactly
   */
  List<CapturedTable> tables() throws SQLException;

  /** The names of the captured tables, ordered, whatever their columns are. */
  List<SourceTable> tableNames() throws SQLException;

  /**
   * A captured table as it is now; empty when it is not there or not captured.
   *
   * @throws SettingsException a column's type cannot be stored exactly
   */
  Optional<CapturedTable> find(SourceTable table) throws SQLException;

  /**
   * Whether events tell of a key only what the source says of its table by now: none of one that is
   * dropped or renamed since.
   */
  boolean tellsKeysOfNow();

  /**
   * Whether rows from before a column was added may have a value there that no event tells of: the
   * source has a default of the column or its type, or keeps the one that it was added with.
   */
  boolean mayHaveFilled(SourceTable table, String column) throws SQLException;

  /**
   * Tries whether it can be asked.
   *
   * @throws SQLException it does not answer, or refuses the user
   */
  void requireReachable() throws SQLException;

  /** A connection that looks at the source now and then, and gives up soon. */
  SourceLook look() throws SQLException;

  /** The same for a look that has to succeed. */
  SourceLook patientLook() throws SQLException;

  /** A reading of tables beside the stream, in one transaction. */
  TableScan scan(List<SourceTable> tables) throws SQLException;

  /**
   * Prepares the source for a pipeline that has taken over.
   *
   * @throws SettingsException the source cannot be followed from where the lake is
   */
  Following follow(Pipeline pipeline) throws SQLException;

  /** The replication slot that keeps the log for the pipeline; empty: the source has no such. */
  Optional<String> slotName();

  /** How that slot stands; empty: it is not there. Fails when the source does not answer. */
  Optional<ReplicationSlot.State> slotState() throws SQLException;

  /** What in the source shows that a pipeline follows its log, for messages; it may not tell. */
  Optional<String> follower() throws SQLException;

  /** Puts into the source's log that a pipeline has to read tables again. */
  void ask(String pipeline, List<SourceTable> tables) throws SQLException;

  /** The names of the notes that mean nothing any more once the log is another one. */
  Set<String> notes();

  /** All tables that could be captured, with their keys. */
  List<FoundTable> found() throws SQLException;

  /** Tries whether all is there that a pipeline needs which treats tables without a key so. */
  List<Check> checks(KeylessTables keyless);
}
