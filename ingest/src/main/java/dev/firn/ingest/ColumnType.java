package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import dev.firn.writer.Unavailable;
import dev.firn.writer.Widening;
import io.debezium.connector.postgresql.data.Ltree;
import io.debezium.data.Enum;
import io.debezium.data.EnumSet;
import io.debezium.data.Json;
import io.debezium.data.TsVector;
import io.debezium.data.Uuid;
import io.debezium.data.VariableScaleDecimal;
import io.debezium.data.Xml;
import io.debezium.time.Date;
import io.debezium.time.Interval;
import io.debezium.time.IsoDate;
import io.debezium.time.IsoTime;
import io.debezium.time.IsoTimestamp;
import io.debezium.time.MicroDuration;
import io.debezium.time.MicroTime;
import io.debezium.time.MicroTimestamp;
import io.debezium.time.NanoTime;
import io.debezium.time.NanoTimestamp;
import io.debezium.time.Time;
import io.debezium.time.Timestamp;
import io.debezium.time.ZonedTime;
import io.debezium.time.ZonedTimestamp;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;

/**
 * The Iceberg type that a Connect schema becomes, and how its values do: decided by the schema
 * alone, never by looking at a value.
 */
record ColumnType(Type type, Conversion conversion) {

  /** Turns a value of the Connect schema into the class that Iceberg's generic writer takes. */
  interface Conversion {
    Object convert(Object value);
  }

  private static final int MAX_PRECISION = 38;
  private static final int MONEY_PRECISION = 19;
  static final String PRECISION_PARAMETER = "connect.decimal.precision";

  /** PostgreSQL's dates start here (Julian day 0, in 4714 BC); what lies before is no date. */
  private static final long FIRST_DAY = -2_440_588;

  /** One past the last day of PostgreSQL's dates, in the year 5874897. */
  private static final long END_DAY = 2_145_031_949L;

  private static final long FIRST_MICROS = FIRST_DAY * TimeUnit.DAYS.toMicros(1);

  /** Debezium's stand-in for infinity; what lies after it is {@link PostgresValues#INFINITY}. */
  private static final long POSITIVE_INFINITY = 9_223_372_036_825_200_000L;

  /** What {@link PostgresSnapshotQuery} reads in the place of one. */
  private static final String INFINITE_INTERVAL =
      Interval.toIsoString(PostgresSnapshotQuery.INFINITE_YEARS, 0, 0, 0, 0, BigDecimal.ZERO);

  ColumnType {
    requireNonNull(type, "type is null");
    requireNonNull(conversion, "conversion is null");
  }

  /** Whether tables of format version 2 have no columns of a type. */
  static boolean needsFormat3(Type type) {
    return switch (type.typeId()) {
      case VARIANT, TIMESTAMP_NANO, GEOMETRY, GEOGRAPHY -> true;
      default -> false;
    };
  }

  /** Its conversion for a column of the lake whose type may be wider. */
  Conversion in(Type lake) {
    return lake.equals(type)
        ? conversion
        : value -> Widening.widen(conversion.convert(value), lake);
  }

  /** The same for texts of which one is the placeholder. */
  ColumnType unlessUnchanged(Placeholder placeholder) {
    return new ColumnType(
        type,
        text ->
            placeholder.inText(text) == Unavailable.VALUE
                ? Unavailable.VALUE
                : conversion.convert(text));
  }

