package dev.firn.ingest;

import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.kafka.connect.data.Struct;

/**
 * What in the source's log asks for tables to be read: rows of Debezium's signal table, and
 * messages of {@code firn resnapshot}.
 *
 * @param table the signal table, if there is one
 * @param pipeline whose messages count
 */
record ReadingSignals(
    Optional<SourceTable> table,
    String pipeline,
    CapturedTables tables,
    Readings readings,
    Predicate<SourceTable> captured) {
  /** Statements that change rows of which no event tells. */
  private static final Pattern REWRITES =
      Pattern.compile(
          "\\b(MODIFY|CHANGE|CONVERT|PARTITION|TABLESPACE|IGNORE|CASCADE)\\b|\\bSET\\s+NULL\\b",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern RENAMES =
      Pattern.compile("\\bRENAME\\b(?!\\s+(COLUMN|INDEX|KEY)\\b)", Pattern.CASE_INSENSITIVE);

  private static final String REWRITTEN = "a statement may have changed its rows";

  /**
   * Takes a statement that has changed definitions of tables: a table that it makes, or gives
   * another name, is read, and so is one whose rows it may have changed.
   */
  void defined(Struct change) {
    String statement = String.valueOf(change.getString("ddl"));
    for (Object each : change.getArray("tableChanges")) {
      Struct made = (Struct) each;
      SourceTable defined = SourceTable.ofId(made.getString("id"));
      if (captured.test(defined)) {
        defined(defined, made.getString("type"), statement);
      }
    }
  }

  private void defined(SourceTable defined, String type, String statement) {
    boolean isKnown = tables.decoder(defined).isPresent();
    boolean isAltered = type.equals("ALTER");
    if (type.equals("CREATE") || (isAltered && RENAMES.matcher(statement).find())) {
      readings.request(
          new ReadingRequest(defined, isKnown ? ReadingRequest.RECREATED : Readings.NEW));
    } else if (isKnown && isAltered && REWRITES.matcher(statement).find()) {
      readings.request(new ReadingRequest(defined, REWRITTEN));
    }
  }

  /** Takes an event of the signal table; false: it is one of another. */
  boolean take(Struct origin, Struct event) {
    if (table.isEmpty() || !table.orElseThrow().equals(SourceTable.of(origin))) {
      return false;
    }
    Struct row = event.getStruct("after");
    if ("c".equals(event.getString("op")) && row != null) {
      SnapshotSignal.parse(
              String.valueOf(row.getWithoutDefault("type")),
              String.valueOf(row.getWithoutDefault("data")))
          .requests(tables.sources())
          .forEach(readings::request);
    }
    return true;
  }

  /** Takes a message that somebody put into the log. */
  void message(String prefix, String content) {
    if (prefix.equals(ReadingRequest.prefix(pipeline))) {
      ReadingRequest.parse(content).forEach(readings::request);
    }
  }
}
