package dev.firn.ingest.log;

import dev.firn.writer.PipelineException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/** What all connectors' records have in common. */
final class Records {
  private static final String SNAPSHOT = "snapshot";
  private static final String HEARTBEAT_SCHEMA = "io.debezium.connector.common.Heartbeat";

  private Records() {}

  /** A text of the offset. */
  static Optional<String> text(SourceRecord event, String key) {
    return Optional.ofNullable(event.sourceOffset().get(key)).map(Object::toString);
  }

  /** A text that the offset must have. */
  static String required(SourceRecord event, String key) {
    return text(event, key)
        .orElseThrow(() ->
            new PipelineException(
                "a record of %s has no %s in its offset".formatted(event.topic(), key)));
  }

  /** A number that the offset must have. */
  static long number(SourceRecord event, String key) {
    return Long.parseLong(required(event, key));
  }

  /** The offset, of which only some keys are kept. */
  static Map<String, Object> offset(SourceRecord event, Predicate<String> keys) {
    Map<String, Object> kept = new LinkedHashMap<>();
    event
        .sourceOffset()
        .forEach((key, value) -> {
          if (value != null && keys.test(key)) {
            kept.put(key, value);
          }
        });
    return kept;
  }

  /** A text of a change event's source block. */
  static Optional<String> source(SourceRecord event, String field) {
    return struct(event)
        .flatMap(value -> field(value, "source"))
        .flatMap(source -> field((Struct) source, field))
        .map(Object::toString);
  }

  /** What a change event did, as one letter. */
  static Optional<String> operation(SourceRecord event) {
    return struct(event).flatMap(value -> field(value, "op")).map(Object::toString);
  }

  static boolean isHeartbeat(SourceRecord event) {
    return event.valueSchema() != null && HEARTBEAT_SCHEMA.equals(event.valueSchema().name());
  }

  /** Whether a record is a row of an initial snapshot. */
  static boolean isSnapshot(SourceRecord event) {
    return event.sourceOffset().containsKey(SNAPSHOT)
        || (operation(event).isPresent()
            && source(event, SNAPSHOT).filter(text -> !text.equals("false")).isPresent());
  }

  /** The source's own time: of a change by its source block, else of the record itself. */
  static Optional<Instant> time(SourceRecord event) {
    Optional<Object> millis =
        operation(event).isPresent()
            ? struct(event).flatMap(value -> field(value.getStruct("source"), "ts_ms"))
            : struct(event).flatMap(value -> field(value, "ts_ms"));
    return millis.map(Long.class::cast).map(Instant::ofEpochMilli);
  }

  private static Optional<Struct> struct(SourceRecord event) {
    return event.value() instanceof Struct value ? Optional.of(value) : Optional.empty();
  }

  private static Optional<Object> field(Struct struct, String name) {
    return struct.schema().field(name) == null
        ? Optional.empty()
        : Optional.ofNullable(struct.get(name));
  }
}
