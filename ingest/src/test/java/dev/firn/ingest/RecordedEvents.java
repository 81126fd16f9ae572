package dev.firn.ingest;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.debezium.data.Envelope;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Records of a connector, one a line: partition, offset, name of the schema and value, in the
 * format that Debezium publishes for it. Their rows have the columns of {@link Events}.
 */
final class RecordedEvents {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);
  private static final Schema ROW = Events.row(0, null).schema();

  /** A line. */
  private record Line(
      Map<String, Object> sourcePartition,
      Map<String, Object> sourceOffset,
      @Nullable String schema,
      @Nullable Map<String, Object> value) {}

  private RecordedEvents() {}

  /** The records of {@code log/<name>.jsonl}. */
  static List<SourceRecord> of(String name) {
    try (InputStream file =
            Objects.requireNonNull(
                RecordedEvents.class.getResourceAsStream("log/" + name + ".jsonl"));
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
      return lines.lines().map(RecordedEvents::record).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static SourceRecord record(String text) {
    try {
      Line line = JSON.readValue(text, Line.class);
      Struct value = line.value() == null ? null : value(line.schema(), line.value());
      return new SourceRecord(
          line.sourcePartition(),
          line.sourceOffset(),
          "topic",
          null,
          value == null ? null : value.schema(),
          value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Struct value(@Nullable String name, Map<String, Object> value) throws IOException {
    if (name == null || !name.endsWith(".Envelope")) {
      return struct(name, value);
    }
    Struct source = struct("Source", Events.mapOf(value.get("source")));
    Envelope envelope =
        Envelope.defineSchema().withName(name).withRecord(ROW).withSource(source.schema()).build();
    return new Struct(envelope.schema())
        .put("op", value.get("op"))
        .put("source", source)
        .put("before", row(value.get("before")).orElse(null))
        .put("after", row(value.get("after")).orElse(null));
  }

  /** MongoDB's rows are documents, as text. */
  private static Optional<Struct> row(@Nullable Object image) throws IOException {
    if (image instanceof String document) {
      Map<String, Object> fields = JSON.readValue(document, new TypeReference<>() {});
      Object id = Events.mapOf(fields.get("_id")).get("$numberLong");
      return Optional.of(
          Events.row(Integer.parseInt(String.valueOf(id)), String.valueOf(fields.get("name"))));
    }
    return Optional.ofNullable(image)
        .map(Events::mapOf)
        .map(row ->
            Events.row(
                Integer.parseInt(String.valueOf(row.get("id"))), String.valueOf(row.get("name"))));
  }

  private static Struct struct(@Nullable String name, Map<String, Object> fields) {
    SchemaBuilder schema = SchemaBuilder.struct().name(name);
    fields.forEach((field, value) -> schema.field(field, schemaOf(value)));
    Struct struct = new Struct(schema.build());
    fields.forEach((field, value) -> struct.put(field, value instanceof List ? null : value));
    return struct;
  }

  private static Schema schemaOf(@Nullable Object value) {
    return value instanceof Long ? Schema.INT64_SCHEMA : Schema.OPTIONAL_STRING_SCHEMA;
  }
}
