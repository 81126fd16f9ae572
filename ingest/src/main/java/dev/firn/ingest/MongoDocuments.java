package dev.firn.ingest;

import dev.firn.writer.PipelineException;
import io.debezium.data.Envelope;
import io.debezium.data.Json;
import java.util.IdentityHashMap;
import java.util.Optional;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Makes rows of MongoDB's documents: {@code _id} and the whole document, both as the JSON that
 * Debezium writes, so that no value of any document is lost, whatever its fields are. Of one
 * thread.
 */
final class MongoDocuments {
  static final String KEY = "_id";
  static final String DOCUMENT = "document";

  private static final String ID_OF_KEY = "id";
  private static final Schema ROW_KEY =
      SchemaBuilder.struct().field(KEY, Schema.STRING_SCHEMA).build();
  private static final Schema ROW =
      SchemaBuilder.struct()
          .optional()
          .field(KEY, Schema.STRING_SCHEMA)
          .field(DOCUMENT, Json.builder().optional().build())
          .build();

  private static final int MAX_SCHEMAS = 10_000;

  /** By the schemas of the connector's own, of which there is one for each collection. */
  private final IdentityHashMap<Schema, Envelope> envelopes = new IdentityHashMap<>();

  /** The record with rows in the place of documents; one that has none stays as it is. */
  SourceRecord asRows(SourceRecord event) {
    if (!(event.value() instanceof Struct value) || !Envelope.isEnvelopeSchema(value.schema())) {
      return event;
    }
    if (envelopes.size() > MAX_SCHEMAS) {
      envelopes.clear();
    }
    Envelope envelope = envelopes.computeIfAbsent(value.schema(), MongoDocuments::envelope);
    Struct row = rowed(envelope, value, id(event));
    return new SourceRecord(
        event.sourcePartition(),
        event.sourceOffset(),
        event.topic(),
        event.kafkaPartition(),
        ROW_KEY,
        new Struct(ROW_KEY).put(KEY, id(event)),
        row.schema(),
        row,
        event.timestamp(),
        event.headers());
  }

  private static Envelope envelope(Schema documents) {
    return Envelope.defineSchema()
        .withName(documents.name())
        .withRecord(ROW)
        .withSource(documents.field(Envelope.FieldName.SOURCE).schema())
        .build();
  }

  private static String id(SourceRecord event) {
    return ((Struct) event.key()).getString(ID_OF_KEY);
  }

  private static Struct rowed(Envelope envelope, Struct event, String id) {
    String op = event.getString(Envelope.FieldName.OPERATION);
    boolean isDelete = Envelope.Operation.DELETE.code().equals(op);
    return new Struct(envelope.schema())
        .put(Envelope.FieldName.OPERATION, op)
        .put(Envelope.FieldName.SOURCE, event.getStruct(Envelope.FieldName.SOURCE))
        .put(Envelope.FieldName.BEFORE, isDelete ? row(id, null) : null)
        .put(Envelope.FieldName.AFTER, isDelete ? null : row(id, document(event)))
        .put(Envelope.FieldName.TIMESTAMP, event.get(Envelope.FieldName.TIMESTAMP));
  }

  private static String document(Struct event) {
    return Optional.ofNullable(event.getString(Envelope.FieldName.AFTER))
        .orElseThrow(() -> {
          SourceTable collection = SourceTable.of(event.getStruct(Envelope.FieldName.SOURCE));
          return new PipelineException(
              SourceLoss.of(
                  "a change of collection %s came without the document as it was after it; have the server keep that from now on: db.runCommand({collMod: '%s', changeStreamPreAndPostImages: {enabled: true}})"
                      .formatted(collection, collection.name())));
        });
  }

  private static Struct row(String id, @Nullable String document) {
    return new Struct(ROW).put(KEY, id).put(DOCUMENT, document);
  }
}
