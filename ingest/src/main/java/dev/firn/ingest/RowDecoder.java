package dev.firn.ingest;

import dev.firn.writer.PipelineException;
import dev.firn.writer.RowTarget;
import dev.firn.writer.Unavailable;
import io.debezium.time.Interval;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.variants.Variant;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/** Makes rows of one table from structs of one Connect schema; compiled once per schema. */
final class RowDecoder {
  private static final int RECORD_BYTES = 64;
  private static final int SLOT_BYTES = 8;
  private static final int VALUE_BYTES = 24;
  private static final int SIZED_VALUE_BYTES = 56;

  private record Column(Field from, int to, ColumnType.Conversion conversion) {}

  private final CapturedTable captured;
  private final EventSieve sieve;
  private final List<Column> columns;
  private final List<Column> keyColumns;

  /** Of a shard it has the name of that already. */
  private final GenericRecord template;

  private final IntSupplier filledBytes;

  private RowDecoder(
      CapturedTable captured,
      EventSieve sieve,
      RowTarget target,
      List<Column> columns,
      List<Column> keyColumns) {
    this.captured = captured;
    this.sieve = sieve;
    this.columns = columns;
    this.keyColumns = keyColumns;
    this.template = GenericRecord.create(target.written());
    captured.shard().ifPresent(shard -> template.setField(shard.column(), shard.name()));
    this.filledBytes = target.filledBytes();
  }

  /**
   * Of a schema whose columns the table has.
   *
   * @param sieve is asked about values that their columns cannot hold
   */
  static RowDecoder compile(
      CapturedTable captured,
      EventSieve sieve,
      RowTarget target,
      Schema schema,
      ColumnType.Placeholder placeholder) {
    LakeColumns lake = new LakeColumns(target.columns());
    List<Column> columns = new ArrayList<>();
    List<Column> keyColumns = new ArrayList<>();
    for (Field from : schema.fields()) {
      if (captured.leavesOut(from.name())) {
        continue;
      }
      ColumnType type = captured.columnType(from, placeholder);
      Types.NestedField to =
          lake.holding(from.name(), type.type())
              .orElseThrow(() -> lacking(captured, target, from, type));
      if (captured.rule(from.name()) instanceof ColumnRule.Null) {
        continue;
      }
      Column column = new Column(from, target.columns().columns().indexOf(to), type.in(to.type()));
      columns.add(column);
      if (target.key().contains(to.name())) {
        keyColumns.add(column);
      }
    }
    return new RowDecoder(captured, sieve, target, columns, keyColumns);
  }

  /** Somebody else changes the columns of the lake's table at the same time. */
  private static PipelineException lacking(
      CapturedTable captured, RowTarget target, Field from, ColumnType type) {
    return new PipelineException(
        "table %s has no column for %s (%s) of source table %s; its columns there were changed by someone else"
            .formatted(target.table(), from.name(), type.type(), captured.source()));
  }

  /** The whole row; the row lineage fields stay null. */
  Record row(Struct struct) {
    return decode(struct, columns);
  }

  /** A row of which only the key columns are set. */
  Record keyOnly(Struct struct) {
    return decode(struct, keyColumns);
  }

  /** An estimate of the memory that a row holds, once what was not sent is filled in. */
  int bytes(Record row) {
    int bytes = RECORD_BYTES;
    boolean isIncomplete = false;
    for (Column column : columns) {
      Object value = row.get(column.to);
      isIncomplete |= value == Unavailable.VALUE;
      bytes += SLOT_BYTES + bytes(value);
    }
    return isIncomplete ? bytes + filledBytes.getAsInt() : bytes;
  }

  private static int bytes(@Nullable Object value) {
    return switch (value) {
      case null -> 0;
      case String text -> SIZED_VALUE_BYTES + text.length();
      case ByteBuffer buffer -> SIZED_VALUE_BYTES + buffer.remaining();
      case Variant variant ->
          SIZED_VALUE_BYTES + variant.metadata().sizeInBytes() + variant.value().sizeInBytes();
      case List<?> list -> bytes(list);
      case Map<?, ?> map -> bytes(map.keySet()) + bytes(map.values());
      default -> VALUE_BYTES;
    };
  }

  private static int bytes(Collection<?> values) {
    int bytes = SIZED_VALUE_BYTES;
    for (Object value : values) {
      bytes += SLOT_BYTES + bytes(value);
    }
    return bytes;
  }

  private Record decode(Struct struct, List<Column> wanted) {
    GenericRecord row = template.copy();
    for (Column column : wanted) {
      // Struct.get would put the column's default in the place of a null.
      Object value = struct.getWithoutDefault(column.from.name());
      if (value != null) {
        row.set(column.to, convert(column, value));
      }
    }
    return row;
  }

  /** What else than another value lets the pipeline go on. */
  private String ways(Column column) {
    String name = column.from.name();
    String asText = ColumnForms.asText(captured.source(), name);
    return keyColumns.contains(column)
        ? "take the table with a pipeline of its own into another table-namespace, with %s, as the column is part of its key"
            .formatted(asText)
        : "%sleave it out with debezium.source.column.exclude.list=%s.%s, or go on without such values with %s%s=quarantine"
            .formatted(
                mayBeText(column)
                    ? "keep the column as text with %s (and %s%s=new-column), or "
                        .formatted(asText, SinkSettings.PREFIX, SchemaChanges.KEY)
                    : "",
                captured.source(),
                name,
                SinkSettings.PREFIX,
                BadEvents.KEY);
  }

  /** An interval is text as it is. */
  private static boolean mayBeText(Column column) {
    return !Interval.SCHEMA_NAME.equals(column.from.schema().name());
  }

  private @Nullable Object convert(Column column, Object value) {
    try {
      return column.conversion.convert(value);
    } catch (ColumnType.UnsupportedValueException e) {
      return instead(
          column,
          "%s, which its type in the lake cannot hold".formatted(e.getMessage()),
          "change the value at the source, or " + ways(column));
    } catch (RuntimeException e) {
      // Without its message: that may be the value.
      return instead(
          column, "a value that is none of its type: " + e.getClass().getName(), ways(column));
    }
  }

  /** What the row has in the place of such a value; without a key's value there is no row. */
  private @Nullable Object instead(Column column, String reason, String ways) {
    BadValueException bad =
        new BadValueException(captured.source(), column.from.name(), reason, ways);
    if (keyColumns.contains(column)) {
      throw bad;
    }
    sieve.found(bad);
    return null;
  }
}
