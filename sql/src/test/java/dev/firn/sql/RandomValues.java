package dev.firn.sql;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.variants.PhysicalType;
import org.apache.iceberg.variants.ShreddedObject;
import org.apache.iceberg.variants.ValueArray;
import org.apache.iceberg.variants.Variant;
import org.apache.iceberg.variants.VariantMetadata;
import org.apache.iceberg.variants.VariantValue;
import org.apache.iceberg.variants.Variants;
import org.jspecify.annotations.Nullable;

/** Values of every type that Firn writes, also those at which engines like to differ. */
final class RandomValues {
  private static final int NULL_ONE_OF = 8;
  private static final long NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int MOST_BYTES = 20;
  private static final int MOST_ELEMENTS = 3;
  private static final int MOST_LEVELS = 4;
  private static final String[] TEXTS = {
    "", "a", "Zürich", "東京", "🦔", "\t", "\n", "\\n", "'", "\"", "|", " ", "\u0000", "${x}"
  };

  /** From before the Gregorian calendar, to where years have five digits. */
  private static final long FIRST_DAY = LocalDate.of(-4712, 1, 1).toEpochDay();

  private static final long END_DAY = LocalDate.of(12_000, 1, 1).toEpochDay();

  private final Random random;

  RandomValues(Random random) {
    this.random = random;
  }

  /** Any value, or none. */
  @Nullable Object any(Type type) {
    return random.nextInt(NULL_ONE_OF) == 0 ? null : some(type);
  }

  private Object some(Type type) {
    return switch (type.typeId()) {
      case BOOLEAN -> random.nextBoolean();
      case INTEGER -> random.nextInt();
      case LONG -> random.nextLong();
      case FLOAT -> Float.intBitsToFloat(random.nextInt());
      case DOUBLE -> Double.longBitsToDouble(random.nextLong());
      case STRING -> text();
      case DECIMAL -> decimal((Types.DecimalType) type);
      case DATE -> date();
      case TIME -> time();
      case TIMESTAMP -> timestamp((Types.TimestampType) type);
      case TIMESTAMP_NANO -> nanoseconds(random.nextLong());
      case UUID -> new UUID(random.nextLong(), random.nextLong());
      case BINARY -> bytes();
      case LIST -> list(type.asListType().elementType());
      case MAP -> map(type.asMapType().valueType());
      case STRUCT -> struct(type.asStructType());
      case VARIANT -> variant();
      default -> throw new IllegalArgumentException("no value of " + type);
    };
  }

  /** The value of a key column in the row of some number: all columns together differ by it. */
  static Object key(Type type, int number) {
    return switch (type.typeId()) {
      case INTEGER -> number;
      case LONG -> (long) number << 30;
      case STRING -> TEXTS[number % TEXTS.length];
      case DATE -> LocalDate.ofEpochDay(number / TEXTS.length);
      case UUID -> new UUID(number, ~number);
      default -> throw new IllegalArgumentException("no key of " + type);
    };
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(TEXTS.length); i > 0; i--) {
      text.append(TEXTS[random.nextInt(TEXTS.length)]);
    }
    return text.toString();
  }

  private BigDecimal decimal(Types.DecimalType type) {
    BigInteger end = BigInteger.TEN.pow(type.precision());
    BigInteger digits = new BigInteger(end.bitLength(), random).mod(end);
    return new BigDecimal(random.nextBoolean() ? digits : digits.negate(), type.scale());
  }

  private LocalDate date() {
    return LocalDate.ofEpochDay(random.nextLong(FIRST_DAY, END_DAY));
  }

  private LocalTime time() {
    return LocalTime.ofNanoOfDay(
        TimeUnit.MICROSECONDS.toNanos(random.nextLong(TimeUnit.DAYS.toMicros(1))));
  }

  private Object timestamp(Types.TimestampType type) {
    LocalDateTime local = date().atTime(time());
    return type.shouldAdjustToUTC() ? local.atOffset(ZoneOffset.UTC) : local;
  }

  private static LocalDateTime nanoseconds(long sinceEpoch) {
    return LocalDateTime.ofEpochSecond(
        Math.floorDiv(sinceEpoch, NANOS), (int) Math.floorMod(sinceEpoch, NANOS), ZoneOffset.UTC);
  }

  private List<@Nullable Object> list(Type element) {
    List<@Nullable Object> list = new ArrayList<>();
    for (int i = random.nextInt(MOST_ELEMENTS + 1); i > 0; i--) {
      list.add(any(element));
    }
    return list;
  }

  private Map<String, @Nullable Object> map(Type to) {
    Map<String, @Nullable Object> map = new TreeMap<>();
    for (int i = random.nextInt(MOST_ELEMENTS + 1); i > 0; i--) {
      map.put(text(), any(to));
    }
    return map;
  }

  private Record struct(Types.StructType type) {
    Record struct = GenericRecord.create(type);
    for (int i = 0; i < struct.size(); i++) {
      Types.NestedField field = type.fields().get(i);
      struct.set(i, field.isRequired() ? some(field.type()) : any(field.type()));
    }
    return struct;
  }

  /** In one piece, as a file has it. */
  private Variant variant() {
    VariantMetadata names = Variants.metadata(new TreeSet<>(List.of(TEXTS)));
    VariantValue value = document(names, MOST_LEVELS);
    ByteBuffer bytes = ByteBuffer.allocate(value.sizeInBytes()).order(ByteOrder.LITTLE_ENDIAN);
    value.writeTo(bytes, 0);
    return Variant.of(names, Variants.value(names, bytes));
  }

  private VariantValue document(VariantMetadata names, int levels) {
    return switch (random.nextInt(levels == 0 ? 8 : 10)) {
      case 0 -> Variants.ofNull();
      case 1 -> Variants.of(random.nextBoolean());
      case 2 -> Variants.of(text());
      case 3 -> Variants.of((byte) random.nextInt());
      case 4 -> Variants.of(random.nextInt());
      case 5 -> Variants.of(random.nextLong());
      case 6 -> Variants.of(PhysicalType.DECIMAL16, decimal(Types.DecimalType.of(38, 10)));
      case 7 -> Variants.of(random.nextBoolean() ? -0.0 : 1e300);
      case 8 -> {
        ValueArray array = Variants.array();
        for (int i = random.nextInt(MOST_ELEMENTS + 1); i > 0; i--) {
          array.add(document(names, levels - 1));
        }
        yield array;
      }
      default -> {
        ShreddedObject object = Variants.object(names);
        for (int i = random.nextInt(MOST_ELEMENTS + 1); i > 0; i--) {
          object.put(TEXTS[random.nextInt(TEXTS.length)], document(names, levels - 1));
        }
        yield object;
      }
    };
  }

  private ByteBuffer bytes() {
    byte[] bytes = new byte[random.nextInt(MOST_BYTES)];
    random.nextBytes(bytes);
    return ByteBuffer.wrap(bytes);
  }
}
