package dev.firn.writer;

import com.dynatrace.hash4j.hashing.HashStream128;
import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hasher128;
import com.dynatrace.hash4j.hashing.Hashing;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.iceberg.variants.Variant;
import org.jspecify.annotations.Nullable;

/**
 * Computes the keys of one table's rows. They stay the same when columns are added or get wider: a
 * value counts with its column's id, a null does not count.
 *
 * <p>The hash is keyed by a seed of this process, so that nobody can choose values that collide.
 */
public final class RowKeys {
  private static final Hasher128 HASHER = Hashing.xxh3_128(new SecureRandom().nextLong());
  private static final ThreadLocal<HashStream128> STREAM =
      ThreadLocal.withInitial(HASHER::hashStream);

  private final List<NestedField> fields;
  private final int[] positions;
  private final int[] ids;
  private final Encoder[] encoders;

  private RowKeys(List<NestedField> fields, int[] positions) {
    this.fields = fields;
    this.positions = positions;
    this.ids = fields.stream().mapToInt(NestedField::fieldId).toArray();
    this.encoders = fields.stream().map(field -> encoder(field.type())).toArray(Encoder[]::new);
  }

  /**
   * Makes the encoder of a table.
   *
   * @param key the key columns; empty: the whole row is the key
   */
  public static RowKeys of(Schema schema, List<String> key) {
    List<NestedField> columns = schema.columns();
    List<NestedField> fields =
        columns.stream()
            .filter(column -> key.isEmpty() || key.contains(column.name()))
            .sorted(Comparator.comparingInt(NestedField::fieldId))
            .toList();
    return new RowKeys(fields, fields.stream().mapToInt(columns::indexOf).toArray());
  }

  /** The names of the columns that make up the key. */
  public Set<String> columns() {
    return fields.stream().map(NestedField::name).collect(Collectors.toSet());
  }

  /** The columns that make up the key. */
  List<NestedField> fields() {
    return fields;
  }

  /** The ids of these columns. */
  Set<Integer> ids() {
    return fields.stream().map(NestedField::fieldId).collect(Collectors.toSet());
  }

  /** The key of a row whose leading fields are those of the schema, in its order. */
  public RowKey keyOf(Record row) {
    HashStream128 stream = STREAM.get().reset();
    for (int i = 0; i < positions.length; i++) {
      Object value = row.get(positions[i]);
      if (value != null) {
        stream.putInt(ids[i]);
        encoders[i].put(stream, value);
      }
    }
    HashValue128 hash = stream.get();
    return new RowKey(hash.getMostSignificantBits(), hash.getLeastSignificantBits());
  }

  /**
   * How a value of one type enters the hash; equal values enter it equally, others do not. A value
   * of a column that gets wider enters it as before.
   */
  @FunctionalInterface
  private interface Encoder {
    void put(HashStream128 stream, Object value);
  }

  private static Encoder encoder(Type type) {
    return switch (type.typeId()) {
      case BOOLEAN -> (stream, value) -> stream.putBoolean((Boolean) value);
      case INTEGER -> (stream, value) -> stream.putLong((Integer) value);
      case LONG -> (stream, value) -> stream.putLong((Long) value);
      case FLOAT -> (stream, value) -> stream.putLong(Double.doubleToLongBits((Float) value));
      case DOUBLE -> (stream, value) -> stream.putLong(Double.doubleToLongBits((Double) value));
      case STRING -> (stream, value) -> stream.putString(value.toString());
      case UUID -> (stream, value) -> stream.putUUID((UUID) value);
      case DECIMAL ->
          (stream, value) ->
              stream.putByteArray(((BigDecimal) value).unscaledValue().toByteArray());
      case DATE -> (stream, value) -> stream.putLong(((LocalDate) value).toEpochDay());
      case TIME -> (stream, value) -> stream.putLong(((LocalTime) value).toNanoOfDay());
      case TIMESTAMP, TIMESTAMP_NANO -> RowKeys::putTimestamp;
      case BINARY, GEOMETRY, GEOGRAPHY -> (stream, value) -> putBuffer(stream, (ByteBuffer) value);
      case FIXED -> (stream, value) -> stream.putByteArray((byte[]) value);
      case VARIANT -> (stream, value) -> stream.putString(VariantText.canonical((Variant) value));
      case LIST -> list(encoder(type.asListType().elementType()));
      case MAP -> map(type.asMapType());
      case STRUCT -> struct(type.asStructType());
      default ->
          throw new IllegalArgumentException("a key of type %s is not supported".formatted(type));
    };
  }

  private static Encoder list(Encoder element) {
    return (stream, value) -> {
      List<?> elements = (List<?>) value;
      elements.forEach(one -> putNullable(stream, element, one));
      stream.putInt(elements.size());
    };
  }

  /** In the order of the keys, whatever order a file has them in. */
  private static Encoder map(Types.MapType type) {
    Encoder key = encoder(type.keyType());
    Encoder mapped = encoder(type.valueType());
    return (stream, value) -> {
      Map<?, ?> entries = new TreeMap<>((Map<?, ?>) value);
      entries.forEach((one, to) -> {
        key.put(stream, one);
        putNullable(stream, mapped, to);
      });
      stream.putInt(entries.size());
    };
  }

  private static Encoder struct(Types.StructType type) {
    Encoder[] fields =
        type.fields().stream().map(field -> encoder(field.type())).toArray(Encoder[]::new);
    return (stream, value) -> {
      StructLike struct = (StructLike) value;
      for (int i = 0; i < fields.length; i++) {
        putNullable(stream, fields[i], struct.get(i, Object.class));
      }
    };
  }

  /** What enters can be told from its end: as the length of a text is, it comes after the value. */
  private static void putNullable(HashStream128 stream, Encoder encoder, @Nullable Object value) {
    if (value != null) {
      encoder.put(stream, value);
    }
    stream.putBoolean(value != null);
  }

  private static void putTimestamp(HashStream128 stream, @Nullable Object value) {
    if (value instanceof OffsetDateTime zoned) {
      stream.putLong(zoned.toEpochSecond()).putInt(zoned.getNano());
    } else if (value instanceof LocalDateTime local) {
      stream.putLong(local.toLocalDate().toEpochDay()).putLong(local.toLocalTime().toNanoOfDay());
    } else {
      throw new IllegalArgumentException("a timestamp key that is no date-time");
    }
  }

  private static void putBuffer(HashStream128 stream, ByteBuffer value) {
    byte[] bytes = new byte[value.remaining()];
    value.duplicate().get(bytes);
    stream.putByteArray(bytes);
  }
}