  /**
   * @throws UnsupportedTypeException nothing of Iceberg holds its values exactly
   */
  static ColumnType of(Schema schema, Placeholder placeholder) {
    if (schema.name() == null) {
      return plain(schema, placeholder);
    }
    return switch (schema.name()) {
      case Date.SCHEMA_NAME -> new ColumnType(Types.DateType.get(), v -> date((Integer) v));
      case Time.SCHEMA_NAME ->
          new ColumnType(
              Types.TimeType.get(), v -> time(TimeUnit.MILLISECONDS.toMicros((Integer) v)));
      case MicroTime.SCHEMA_NAME -> new ColumnType(Types.TimeType.get(), v -> time((Long) v));
      // Iceberg has no time of nanoseconds.
      case NanoTime.SCHEMA_NAME -> text(v -> nanoTime((Long) v).toString());
      case Timestamp.SCHEMA_NAME ->
          new ColumnType(
              Types.TimestampType.withoutZone(),
              v -> timestamp(TimeUnit.MILLISECONDS.toMicros((Long) v)));
      case MicroTimestamp.SCHEMA_NAME ->
          new ColumnType(Types.TimestampType.withoutZone(), v -> timestamp((Long) v));
      case NanoTimestamp.SCHEMA_NAME ->
          new ColumnType(Types.TimestampNanoType.withoutZone(), v -> nanoTimestamp((Long) v));
      case ZonedTimestamp.SCHEMA_NAME ->
          new ColumnType(Types.TimestampType.withZone(), v -> zoned((String) v));
      case IsoDate.SCHEMA_NAME ->
          new ColumnType(Types.DateType.get(), v -> LocalDate.parse((String) v, IsoDate.FORMATTER));
      case IsoTime.SCHEMA_NAME -> new ColumnType(Types.TimeType.get(), v -> isoTime((String) v));
      case IsoTimestamp.SCHEMA_NAME ->
          new ColumnType(
              Types.TimestampType.withoutZone(), v -> zoned((String) v).toLocalDateTime());
      case PostgresValues.INSTANT ->
          new ColumnType(
              Types.TimestampType.withZone(), v -> timestamp((Long) v).atOffset(ZoneOffset.UTC));
      case Decimal.LOGICAL_NAME -> decimal(schema);
      case VariableScaleDecimal.LOGICAL_NAME -> text(v -> variableScale((Struct) v));
      case Uuid.LOGICAL_NAME ->
          new ColumnType(Types.UUIDType.get(), v -> UUID.fromString((String) v));
      case MicroDuration.SCHEMA_NAME ->
          new ColumnType(Types.LongType.get(), v -> finite(v, Long.MAX_VALUE));
      case Interval.SCHEMA_NAME -> text(v -> finite(v, INFINITE_INTERVAL));
      case Enum.LOGICAL_NAME, EnumSet.LOGICAL_NAME, ZonedTime.SCHEMA_NAME -> text(v -> v);
      case PostgresArray.SCHEMA_NAME -> PostgresArray.type(schema, placeholder);
      case Json.LOGICAL_NAME, Xml.LOGICAL_NAME, Ltree.LOGICAL_NAME, TsVector.LOGICAL_NAME ->
          text(placeholder::inText);
      case JsonVariant.SCHEMA_NAME ->
          new ColumnType(Types.VariantType.get(), text -> JsonVariant.of((String) text))
              .unlessUnchanged(placeholder);
      case GeometryColumn.SCHEMA_NAME -> GeometryColumn.type(schema).unlessUnchanged(placeholder);
      case PostgresValues.TEXT -> PostgresText.type(schema).unlessUnchanged(placeholder);
      default -> throw new UnsupportedTypeException(schema.name());
    };
  }

  /**
   * The same of a column that becomes text where its values may be such as no type of the lake
   * holds: dates, times and numbers. They are as Debezium writes them, without the zone where the
   * source has none.
   *
   * @throws UnsupportedTypeException nothing of Iceberg holds its values exactly
   */
  static ColumnType asText(Schema schema, Placeholder placeholder) {
    return switch (String.valueOf(schema.name())) {
      case ZonedTimestamp.SCHEMA_NAME -> text(v -> v);
      case IsoDate.SCHEMA_NAME, IsoTime.SCHEMA_NAME, IsoTimestamp.SCHEMA_NAME ->
          text(v -> withoutZone((String) v));
      case Decimal.LOGICAL_NAME -> text(v -> ((BigDecimal) v).toPlainString());
      default -> of(schema, placeholder);
    };
  }

  private static String withoutZone(String iso) {
    return iso.endsWith("Z") ? iso.substring(0, iso.length() - 1) : iso;
  }

  private static OffsetDateTime zoned(String text) {
    OffsetDateTime time = IsoTimestamps.parse(text);
    requireMicros(time.getNano());
    return time;
  }

  private static LocalTime isoTime(String text) {
    LocalTime time = LocalTime.parse(text, IsoTime.FORMATTER);
    requireMicros(time.toNanoOfDay());
    return time;
  }

  /** The writer would leave out what is less. */
  private static void requireMicros(long nanos) {
    if (nanos % 1_000 != 0) {
      throw new UnsupportedValueException("a time with more than six digits of its second");
    }
  }

  private static ColumnType plain(Schema schema, Placeholder placeholder) {
    return switch (schema.type()) {
      case INT8, INT16 -> new ColumnType(Types.IntegerType.get(), v -> ((Number) v).intValue());
      case INT32 -> new ColumnType(Types.IntegerType.get(), v -> v);
      case INT64 -> new ColumnType(Types.LongType.get(), v -> v);
      case FLOAT32 -> new ColumnType(Types.FloatType.get(), v -> v);
      case FLOAT64 -> new ColumnType(Types.DoubleType.get(), v -> v);
      case BOOLEAN -> new ColumnType(Types.BooleanType.get(), v -> v);
      case STRING -> text(placeholder::inText);
      case BYTES -> new ColumnType(Types.BinaryType.get(), placeholder::inBytes);
      case ARRAY, MAP, STRUCT -> throw new UnsupportedTypeException(schema.type().getName());
    };
  }

