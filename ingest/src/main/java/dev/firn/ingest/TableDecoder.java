package dev.firn.ingest;

import dev.firn.writer.PipelineException;
import dev.firn.writer.RowChange;
import dev.firn.writer.RowKey;
import dev.firn.writer.RowTarget;
import dev.firn.writer.SetAside;
import dev.firn.writer.TableChange;
import io.debezium.data.Envelope;
import io.debezium.relational.RelationalChangeRecordEmitter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Type;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/** Turns the change events of one source table into changes of its table in the lake. */
final class TableDecoder implements EventDecoder {
  private static final int CHANGE_BYTES = 96;
  private static final String NEW_KEY = RelationalChangeRecordEmitter.PK_UPDATE_NEWKEY_FIELD;
  private static final String OLD_KEY = RelationalChangeRecordEmitter.PK_UPDATE_OLDKEY_FIELD;

  private final CapturedTable captured;
  private final ColumnType.Placeholder placeholder;
  private final EventSieve sieve;
  private RowTarget target;

  /** The columns of the source in the last event, or when the pipeline started. */
  private Map<String, Type> sourceColumns;

  private @Nullable Schema compiledFor;
  private @Nullable RowDecoder compiled;
  private @Nullable Schema keyCompiledFor;
  private @Nullable RowDecoder keyCompiled;

  TableDecoder(
      CapturedTable captured,
      RowTarget target,
      ColumnType.Placeholder placeholder,
      BadEvents badEvents) {
    this.sieve = new EventSieve(captured, badEvents, placeholder);
    this.captured = captured;
    this.target = target;
    this.placeholder = placeholder;
    this.sourceColumns = types(captured.row());
  }

  /** The lake's types for the source's columns, by their names. */
  private Map<String, Type> types(Schema row) {
    return row.fields().stream()
        .filter(field -> !captured.leavesOut(field.name()))
        .collect(
            Collectors.toUnmodifiableMap(
                Field::name, field -> captured.columnType(field, placeholder).type()));
  }

  /**
   * Where the values go of those of the source's columns that have become another type once, by
   * their names: a column of the lake. One that none holds yet is not among them.
   */
  Map<String, String> versioned() {
    LakeColumns lake = new LakeColumns(target.columns());
    Map<String, String> columns = new TreeMap<>();
    sourceColumns.forEach((name, type) -> {
      if (lake.isVersioned(name)) {
        lake.holding(name, type).ifPresent(column -> columns.put(name, column.name()));
      }
    });
    return columns;
  }

  /** Whether values of a column of the source go to the newest column that there is for them. */
  boolean isNewest(String source, String column) {
    return new LakeColumns(target.columns())
        .newest(source)
        .map(newest -> newest.name().equals(column))
        .orElse(false);
  }

  /**
   * What events of a schema that is new to this decoder ask of the table.
   *
   * @param filled whether rows from before a column was added may have a value there
   * @throws PipelineException what has changed cannot be followed, or must not be
   */
  ColumnPlan plan(ColumnPlan.Event event, SchemaChanges policy, Predicate<String> filled) {
    return ColumnPlan.of(captured, target, event, sourceColumns, placeholder, policy, filled);
  }

  /** The source's table as it was when the pipeline started. */
  CapturedTable captured() {
    return captured;
  }

  /** Goes on with events of a schema for which the table is ready. */
  void follow(RowTarget newTarget, Schema row) {
    target = newTarget;
    sourceColumns = types(row);
    compiledFor = null;
    keyCompiledFor = null;
  }

  /** Goes on with other columns of the lake that another shard of the table has asked for. */
  void follow(RowTarget newTarget) {
    target = newTarget;
    compiledFor = null;
    keyCompiledFor = null;
  }

  @Override
  public boolean isShard() {
    return captured.shard().isPresent();
  }

  @Override
  public TableIdentifier table() {
    return target.table();
  }

  @Override
  public SourceTable source() {
    return captured.source();
  }

  /** What a row of its table is made of. */
  RowTarget target() {
    return target;
  }

  /** What sorts the table's events out on another thread. */
  EventSieve anotherSieve() {
    return sieve.another();
  }

  @Override
  public EventSieve.Sieved<Record> read(Struct event) {
    return sieve.sieve("r", event, () -> row(event));
  }

  private Record row(Struct event) {
    Struct after = image(event, Envelope.FieldName.AFTER);
    return decoder(after.schema()).row(after);
  }

  /**
   * Debezium makes a delete and a create of an update that changes a row's key: the create tells
   * all of it, so that the delete is empty.
   */
  @Override
  public List<TableChange> changes(SourceRecord event) {
    return event.headers().lastWithName(NEW_KEY) == null
        ? changes((Struct) event.value(), oldKey(event))
        : List.of();
  }

  /** What has the key that a row had before, if that may be another one. */
  private @Nullable Struct oldKey(SourceRecord event) {
    Header told = event.headers().lastWithName(OLD_KEY);
    if (told != null) {
      return (Struct) told.value();
    }
    // Without a key Debezium does not look whether it changes.
    return event.keySchema() == null && !target.key().isEmpty()
        ? ((Struct) event.value()).getStruct(Envelope.FieldName.BEFORE)
        : null;
  }

  private List<TableChange> changes(Struct event, @Nullable Struct oldKey) {
    String op = event.getString(Envelope.FieldName.OPERATION);
    EventSieve.Sieved<TableChange> sieved = sieve.sieve(op, event, () -> change(op, event, oldKey));
    if (sieved.aside().isEmpty()) {
      return List.of(sieved.taken().orElseThrow());
    }
    List<TableChange> changes = new ArrayList<>();
    sieved.taken().ifPresent(changes::add);
    sieved.aside().forEach(aside -> changes.add(change(aside)));
    return changes;
  }

