package dev.firn.ingest.log;

import static java.util.Objects.requireNonNull;

import org.apache.kafka.connect.source.SourceRecord;

/**
 * A transaction whose end has been told.
 *
 * @param name as its BEGIN told it
 * @param last its own last record but for the END: a change event, or the BEGIN
 * @param end the record that told: the END, which some connectors send with the place of the next
 *     transaction; the last change event itself; or what came after it
 */
public record EndedTransaction(String name, SourceRecord last, SourceRecord end) {
  public EndedTransaction {
    requireNonNull(name, "name is null");
    requireNonNull(last, "last is null");
    requireNonNull(end, "end is null");
  }
}
