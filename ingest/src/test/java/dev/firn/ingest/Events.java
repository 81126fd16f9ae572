package dev.firn.ingest;

import dev.firn.writer.RowKeys;
import dev.firn.writer.RowTarget;
import dev.firn.writer.TableDefinition;
import io.debezium.data.Envelope;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/** Records as Debezium makes them, of one table {@code s.t (id int, name text)}. */
final class Events {
  static final ColumnType.Placeholder PLACEHOLDER = ColumnType.Placeholder.of("unavailable");
  static final TableIdentifier TABLE = TableIdentifier.of("s", "t");

  private static final Schema ROW =
      SchemaBuilder.struct()
          .name("p.s.t.Value")
          .optional()
          .field("id", Schema.INT32_SCHEMA)
          .field("name", Schema.OPTIONAL_STRING_SCHEMA)
          .build();
  private static final Schema SOURCE =
      SchemaBuilder.struct()
          .name("io.debezium.connector.postgresql.Source")
          .field("snapshot", Schema.OPTIONAL_STRING_SCHEMA)
          .field("schema", Schema.STRING_SCHEMA)
          .field("table", Schema.STRING_SCHEMA)
          .build();
  private static final Envelope ENVELOPE =
      Envelope.defineSchema().withName("p.s.t.Envelope").withRecord(ROW).withSource(SOURCE).build();
  private static final Map<String, String> PARTITION = Map.of("server", "p");

  private Events() {}

  static CapturedTable captured(List<String> key) {
    return new CapturedTable(new SourceTable("s", "t"), ROW, key, Set.of(), ColumnRules.NONE);
  }

  static TableDecoder decoder(List<String> key) {
    return decoder(key, 0);
  }

  /** One of a table whose rows are so large. */
  static TableDecoder decoder(List<String> key, int filledBytes) {
    return decoder(key, filledBytes, BadEvents.STOP);
  }

  static TableDecoder decoder(List<String> key, int filledBytes, BadEvents badEvents) {
    TableDefinition definition = captured(key).definition(TABLE, PLACEHOLDER, true);
    RowTarget target =
        new RowTarget(
            TABLE,
            definition.schema(),
            definition.schema(),
            key,
            RowKeys.of(definition.schema(), key),
            () -> filledBytes);
    return new TableDecoder(captured(key), target, PLACEHOLDER, badEvents);
  }

  static Struct row(int id, @Nullable String name) {
    return new Struct(ROW).put("id", id).put("name", name);
  }

  static SourceRecord begin(int transaction, long lsn) {
    return ConnectorEvents.begin(PARTITION, offset(lsn), transaction + ":" + lsn);
  }

  static SourceRecord end(int transaction, long lsn) {
    return ConnectorEvents.end(PARTITION, offset(lsn), transaction + ":" + lsn);
  }

  static SourceRecord heartbeat(long lsn) {
    return ConnectorEvents.heartbeat(PARTITION, offset(lsn));
  }

  static SourceRecord insert(long lsn, int id) {
    return change(lsn, "c", null, row(id, "n"), null);
  }

  static SourceRecord read(long lsn, String snapshot, int id) {
    return change(lsn, "r", null, row(id, "n"), snapshot);
  }

  static SourceRecord change(
      long lsn,
      String op,
      @Nullable Struct before,
      @Nullable Struct after,
      @Nullable String snapshot) {
    Struct source =
        new Struct(SOURCE).put("snapshot", snapshot).put("schema", "s").put("table", "t");
    Struct value =
        new Struct(ENVELOPE.schema())
            .put("op", op)
            .put("before", before)
            .put("after", after)
            .put("source", source);
    Map<String, Object> offset = offset(lsn);
    if (snapshot != null) {
      offset.put("snapshot", "INITIAL");
    }
    return ConnectorEvents.record(PARTITION, offset, null, value);
  }

  @SuppressWarnings("unchecked") // A JSON object has texts for keys.
  static Map<String, Object> mapOf(@Nullable Object json) {
    return (Map<String, Object>) java.util.Objects.requireNonNull(json, "json is null");
  }

  static Struct value(SourceRecord event) {
    return (Struct) event.value();
  }

  private static Map<String, Object> offset(long lsn) {
    Map<String, Object> offset = new HashMap<>();
    offset.put("lsn", lsn);
    offset.put("lsn_proc", lsn);
    offset.put("lsn_commit", lsn);
    offset.put("ts_usec", 1_000_000L);
    return offset;
  }
}
