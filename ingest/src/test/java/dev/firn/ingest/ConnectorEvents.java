package dev.firn.ingest;

import io.debezium.data.Envelope;
import io.debezium.relational.RelationalChangeRecordEmitter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/** What the records of all of Debezium's connectors have in common. */
final class ConnectorEvents {
  static final String TOPIC = "shop";

  private static final Schema BEGIN_OR_END =
      SchemaBuilder.struct()
          .name("io.debezium.connector.common.TransactionMetadataValue")
          .field("status", Schema.STRING_SCHEMA)
          .field("id", Schema.STRING_SCHEMA)
          .field("event_count", Schema.OPTIONAL_INT64_SCHEMA)
          .field("ts_ms", Schema.INT64_SCHEMA)
          .build();
  private static final Schema HEARTBEAT =
      SchemaBuilder.struct()
          .name("io.debezium.connector.common.Heartbeat")
          .field("ts_ms", Schema.INT64_SCHEMA)
          .build();

  private ConnectorEvents() {}

  /** The fields with which the source block of every connector begins. */
  static SchemaBuilder source(String name) {
    return SchemaBuilder.struct()
        .name(name)
        .field("version", Schema.STRING_SCHEMA)
        .field("connector", Schema.STRING_SCHEMA)
        .field("name", Schema.STRING_SCHEMA)
        .field("ts_ms", Schema.INT64_SCHEMA)
        .field("snapshot", SchemaBuilder.string().optional().defaultValue("false").build())
        .field("db", Schema.STRING_SCHEMA)
        .field("sequence", Schema.OPTIONAL_STRING_SCHEMA)
        .field("ts_us", Schema.OPTIONAL_INT64_SCHEMA)
        .field("ts_ns", Schema.OPTIONAL_INT64_SCHEMA);
  }

  static Struct source(Schema schema, String connector, String database, String snapshot) {
    return new Struct(schema)
        .put("version", "3.5.0.Final")
        .put("connector", connector)
        .put("name", TOPIC)
        .put("ts_ms", 1_700_000_000_000L)
        .put("snapshot", snapshot)
        .put("db", database);
  }

  static SourceRecord heartbeat(Map<String, ?> partition, Map<String, ?> offset) {
    return record(partition, offset, null, new Struct(HEARTBEAT).put("ts_ms", 1_700_000_009_000L));
  }

  static SourceRecord begin(Map<String, ?> partition, Map<String, ?> offset, String id) {
    return beginOrEnd(partition, offset, "BEGIN", id);
  }

  static SourceRecord end(Map<String, ?> partition, Map<String, ?> offset, String id) {
    return beginOrEnd(partition, offset, "END", id);
  }

  private static SourceRecord beginOrEnd(
      Map<String, ?> partition, Map<String, ?> offset, String status, String id) {
    return record(
        partition,
        offset,
        null,
        new Struct(BEGIN_OR_END)
            .put("status", status)
            .put("id", id)
            .put("ts_ms", 1_700_000_000_000L));
  }

  /**
   * What a table's events are made of.
   *
   * @param key its columns; null: the table has none
   */
  record Shape(@Nullable Schema key, Envelope envelope) {
    static Shape of(String name, Schema row, @Nullable Schema key, Schema source) {
      return new Shape(
          key,
          Envelope.defineSchema()
              .withName("%s.%s.Envelope".formatted(TOPIC, name))
              .withRecord(row)
              .withSource(source)
              .build());
    }

    @Nullable Struct keyOf(Struct row) {
      if (key == null) {
        return null;
      }
      Struct made = new Struct(key);
      key.fields().forEach(field -> made.put(field.name(), row.get(field.name())));
      return made;
    }
  }

  static Struct value(
      Shape shape, String op, @Nullable Struct before, @Nullable Struct after, Struct source) {
    return new Struct(shape.envelope().schema())
        .put("op", op)
        .put("before", before)
        .put("after", after)
        .put("source", source)
        .put("ts_ms", 1_700_000_001_000L);
  }

  static SourceRecord record(
      Map<String, ?> partition, Map<String, ?> offset, @Nullable Struct key, Struct value) {
    return new SourceRecord(
        partition,
        new HashMap<>(offset),
        TOPIC,
        null,
        key == null ? null : key.schema(),
        key,
        value.schema(),
        value);
  }

  /** A change of a row; {@code null} for what is not there. */
  record Change(String table, @Nullable Struct before, @Nullable Struct after) {
    String op() {
      return before == null ? "c" : after == null ? "d" : "u";
    }
  }

  /** What makes the record of a change. */
  interface Making {
    SourceRecord of(String op, @Nullable Struct before, @Nullable Struct after);
  }

  /** The records of a change: two of an update that changes the key. */
  static List<SourceRecord> recordsOf(Shape shape, Change change, Making making) {
    Struct before = change.before();
    Struct after = change.after();
    Struct keyBefore = before == null ? null : shape.keyOf(before);
    Struct keyAfter = after == null ? null : shape.keyOf(after);
    return keyBefore == null || keyAfter == null || keyBefore.equals(keyAfter)
        ? List.of(making.of(change.op(), before, after))
        : List.of(
            halfOf(making.of("d", before, null), true, keyAfter),
            halfOf(making.of("c", null, after), false, keyBefore));
  }

  /** The same as the half of an update that changes the key: which says what the other half is. */
  private static SourceRecord halfOf(SourceRecord event, boolean isDelete, Struct otherKey) {
    ConnectHeaders headers = new ConnectHeaders();
    headers.add(
        isDelete
            ? RelationalChangeRecordEmitter.PK_UPDATE_NEWKEY_FIELD
            : RelationalChangeRecordEmitter.PK_UPDATE_OLDKEY_FIELD,
        otherKey,
        otherKey.schema());
    return event.newRecord(
        event.topic(),
        event.kafkaPartition(),
        event.keySchema(),
        event.key(),
        event.valueSchema(),
        event.value(),
        event.timestamp(),
        headers);
  }
}
