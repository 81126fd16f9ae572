package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.debezium.data.Envelope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.json.JsonConverter;
import org.jspecify.annotations.Nullable;

/**
 * Events as JSON: what Debezium gave, by Kafka's own converter (bytes in Base64, numbers in full),
 * without the values that the source did not send, and masked as the table's columns are.
 */
final class EventText {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> IMAGES =
      List.of(Envelope.FieldName.BEFORE, Envelope.FieldName.AFTER);

  private final CapturedTable captured;
  private final ColumnType.Placeholder placeholder;
  private final String placeholderInBase64;
  private final JsonConverter converter = new JsonConverter();

  EventText(CapturedTable captured, ColumnType.Placeholder placeholder) {
    this.captured = requireNonNull(captured, "captured is null");
    this.placeholder = requireNonNull(placeholder, "placeholder is null");
    this.placeholderInBase64 =
        Base64.getEncoder().encodeToString(placeholder.text().getBytes(StandardCharsets.UTF_8));
    converter.configure(
        Map.of(
            "schemas.enable", "false",
            "decimal.format", "NUMERIC",
            "converter.type", "value",
            "replace.null.with.default", "false"));
  }

  ColumnType.Placeholder placeholder() {
    return placeholder;
  }

  /**
   * An event as Debezium gives it, or a row that was read, which becomes the image after it.
   *
   * @param op what it did, by Debezium's letter
   */
  String of(String op, Struct event) {
    ObjectNode json = (ObjectNode) json(event);
    boolean isEnvelope = event.schema().field(Envelope.FieldName.OPERATION) != null;
    ObjectNode whole = isEnvelope ? json : JSON.createObjectNode().put("op", op);
    if (!isEnvelope) {
      whole.set(Envelope.FieldName.AFTER, json);
    }
    IMAGES.forEach(image -> {
      leaveUnsentOut(whole.get(image));
      mask(whole.get(image), isEnvelope ? event.getStruct(image) : event);
    });
    if (whole.get(Envelope.FieldName.SOURCE) instanceof ObjectNode source) {
      // The statement, with all of its values.
      source.remove("query");
    }
    return whole.toString();
  }

  /**
   * @param values the image as Debezium gives it
   */
  private void mask(@Nullable JsonNode image, @Nullable Struct values) {
    if (image instanceof ObjectNode shown && values != null) {
      for (Field field : values.schema().fields()) {
        ColumnRule rule = captured.rule(field.name());
        if (rule instanceof ColumnRule.Drop) {
          shown.remove(field.name());
        } else if (shown.hasNonNull(field.name()) && !rule.equals(ColumnRules.KEEP)) {
          shown.put(field.name(), masked(rule, field, values));
        }
      }
    }
  }

  /** As the lake has it where that is a text; a value that cannot be converted is not shown. */
  private @Nullable String masked(ColumnRule rule, Field field, Struct values) {
    if (rule instanceof ColumnRule.Null) {
      return null;
    }
    try {
      Object value =
          captured
              .columnType(field, placeholder)
              .conversion()
              .convert(values.getWithoutDefault(field.name()));
      return value instanceof String text ? text : ColumnRule.REDACTED;
    } catch (RuntimeException e) {
      return ColumnRule.REDACTED;
    }
  }

  private JsonNode json(Struct event) {
    try {
      return JSON.readTree(converter.fromConnectData("", event.schema(), event));
    } catch (IOException e) {
      throw new UncheckedIOException("an event that is no JSON", e);
    }
  }

  private void leaveUnsentOut(@Nullable JsonNode image) {
    if (image instanceof ObjectNode values) {
      values.properties().removeIf(value -> isUnsent(value.getValue()));
    }
  }

  private boolean isUnsent(JsonNode value) {
    return value.isTextual()
        && (value.textValue().equals(placeholder.text())
            || value.textValue().equals(placeholderInBase64));
  }
}
