package dev.firn.ingest;

import com.github.shyiko.mysql.binlog.event.Event;
import com.github.shyiko.mysql.binlog.event.EventData;
import com.github.shyiko.mysql.binlog.event.EventType;
import com.github.shyiko.mysql.binlog.event.QueryEventData;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import dev.firn.writer.PipelineException;
import io.debezium.connector.binlog.event.EventDataDeserializationExceptionData;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Stops at what a reader of a binary log would lose without a word: changes that are not told row
 * by row, transactions whose outcome is told later, and rows whose columns are not those that are
 * known. For one reader's thread.
 */
final class LogGuard {
  /** Statements that change rows, of which the log then has no rows. */
  private static final Pattern CHANGES_ROWS =
      Pattern.compile(
          "(?:SET\\s+STATEMENT\\s.*\\sFOR\\s+)?(?:INSERT|UPDATE|DELETE|REPLACE|LOAD|SELECT|DO|CALL|WITH)\\s.*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /** Comments that a statement begins with, but for those that are executed. */
  private static final Pattern COMMENTS =
      Pattern.compile(
          "^(?:\\s*(?:/\\*(?!M?!).*?\\*/|--\\s[^\\n]*\\n|#[^\\n]*\\n))+", Pattern.DOTALL);

  /** The one table that a statement puts rows into. */
  private static final Pattern INTO =
      Pattern.compile(
          "(?:INSERT|REPLACE)\\s.*?\\bINTO\\s+(?:[`\"]?([^`\".\\s(]+)[`\"]?\\.)?[`\"]?([^`\".\\s(]+)[`\"]?.*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /** Events that change rows, or tell of a transaction, and that nobody reads. */
  private static final Set<EventType> UNREAD =
      Set.of(
          EventType.UNKNOWN,
          EventType.BEGIN_LOAD_QUERY,
          EventType.EXECUTE_LOAD_QUERY,
          EventType.PARTIAL_UPDATE_ROWS_EVENT,
          EventType.ANONYMOUS_GTID);

  /** The newest description of each table in the log, by its number there. */
  private final Map<Long, TableMapEventData> tables = new HashMap<>();

  private final Predicate<TableId> captured;

  /** Whether events count: what describes a log may come before. */
  private boolean isBegun;

  /** A captured table that the open transaction has changed. */
  private @Nullable TableId changed;

  /**
   * @param captured whether a table is
   */
  LogGuard(Predicate<TableId> captured) {
    this.captured = captured;
  }

  /** Has rows read exactly. */
  EventDeserializer readExactly(EventDeserializer events) {
    BinlogRows.register(events, tables);
    return events;
  }

  /** Tables have other numbers in the next file. */
  void rotated() {
    tables.clear();
  }

  /** A transaction comes. */
  void begun() {
    isBegun = true;
    changed = null;
  }

  /** From here on all events count. */
  void expectAll() {
    isBegun = true;
  }

  /**
   * An event that nobody reads.
   *
   * @param transaction the open one; empty: none is
   */
  void ignored(EventType type, Optional<String> transaction) {
    if (isBegun && UNREAD.contains(type)) {
      throw new PipelineException(
          "%s has an event in the log that is not read (%s): the log was compressed (log_bin_compress), has parts of rows or no GTIDs (binlog_row_value_options, gtid_mode, tags), or rows were loaded by a statement (LOAD DATA with binlog_format STATEMENT or MIXED). %s"
              .formatted(named(transaction), type, BinlogFailure.ANEW));
    }
  }

  private static String named(Optional<String> transaction) {
    return transaction.map(id -> "transaction " + id).orElse("a transaction");
  }

  /** What the server says of its own log. */
  void incident(@Nullable EventData told) {
    if (!(told instanceof EventDataDeserializationExceptionData)) {
      throw new PipelineException(
          "the server says in its log that something is missing there (an incident, as after a full disk). %s"
              .formatted(BinlogFailure.ANEW));
    }
  }

  /** A statement in the log. */
  void query(QueryEventData query, Optional<String> transaction) {
    String sql = withoutComments(query.getSql());
    if (CHANGES_ROWS.matcher(sql).matches() && mayChangeCaptured(sql, query.getDatabase())) {
      throw new PipelineException(
          "%s has a statement in the log in the place of the rows that it changed (database %s): a session has set binlog_format to STATEMENT or MIXED. %s"
              .formatted(named(transaction), query.getDatabase(), BinlogFailure.ANEW));
    }
    if (changed != null && sql.equalsIgnoreCase("ROLLBACK")) {
      throw new PipelineException(
          "%s has changed table %s and was rolled back, which is told after its rows: it has changed a table without transactions as well. %s"
              .formatted(named(transaction), changed, BinlogFailure.ANEW));
    }
  }

  static String withoutComments(String sql) {
    return COMMENTS.matcher(sql).replaceFirst("").strip();
  }

  /** Tools that compare replicas put rows into tables of their own so. */
  private boolean mayChangeCaptured(String sql, String database) {
    Matcher into = INTO.matcher(sql);
    return !into.matches()
        || captured.test(
            new TableId(into.group(1) == null ? database : into.group(1), null, into.group(2)));
  }

  /**
   * The log describes a table, of which rows follow.
   *
   * @param known what the statements have made of it, if it is known
   */
  void described(TableMapEventData metadata, @Nullable Table known) {
    tables.put(metadata.getTableId(), metadata);
    TableId id = id(metadata);
    if (captured.test(id)) {
      changed = id;
      requireSameColumns(id, metadata, known);
    }
  }

  static TableId id(TableMapEventData metadata) {
    return new TableId(metadata.getDatabase(), null, metadata.getTable());
  }

  /** Empty: the server does not write them ({@code binlog_row_metadata}). */
  private static List<String> names(TableMapEventData metadata) {
    return Optional.ofNullable(metadata.getEventMetadata())
        .map(told -> told.getColumnNames())
        .orElse(List.of());
  }

  private static void requireSameColumns(
      TableId id, TableMapEventData metadata, @Nullable Table table) {
    if (table == null) {
      return;
    }
    List<String> told = names(metadata);
    List<String> known = table.retrieveColumnNames();
    int columns = metadata.getColumnTypes().length;
    if (told.isEmpty() && columns != known.size()) {
      throw new PipelineException(
          "table %s has %d columns in the log, and %d by the statements that have changed it: one of them was not understood, or the server hides a column. %s"
              .formatted(id, columns, known.size(), BinlogFailure.ANEW));
    }
    if (!told.isEmpty() && !known.equals(told)) {
      throw new PipelineException(
          "table %s has the columns %s in the log, and %s by the statements that have changed it: one of them was not understood. %s"
              .formatted(id, told, known, BinlogFailure.ANEW));
    }
  }

  /** Its rows are in the log when it is prepared, whatever becomes of it. */
  void prepared(Optional<String> transaction) {
    if (changed != null) {
      throw new PipelineException(
          "%s of an external coordinator (XA) has changed table %s: whether it was committed is told later, which is not supported; leave the table out with debezium.source.table.exclude.list, or do without XA for it. %s"
              .formatted(named(transaction), changed, BinlogFailure.ANEW));
    }
  }

  /** Events that came compressed, and were read by another way than the others. */
  void compressed(List<Event> events, Optional<String> transaction) {
    for (Event event : events) {
      if (event.getData() instanceof TableMapEventData table && captured.test(id(table))) {
        throw new PipelineException(
            "%s has changed table %s and is compressed in the log: a session has set binlog_transaction_compression. %s"
                .formatted(named(transaction), id(table), BinlogFailure.ANEW));
      }
    }
  }
}
