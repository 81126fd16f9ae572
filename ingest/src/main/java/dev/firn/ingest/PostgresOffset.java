package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.writer.SourceOffset;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.connect.source.SourceRecord;

/** Debezium's offsets of PostgreSQL, and as the control table keeps them. */
final class PostgresOffset {
  static final String LSN = "lsn";
  static final String TIME_MICROS = "ts_usec";

  /** What a start may know of where the last run ended; see {@link PatientPostgresTask}. */
  private static final Set<String> RESUMING = Set.of(LSN, "txId", TIME_MICROS);

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);

  private PostgresOffset() {}

  /** The offset without what makes Debezium search for its place, and without a half snapshot. */
  static Map<String, Object> toResume(Map<String, ?> offset) {
    Map<String, Object> resumed = new LinkedHashMap<>();
    offset.forEach((key, value) -> {
      if (RESUMING.contains(key) && value != null) {
        resumed.put(key, value);
      }
    });
    return resumed;
  }

  /** The log sequence number of a record, by its offset. */
  static LsnPosition position(SourceRecord event) {
    Object lsn = event.sourceOffset().get(LSN);
    if (!(lsn instanceof Number number)) {
      throw new IllegalStateException(
          "an event of %s has no log sequence number in its offset".formatted(event.topic()));
    }
    return new LsnPosition(number.longValue());
  }

  /** Where the reader resumes after {@code event}, with the place in the log set to {@code at}. */
  static SourceOffset after(SourceRecord event, LsnPosition at) {
    Map<String, Object> offset = toResume(event.sourceOffset());
    offset.put(LSN, at.lsn());
    return new SourceOffset(write(event.sourcePartition()), write(offset));
  }

  /** When the source committed the last transaction before a stored offset. */
  static Optional<Instant> committedAt(SourceOffset stored) {
    return read(stored.offset()).get(TIME_MICROS) instanceof Number micros
        ? Optional.of(Instant.EPOCH.plus(micros.longValue(), ChronoUnit.MICROS))
        : Optional.empty();
  }

  static Map<String, Object> read(String json) {
    try {
      return JSON.readValue(json, new TypeReference<Map<String, Object>>() {});
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not an offset: " + json, e);
    }
  }

  static String write(Map<String, ?> offset) {
    try {
      return JSON.writeValueAsString(offset);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("an offset that is no JSON", e);
    }
  }
}
