package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.debezium.data.Envelope;
import io.debezium.data.Json;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * A recording of the MongoDB connector: its records in the order and with the offsets that
 * MongoDbSnapshotChangeEventSource and MongoDbStreamingChangeEventSource of Debezium 3.5 give them.
 */
final class MongoEvents {
  static final Map<String, String> PARTITION = Map.of("server_id", ConnectorEvents.TOPIC);
  private static final String SESSION = "{\"id\": {\"$binary\": \"KNyf/GNLTAuAD2nLDyZNVQ==\"}}";
  private static final Schema SOURCE =
      ConnectorEvents.source("io.debezium.connector.mongo.Source")
          .field("collection", Schema.STRING_SCHEMA)
          .field("ord", Schema.INT32_SCHEMA)
          .field("lsid", Schema.OPTIONAL_STRING_SCHEMA)
          .field("txnNumber", Schema.OPTIONAL_INT64_SCHEMA)
          .field("wallTime", Schema.OPTIONAL_INT64_SCHEMA)
          .build();
  private static final Schema KEY =
      SchemaBuilder.struct().name("shop.Key").field("id", Schema.STRING_SCHEMA).build();

  private final List<SourceRecord> records = new ArrayList<>();
  private final Map<String, Schema> envelopes = new HashMap<>();

  /** The session's transaction whose END has not been told yet. */
  private @Nullable String open;

  List<SourceRecord> records() {
    return List.copyOf(records);
  }

  private Schema envelope(String collection) {
    return envelopes.computeIfAbsent(
        collection,
        name ->
            SchemaBuilder.struct()
                .name("shop.shop.%s.Envelope".formatted(name))
                .field("before", Json.builder().optional().build())
                .field("after", Json.builder().optional().build())
                .field("updateDescription", SchemaBuilder.struct().optional().build())
                .field("source", SOURCE)
                .field("op", Schema.OPTIONAL_STRING_SCHEMA)
                .field("ts_ms", Schema.OPTIONAL_INT64_SCHEMA)
                .field("transaction", SchemaBuilder.struct().optional().build())
                .build());
  }

  /** A document that the initial snapshot reads; all have the token of its begin. */
  MongoEvents read(String collection, int id, String document) {
    Map<String, Object> offset = offset(1, 1, 0);
    offset.put("initsync", true);
    records.add(change(collection, "r", id, document, "true", offset, null));
    return this;
  }

  /** Nothing happened up to a time of the cluster. */
  MongoEvents nothingUpTo(int seconds) {
    records.add(ConnectorEvents.heartbeat(PARTITION, offset(seconds, 1, 0)));
    return this;
  }

  /** A change of one document, which is a transaction of its own. */
  MongoEvents single(int seconds, String op, String collection, int id, @Nullable String after) {
    Map<String, Object> offset = offset(seconds, 1, id);
    endOpen(offset);
    records.add(change(collection, op, id, after, "false", offset, null));
    return this;
  }

  /** A document as it is after a change of a transaction. */
  record Change(String op, String collection, int id, @Nullable String after) {}

  /** A transaction of several documents, which share one time. Its END comes with what is next. */
  MongoEvents transaction(int seconds, long number, Change... changes) {
    String id = SESSION + ":" + number;
    Map<String, Object> first = offset(seconds, 1, 1);
    endOpen(first);
    open = id;
    records.add(ConnectorEvents.begin(PARTITION, inSession(first, number), id));
    int order = 1;
    for (Change change : changes) {
      records.add(
          change(
              change.collection(),
              change.op(),
              change.id(),
              change.after(),
              "false",
              inSession(offset(seconds, 1, order++), number),
              number));
    }
    return this;
  }

  private void endOpen(Map<String, Object> at) {
    if (open != null) {
      records.add(ConnectorEvents.end(PARTITION, at, open));
      open = null;
    }
  }

  private static Map<String, Object> inSession(Map<String, Object> offset, long number) {
    offset.put("lsid", SESSION);
    offset.put("txnNumber", number);
    return offset;
  }

  private static Map<String, Object> offset(int seconds, int order, int place) {
    Map<String, Object> offset = new HashMap<>();
    offset.put("sec", 1_700_000_000 + seconds);
    offset.put("ord", order);
    offset.put("resume_token", token(seconds, order, place));
    return offset;
  }

  /** A BSON document with the token's digits: type, time, place at that time. */
  private static String token(int seconds, int order, int place) {
    String digits =
        "82%08X%08X2B04%s04".formatted(1_700_000_000 + seconds, order, "2C01%02X".formatted(place));
    byte[] text = digits.getBytes(US_ASCII);
    ByteBuffer bytes =
        ByteBuffer.allocate(4 + 7 + 4 + text.length + 2).order(ByteOrder.LITTLE_ENDIAN);
    ByteArrayOutputStream name = new ByteArrayOutputStream();
    name.writeBytes("_data".getBytes(US_ASCII));
    bytes.putInt(bytes.capacity()).put((byte) 2).put(name.toByteArray()).put((byte) 0);
    bytes.putInt(text.length + 1).put(text).put((byte) 0).put((byte) 0);
    return Base64.getEncoder().encodeToString(bytes.array());
  }

  /** The position of a record's transaction, as the lake has it. */
  static String text(SourceRecord event) {
    return new dev.firn.ingest.log.MongoLog()
        .snapshotEnd(ConnectorEvents.heartbeat(PARTITION, event.sourceOffset()))
        .position()
        .toString();
  }

  private SourceRecord change(
      String collection,
      String op,
      int id,
      @Nullable String after,
      String snapshot,
      Map<String, Object> offset,
      @Nullable Long transaction) {
    Struct source =
        ConnectorEvents.source(SOURCE, "mongodb", "shop", snapshot)
            .put("collection", collection)
            .put("ord", 1)
            .put("lsid", transaction == null ? null : SESSION)
            .put("txnNumber", transaction);
    Struct value =
        new Struct(envelope(collection))
            .put(Envelope.FieldName.OPERATION, op)
            .put(Envelope.FieldName.AFTER, after)
            .put(Envelope.FieldName.SOURCE, source)
            .put(Envelope.FieldName.TIMESTAMP, 1_700_000_001_000L);
    return ConnectorEvents.record(
        PARTITION, offset, new Struct(KEY).put("id", Integer.toString(id)), value);
  }
}