  /** Nothing of an event goes to the table. */
  TableChange setAside(String op, Struct event, String reason) {
    return change(sieve.aside(op, event, reason));
  }

  private TableChange change(SetAside aside) {
    return change(new RowChange.Aside(aside), aside.event().length());
  }

  private TableChange change(String op, Struct event, @Nullable Struct oldKey) {
    return switch (op) {
      case "c" ->
          oldKey == null
              ? insert(image(event, Envelope.FieldName.AFTER))
              : otherKey(oldKey, image(event, Envelope.FieldName.AFTER));
      case "u" ->
          oldKey == null
              ? update(event, image(event, Envelope.FieldName.AFTER))
              : otherKey(oldKey, image(event, Envelope.FieldName.AFTER));
      case "d" -> delete(image(event, Envelope.FieldName.BEFORE));
      case "t" -> truncate();
      default ->
          throw new PipelineException(
              "table %s: an event of the unknown operation '%s'".formatted(captured.source(), op));
    };
  }

  private TableChange truncate() {
    if (isShard()) {
      throw new IllegalStateException("the other shards of %s stay".formatted(target.table()));
    }
    return new TableChange(target.table(), new RowChange.Truncate(), CHANGE_BYTES);
  }

  private TableChange insert(Struct after) {
    RowDecoder decoder = decoder(after.schema());
    Record row = decoder.row(after);
    return change(new RowChange.Insert(target.keys().keyOf(row), row), decoder.bytes(row));
  }

  /** A row under another key; PostgreSQL does not send its large values that stay. */
  private TableChange otherKey(Struct oldKey, Struct after) {
    Optional<Record> known = keyBefore(oldKey);
    if (known.isEmpty()) {
      return insert(after);
    }
    RowDecoder decoder = decoder(after.schema());
    Record row = decoder.row(after);
    Record before = known.orElseThrow();
    RowKey keyBefore = target.keys().keyOf(before);
    RowKey key = target.keys().keyOf(row);
    return change(
        keyBefore.equals(key)
            ? new RowChange.Update(key, row)
            : new RowChange.Update(keyBefore, key, row, before),
        decoder.bytes(row));
  }

  /** Empty: the lake cannot hold such a key, so that the row was never there. */
  private Optional<Record> keyBefore(Struct oldKey) {
    try {
      return Optional.of(keyDecoder(oldKey.schema()).keyOnly(oldKey));
    } catch (BadValueException e) {
      return Optional.empty();
    }
  }

  private TableChange update(Struct event, Struct after) {
    RowDecoder decoder = decoder(after.schema());
    Record row = decoder.row(after);
    RowKey key = target.keys().keyOf(row);
    if (!target.key().isEmpty()) {
      return change(new RowChange.Update(key, row), decoder.bytes(row));
    }
    Record before = rowBefore(image(event, Envelope.FieldName.BEFORE));
    return change(
        new RowChange.Update(target.keys().keyOf(before), key, row, before),
        decoder.bytes(row) + decoder.bytes(before));
  }

  private TableChange delete(Struct before) {
    Record row = rowBefore(before);
    return change(
        new RowChange.Delete(target.keys().keyOf(row), row), decoder(before.schema()).bytes(row));
  }

  /**
   * The whole row in a table without a key, and only the key in others: what Debezium puts in the
   * place of the values that PostgreSQL does not send cannot be told from real ones.
   */
  private Record rowBefore(Struct before) {
    RowDecoder decoder = decoder(before.schema());
    Record row = target.key().isEmpty() ? decoder.row(before) : decoder.keyOnly(before);
    for (String column : target.key()) {
      if (row.getField(column) == null) {
        throw new BadEventException(
            "table %s: PostgreSQL did not send key column %s of a deleted row; its replica identity must hold the primary key: run ALTER TABLE %s REPLICA IDENTITY DEFAULT (or FULL)"
                .formatted(captured.source(), column, captured.source()));
      }
    }
    return row;
  }

  private Struct image(Struct event, String field) {
    Struct image = event.getStruct(field);
    if (image == null) {
      throw new BadEventException(
          "table %s: an event of operation '%s' came without its row %s the change; a table without a primary key needs ALTER TABLE %s REPLICA IDENTITY FULL"
              .formatted(
                  captured.source(),
                  event.getString(Envelope.FieldName.OPERATION),
                  field,
                  captured.source()));
    }
    return image;
  }

  private TableChange change(RowChange change, int rowBytes) {
    return new TableChange(target.table(), change, CHANGE_BYTES + rowBytes);
  }

  @SuppressWarnings("ReferenceEquality") // Comparing schemas field by field would cost too much.
  private RowDecoder decoder(Schema schema) {
    if (schema != compiledFor) {
      compiled = RowDecoder.compile(captured, sieve, target, schema, placeholder);
      compiledFor = schema;
    }
    return Objects.requireNonNull(compiled, "compiled is null");
  }

  @SuppressWarnings("ReferenceEquality") // As above.
  private RowDecoder keyDecoder(Schema key) {
    if (key != keyCompiledFor) {
      keyCompiled = RowDecoder.compile(captured, sieve, target, key, placeholder);
      keyCompiledFor = key;
    }
    return Objects.requireNonNull(keyCompiled, "keyCompiled is null");
  }
}