  private static ColumnType text(Conversion conversion) {
    return new ColumnType(Types.StringType.get(), conversion);
  }

  private static ColumnType decimal(Schema schema) {
    int scale = Integer.parseInt(schema.parameters().get(Decimal.SCALE_FIELD));
    String given = schema.parameters().get(PRECISION_PARAMETER);
    // Debezium names no precision for money, whose values are 64-bit counts of the smallest unit.
    int precision = given == null ? MONEY_PRECISION : Integer.parseInt(given);
    if (precision > MAX_PRECISION || scale < 0 || scale > precision) {
      return text(v -> ((BigDecimal) v).toPlainString());
    }
    return new ColumnType(
        Types.DecimalType.of(precision, scale),
        v -> fitting(((BigDecimal) v).setScale(scale), precision));
  }

  private static BigDecimal fitting(BigDecimal number, int precision) {
    if (number.precision() > precision) {
      throw new UnsupportedValueException("a number that is none (NaN)");
    }
    return number;
  }

  private static Object finite(Object interval, Object infinite) {
    if (interval.equals(infinite)) {
      throw new UnsupportedValueException("an infinite interval");
    }
    return interval;
  }

  private static String variableScale(Struct value) {
    return VariableScaleDecimal.toLogical(value).getDecimalValue().orElseThrow().toPlainString();
  }

  private static LocalDate date(int day) {
    if (day < FIRST_DAY || day >= END_DAY) {
      throw new UnsupportedValueException("an infinite date");
    }
    return LocalDate.ofEpochDay(day);
  }

  private static LocalTime time(long micros) {
    return nanoTime(TimeUnit.MICROSECONDS.toNanos(micros));
  }

  private static LocalTime nanoTime(long nanos) {
    if (nanos < 0 || nanos > TimeUnit.DAYS.toNanos(1)) {
      throw new UnsupportedValueException("a time that is none of a day");
    }
    if (nanos == TimeUnit.DAYS.toNanos(1)) {
      throw new UnsupportedValueException("the time 24:00");
    }
    return LocalTime.ofNanoOfDay(nanos);
  }

  /** A timestamp, where microseconds since 1970 reach it. */
  static LocalDateTime inRange(LocalDateTime time) {
    long seconds = time.toEpochSecond(ZoneOffset.UTC);
    if (seconds < FIRST_MICROS / 1_000_000L || seconds >= POSITIVE_INFINITY / 1_000_000L) {
      throw outOfRange();
    }
    return time;
  }

  private static UnsupportedValueException outOfRange() {
    return new UnsupportedValueException("an infinite or a too late timestamp");
  }

  /** Every number of nanoseconds is one: from 1677-09-21 to 2262-04-11. */
  private static LocalDateTime nanoTimestamp(long nanos) {
    return LocalDateTime.ofEpochSecond(
        Math.floorDiv(nanos, 1_000_000_000L),
        (int) Math.floorMod(nanos, 1_000_000_000L),
        ZoneOffset.UTC);
  }

  private static LocalDateTime timestamp(long micros) {
    if (micros < FIRST_MICROS || micros >= POSITIVE_INFINITY) {
      throw outOfRange();
    }
    long seconds = Math.floorDiv(micros, 1_000_000L);
    int nanos = (int) Math.floorMod(micros, 1_000_000L) * 1_000;
    return LocalDateTime.ofEpochSecond(seconds, nanos, ZoneOffset.UTC);
  }

  /**
   * What Debezium puts in the place of a value that PostgreSQL did not send, because it is stored
   * out of line and had not changed.
   */
  record Placeholder(String text, ByteBuffer bytes) {
    static Placeholder of(String text) {
      return new Placeholder(
          text, ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }

    Object inText(Object value) {
      return value.equals(text) ? Unavailable.VALUE : value;
    }

    Object inBytes(Object value) {
      ByteBuffer found =
          value instanceof byte[] array ? ByteBuffer.wrap(array) : (ByteBuffer) value;
      return found.equals(bytes) ? Unavailable.VALUE : found;
    }
  }

  /** A type of the source that has no exact counterpart; the caller names table and column. */
  static final class UnsupportedTypeException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnsupportedTypeException(String type) {
      super(type);
    }
  }

  /** A value that its column's type in the lake cannot hold; the caller names table and column. */
  static final class UnsupportedValueException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnsupportedValueException(String what) {
      super(what);
    }
  }
}
