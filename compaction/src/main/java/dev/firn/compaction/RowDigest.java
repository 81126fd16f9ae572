package dev.firn.compaction;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import dev.firn.writer.VariantText;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.iceberg.variants.Variant;
import org.jspecify.annotations.Nullable;

/**
 * A sum over rows in any order: equal rows give an equal sum, and one wrong bit another one. It is
 * the sum modulo 2^128 of XXH3-128 over each row's columns, each with its id; a null does not
 * count.
 */
final class RowDigest {
  private final RowHash stream = new RowHash();
  private final Encoder row;
  private long high;
  private long low;

  RowDigest(Schema columns) {
    this.row = struct(columns.asStruct());
  }

  void add(StructLike values) {
    stream.reset();
    row.put(stream, values);
    long sum = low + stream.low();
    high += stream.high() + (Long.compareUnsigned(sum, low) < 0 ? 1 : 0);
    low = sum;
  }

  /** 32 hexadecimal digits. */
  @Override
  public String toString() {
    return "%016x%016x".formatted(high, low);
  }

  /**
   * Two independent chains of multiplications, 64 bits each: hashing is done twice for each row,
   * and a stream of a general hash takes several times as long. Texts and bytes enter by their
   * XXH3.
   */
  private static final class RowHash {
    private static final Hasher64 XXH3 = Hashing.xxh3_64();
    private static final long SEED_A = 0x9E3779B97F4A7C15L;
    private static final long SEED_B = 0xC2B2AE3D27D4EB4FL;
    private static final long FACTOR_A = 0xA0761D6478BD642FL;
    private static final long FACTOR_B = 0xE7037ED1A0B428DBL;

    private long a;
    private long b;

    void reset() {
      a = SEED_A;
      b = SEED_B;
    }

    long high() {
      return folded(a ^ SEED_B, FACTOR_B);
    }

    long low() {
      return folded(b ^ SEED_A, FACTOR_A);
    }

    RowHash putLong(long value) {
      a = folded(a ^ value, FACTOR_A);
      b = folded(b + value, FACTOR_B);
      return this;
    }

    private static long folded(long value, long factor) {
      return value * factor ^ Math.unsignedMultiplyHigh(value, factor);
    }

    RowHash putInt(int value) {
      return putLong(value);
    }

    RowHash putBoolean(boolean value) {
      return putLong(value ? 1 : 0);
    }

    RowHash putString(String value) {
      return putLong(value.length()).putLong(XXH3.hashCharsToLong(value));
    }

    RowHash putUUID(UUID value) {
      return putLong(value.getMostSignificantBits()).putLong(value.getLeastSignificantBits());
    }

    RowHash putByteArray(byte[] value) {
      return putLong(value.length).putLong(XXH3.hashBytesToLong(value));
    }
  }

  @FunctionalInterface
  private interface Encoder {
    void put(RowHash stream, Object value);
  }

  private static Encoder encoder(Type type) {
    return switch (type.typeId()) {
      case BOOLEAN -> (stream, value) -> stream.putBoolean((Boolean) value);
      case INTEGER -> (stream, value) -> stream.putInt((Integer) value);
      case LONG -> (stream, value) -> stream.putLong((Long) value);
      case FLOAT -> (stream, value) -> stream.putInt(Float.floatToRawIntBits((Float) value));
      case DOUBLE -> (stream, value) -> stream.putLong(Double.doubleToRawLongBits((Double) value));
      case STRING -> (stream, value) -> stream.putString(value.toString());
      case UUID -> (stream, value) -> stream.putUUID((UUID) value);
      case DECIMAL -> (stream, value) -> putDecimal(stream, (BigDecimal) value);
      case DATE -> (stream, value) -> stream.putLong(((LocalDate) value).toEpochDay());
      case TIME -> (stream, value) -> stream.putLong(((LocalTime) value).toNanoOfDay());
      case TIMESTAMP, TIMESTAMP_NANO -> RowDigest::putTimestamp;
      case BINARY, GEOMETRY, GEOGRAPHY -> (stream, value) -> putBuffer(stream, (ByteBuffer) value);
      case FIXED -> (stream, value) -> stream.putByteArray((byte[]) value);
      case STRUCT -> struct(type.asStructType());
      case LIST -> list(type.asListType());
      case MAP -> map(type.asMapType());
      case VARIANT -> (stream, value) -> stream.putString(VariantText.canonical((Variant) value));
      case UNKNOWN -> (stream, value) -> {};
    };
  }

  private static Encoder struct(Types.StructType type) {
    List<NestedField> fields = type.fields();
    int[] ids = fields.stream().mapToInt(NestedField::fieldId).toArray();
    Encoder[] encoders =
        fields.stream().map(field -> encoder(field.type())).toArray(Encoder[]::new);
    return (stream, value) -> {
      StructLike struct = (StructLike) value;
      int present = 0;
      for (int i = 0; i < ids.length; i++) {
        Object field = struct.get(i, Object.class);
        if (field != null) {
          stream.putInt(ids[i]);
          encoders[i].put(stream, field);
          present++;
        }
      }
      stream.putInt(present);
    };
  }

  private static Encoder list(Types.ListType type) {
    Encoder element = encoder(type.elementType());
    return (stream, value) -> {
      List<?> elements = (List<?>) value;
      elements.forEach(one -> putNullable(stream, element, one));
      stream.putInt(elements.size());
    };
  }

  private static Encoder map(Types.MapType type) {
    Encoder key = encoder(type.keyType());
    Encoder mapped = encoder(type.valueType());
    return (stream, value) -> {
      Map<?, ?> entries = (Map<?, ?>) value;
      entries.forEach((one, to) -> {
        putNullable(stream, key, one);
        putNullable(stream, mapped, to);
      });
      stream.putInt(entries.size());
    };
  }

  private static void putNullable(RowHash stream, Encoder encoder, @Nullable Object value) {
    stream.putBoolean(value != null);
    if (value != null) {
      encoder.put(stream, value);
    }
  }

  private static void putDecimal(RowHash stream, BigDecimal value) {
    stream.putByteArray(value.unscaledValue().toByteArray()).putInt(value.scale());
  }

  private static void putTimestamp(RowHash stream, Object value) {
    if (value instanceof OffsetDateTime zoned) {
      stream.putLong(zoned.toEpochSecond()).putInt(zoned.getNano());
    } else if (value instanceof LocalDateTime local) {
      stream.putLong(local.toLocalDate().toEpochDay()).putLong(local.toLocalTime().toNanoOfDay());
    } else {
      throw new IllegalArgumentException("a timestamp that is no date-time");
    }
  }

  private static void putBuffer(RowHash stream, ByteBuffer value) {
    byte[] bytes = new byte[value.remaining()];
    value.duplicate().get(bytes);
    stream.putByteArray(bytes);
  }
}
