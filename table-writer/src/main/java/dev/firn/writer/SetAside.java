package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * An event of the source that its table could not take as it is, for the quarantine.
 *
 * @param op what the event did, by Debezium's letter; {@code r}: a row that was read
 * @param source the table at the source
 * @param column whose value is {@code null} in the lake instead; empty: nothing of the event is in
 *     the table
 * @param reason for people; without values of the row
 * @param event the event as JSON
 */
public record SetAside(
    String op, String source, Optional<String> column, String reason, String event) {
  public SetAside {
    requireNonNull(op, "op is null");
    requireNonNull(source, "source is null");
    requireNonNull(column, "column is null");
    requireNonNull(reason, "reason is null");
    requireNonNull(event, "event is null");
  }
}
