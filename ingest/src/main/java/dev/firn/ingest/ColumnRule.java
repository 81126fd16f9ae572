package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Unavailable;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.variants.Variant;
import org.apache.iceberg.variants.VariantMetadata;
import org.apache.iceberg.variants.Variants;

/** What becomes of a column's values before anything of them is written. */
sealed interface ColumnRule {
  /** What stands for a text that is not shown. */
  String REDACTED = "***";

  /** They are written as they are. */
  record Keep() implements ColumnRule {}

  /** The lake does without the column. */
  record Drop() implements ColumnRule {}

  /** All are null. */
  record Null() implements ColumnRule {}

  /** All are one value, {@value #REDACTED} for texts; null stays null. */
  record Redact() implements ColumnRule {
    @Override
    public Optional<String> hindrance(Type type) {
      return Optional.empty();
    }

    @Override
    public ColumnType on(ColumnType plain) {
      Object neutral = neutral(plain.type());
      return new ColumnType(plain.type(), value -> neutral);
    }

    private static Object neutral(Type type) {
      return switch (type.typeId()) {
        case BOOLEAN -> false;
        case INTEGER -> 0;
        case LONG -> 0L;
        case FLOAT -> 0f;
        case DOUBLE -> 0d;
        case STRING -> REDACTED;
        case UUID -> new UUID(0, 0);
        case DECIMAL -> BigDecimal.ZERO.setScale(((Types.DecimalType) type).scale());
        case DATE -> LocalDate.EPOCH;
        case TIME -> LocalTime.MIDNIGHT;
        case TIMESTAMP -> neutralTime(((Types.TimestampType) type).shouldAdjustToUTC());
        case TIMESTAMP_NANO -> LocalDate.EPOCH.atStartOfDay();
        case BINARY -> ByteBuffer.allocate(0);
        case GEOMETRY -> GeometryColumn.nothing();
        case VARIANT -> Variant.of(VariantMetadata.empty(), Variants.of(REDACTED));
        case LIST -> List.of();
        case MAP -> Map.of();
        case STRUCT -> neutralStruct(type.asStructType());
        default -> throw new IllegalStateException("no column has the type " + type);
      };
    }

    private static Object neutralTime(boolean hasZone) {
      LocalDateTime epoch = LocalDate.EPOCH.atStartOfDay();
      return hasZone ? epoch.atOffset(ZoneOffset.UTC) : epoch;
    }

    private static Object neutralStruct(Types.StructType type) {
      GenericRecord struct = GenericRecord.create(type);
      for (int i = 0; i < type.fields().size(); i++) {
        struct.set(i, neutral(type.fields().get(i).type()));
      }
      return struct;
    }
  }

  /**
   * Only their beginnings are written.
   *
   * @param length in letters of a text, or bytes
   */
  record Truncate(int length) implements ColumnRule {
    @Override
    public Optional<String> hindrance(Type type) {
      return type.typeId() == Type.TypeID.STRING || type.typeId() == Type.TypeID.BINARY
          ? Optional.empty()
          : Optional.of(
              "it goes with texts and bytes; hash, redact, null and columns.drop go with all");
    }

    @Override
    public ColumnType taken(ColumnType plain, ColumnType.Placeholder placeholder) {
      return asWritten(plain, placeholder);
    }

    @Override
    public ColumnType on(ColumnType plain) {
      return masked(plain, plain.type(), this::cut);
    }

    /** A copy: what is left out shall not be held in memory. */
    private ByteBuffer cut(ByteBuffer bytes) {
      byte[] left = new byte[Math.min(length, bytes.remaining())];
      bytes.duplicate().get(left);
      return ByteBuffer.wrap(left);
    }

    private Object cut(Object value) {
      return switch (value) {
        case ByteBuffer bytes -> cut(bytes);
        case String text when text.codePointCount(0, text.length()) > length ->
            text.substring(0, text.offsetByCodePoints(0, length));
        default -> value;
      };
    }
  }

  /** Their keyed hashes are written: equal values stay equal. */
  record Hash(MaskKey key) implements ColumnRule {
    public Hash {
      requireNonNull(key, "key is null");
    }

    @Override
    public Optional<String> hindrance(Type type) {
      return type.isPrimitiveType()
          ? Optional.empty()
          : Optional.of("it goes with single values; redact, null and columns.drop go with all");
    }

    @Override
    public ColumnType taken(ColumnType plain, ColumnType.Placeholder placeholder) {
      return asWritten(plain, placeholder);
    }

    @Override
    public ColumnType on(ColumnType plain) {
      return masked(plain, Types.StringType.get(), key.hasher()::hash);
    }

    @Override
    public boolean tellsApart() {
      return true;
    }
  }

  /** Why it cannot be applied to values of a type; empty: it can. */
  default Optional<String> hindrance(Type type) {
    return Optional.empty();
  }

  /** What values are for it before it masks them. */
  default ColumnType taken(ColumnType plain, ColumnType.Placeholder placeholder) {
    return plain;
  }

  /** A document or a geometry as it is where no setting makes a type of its own of it. */
  private static ColumnType asWritten(ColumnType plain, ColumnType.Placeholder placeholder) {
    return switch (plain.type().typeId()) {
      case VARIANT -> new ColumnType(Types.StringType.get(), placeholder::inText);
      case GEOMETRY -> GeometryColumn.asWritten().unlessUnchanged(placeholder);
      default -> plain;
    };
  }

  /** How values are converted under it, and to what. */
  default ColumnType on(ColumnType plain) {
    return plain;
  }

  /** Whether values that differ still do. */
  default boolean tellsApart() {
    return this instanceof Keep;
  }

  /** Whether nothing is written in its column. */
  default boolean isWithoutValues() {
    return this instanceof Drop || this instanceof Null;
  }

  /** A value that was not sent is taken from the row's last version, where it is masked already. */
  private static ColumnType masked(ColumnType plain, Type type, ColumnType.Conversion mask) {
    return new ColumnType(
        type,
        value -> {
          Object converted = plain.conversion().convert(value);
          return converted == Unavailable.VALUE ? converted : mask.convert(converted);
        });
  }
}
