package dev.firn.ingest;

import java.util.Optional;
import org.apache.kafka.connect.data.Struct;

/**
 * What in the source's log asks for tables to be read: rows of Debezium's signal table, and
 * messages of {@code firn resnapshot}.
 *
 * @param table the signal table, if there is one
 * @param pipeline whose messages count
 */
record ReadingSignals(
    Optional<SourceTable> table, String pipeline, CapturedTables tables, Readings readings) {

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
