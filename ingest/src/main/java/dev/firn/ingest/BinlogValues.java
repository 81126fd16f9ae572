package dev.firn.ingest;

import io.debezium.data.Uuid;
import io.debezium.spi.converter.CustomConverter;
import io.debezium.spi.converter.RelationalColumn;
import io.debezium.time.Date;
import io.debezium.time.MicroTime;
import io.debezium.time.MicroTimestamp;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.Year;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.errors.DataException;
import org.jspecify.annotations.Nullable;

/**
 * Makes Debezium deliver the values of MariaDB and MySQL exactly where its own way loses something:
 * dates and times (zero dates become 1970 in columns that are not null), years (0000), bits (their
 * number), floats (their last digits), JSON and geometries (their SRID).
 */
public final class BinlogValues implements CustomConverter<SchemaBuilder, RelationalColumn> {
  /** The name under which it stands in {@code converters}. */
  static final String NAME = "firn_binlog_values";

  private static final int SINGLE_PRECISION = 24;
  private static final int SRID_BYTES = 4;
  private static final int UUID_BYTES = 16;
  private static final int EWKB_SRID = 0x20000000;

  /** The binary log counts years from here, and 0000 as none of them. */
  private static final int YEAR_ZERO = 1900;

  /** Types that are taken in the same way. */
  enum Kind {
    DATE,
    DATETIME,
    TIMESTAMP,
    TIME,
    YEAR,
    BIT,
    FLOAT,
    REAL,
    BOOLEAN,
    DECIMAL,
    JSON,
    GEOMETRY,
    UUID,
    OTHER;

    /**
     * @param type as Debezium writes it
     */
    static Kind of(String type) {
      String name = type.toUpperCase(Locale.ROOT).replaceFirst("[ (].*", "");
      return switch (name) {
        case "DATE" -> DATE;
        case "DATETIME" -> DATETIME;
        case "TIMESTAMP" -> TIMESTAMP;
        case "TIME" -> TIME;
        case "YEAR" -> YEAR;
        case "BIT" -> BIT;
        case "FLOAT" -> FLOAT;
        case "REAL" -> REAL;
        case "BOOLEAN", "BOOL" -> BOOLEAN;
        case "DECIMAL", "NUMERIC", "DEC", "FIXED" -> DECIMAL;
        case "JSON" -> JSON;
        case "UUID" -> UUID;
        case "GEOMETRY",
            "POINT",
            "LINESTRING",
            "POLYGON",
            "MULTIPOINT",
            "MULTILINESTRING",
            "MULTIPOLYGON",
            "GEOMETRYCOLLECTION",
            "GEOMCOLLECTION" ->
            GEOMETRY;
        default -> OTHER;
      };
    }
  }

  private ColumnForms forms = ColumnForms.NONE;

  @Override
  public void configure(Properties properties) {
    forms = ColumnForms.parse(properties);
  }

  @Override
  public void converterFor(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    Kind kind = Kind.of(column.typeName());
    if (forms.isText(column.dataCollection(), column.name()) && mayBeText(kind)) {
      registration.register(
          optional(PostgresText.schema(OtherTypes.Value.OTHER), column),
          value -> BinlogText.written(kind, column.length().orElse(0), value));
      return;
    }
    if (isVariant(column, kind)) {
      registration.register(optional(JsonVariant.schema(), column), BinlogValues::text);
      return;
    }
    switch (kind) {
      case DATE -> registration.register(optional(Date.builder(), column), BinlogValues::day);
      case DATETIME ->
          registration.register(
              optional(MicroTimestamp.builder(), column),
              value -> BinlogText.dateTime(value).map(BinlogValues::micros).orElse(null));
      case TIMESTAMP ->
          registration.register(
              optional(SchemaBuilder.int64().name(PostgresValues.INSTANT), column),
              value -> BinlogText.instant(value).map(BinlogValues::micros).orElse(null));
      case TIME ->
          registration.register(
              optional(MicroTime.builder(), column),
              value -> BinlogText.time(value).map(BinlogValues::micros).orElse(null));
      case YEAR ->
          registration.register(optional(SchemaBuilder.int32(), column), BinlogValues::year);
      case BIT -> bits(column, registration);
      case FLOAT -> floats(column, registration);
      // Statements may call a double so; Debezium would take it for a single.
      case REAL -> doubles(column, registration);
      case BOOLEAN ->
          registration.register(
              optional(SchemaBuilder.int16(), column),
              value -> number(value).map(BigInteger::shortValue).orElse(null));
      case JSON ->
          registration.register(optional(SchemaBuilder.string(), column), BinlogValues::text);
      case GEOMETRY -> geometry(column, registration);
      case UUID ->
          registration.register(
              optional(Uuid.builder(), column),
              value ->
                  bytes(value, UUID_BYTES).map(BinlogValues::uuid).orElseGet(() -> plain(value)));
      case DECIMAL, OTHER -> {
        // As Debezium has them.
      }
    }
  }

  private void geometry(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    if (forms.isGeometry(column.dataCollection(), column.name())) {
      registration.register(
          optional(GeometryColumn.schema(forms.system()), column),
          value -> ewkb(value).map(GeometryColumn::hex).orElse(null));
    } else {
      registration.register(
          optional(SchemaBuilder.bytes(), column), value -> ewkb(value).orElse(null));
    }
  }

  /** The type JSON is another name of LONGTEXT, by which MariaDB tells of such a column. */
  private boolean isVariant(RelationalColumn column, Kind kind) {
    boolean mayBe = kind == Kind.JSON || column.typeName().equalsIgnoreCase("LONGTEXT");
    return mayBe && forms.isVariant(column.dataCollection(), column.name());
  }

  private static boolean mayBeText(Kind kind) {
    return switch (kind) {
      case DATE, DATETIME, TIMESTAMP, TIME, DECIMAL -> true;
      case YEAR, BIT, FLOAT, REAL, BOOLEAN, JSON, GEOMETRY, UUID, OTHER -> false;
    };
  }

  /** A zero date has no date, also where there must be a value. */
  private static SchemaBuilder optional(SchemaBuilder schema, RelationalColumn column) {
    // Debezium does the same for columns that may be null, which must not be done twice.
    return column.isOptional() ? schema : schema.optional();
  }

  private static @Nullable Object day(@Nullable Object value) {
    return BinlogText.date(value).map(date -> Math.toIntExact(date.toEpochDay())).orElse(null);
  }

  private static long micros(LocalDateTime time) {
    return micros(time.toInstant(ZoneOffset.UTC));
  }

  private static long micros(Instant time) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, time);
  }

  private static long micros(Duration time) {
    return time.toNanos() / 1_000;
  }

  private static @Nullable Object year(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case Year year -> year.getValue() == YEAR_ZERO ? 0 : year.getValue();
      case Number year -> year.intValue();
      case String text -> Integer.parseInt(BinlogText.plain(text));
      default -> throw new DataException("a year of " + value.getClass());
    };
  }

  private static void bits(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    int length = column.length().orElse(1);
    if (length <= 1) {
      registration.register(
          optional(SchemaBuilder.bool(), column),
          value -> number(value).map(bits -> bits.signum() != 0).orElse(null));
    } else {
      registration.register(
          optional(SchemaBuilder.string(), column),
          value -> number(value).map(bits -> digits(bits, length)).orElse(null));
    }
  }

  private static Optional<BigInteger> number(@Nullable Object value) {
    return switch (value) {
      case null -> Optional.empty();
      case Boolean bit -> Optional.of(bit ? BigInteger.ONE : BigInteger.ZERO);
      case Number bits -> Optional.of(BigInteger.valueOf(bits.longValue()));
      case byte[] bytes -> Optional.of(new BigInteger(1, bytes));
      case BitSet bits -> {
        BigInteger number = BigInteger.ZERO;
        for (int i = bits.nextSetBit(0); i >= 0; i = bits.nextSetBit(i + 1)) {
          number = number.setBit(i);
        }
        yield Optional.of(number);
      }
      // The default of a column, which nobody reads.
      case String unused -> Optional.of(BigInteger.ZERO);
      default -> throw new DataException("bits of " + value.getClass());
    };
  }

  private static String digits(BigInteger bits, int length) {
    String digits = bits.toString(2);
    return "0".repeat(Math.max(0, length - digits.length())) + digits;
  }

  private static void floats(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    boolean isSingle = column.scale().isPresent() || column.length().orElse(0) <= SINGLE_PRECISION;
    if (isSingle) {
      registration.register(
          optional(SchemaBuilder.float32(), column),
          value -> decimal(value).map(Number::floatValue).orElse(null));
    } else {
      doubles(column, registration);
    }
  }

  private static void doubles(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    registration.register(
        optional(SchemaBuilder.float64(), column),
        value -> decimal(value).map(Number::doubleValue).orElse(null));
  }

  private static Optional<Number> decimal(@Nullable Object value) {
    return switch (value) {
      case null -> Optional.empty();
      case Number number -> Optional.of(number);
      case String text -> Optional.of(new BigDecimal(BinlogText.plain(text)));
      default -> throw new DataException("a number of " + value.getClass());
    };
  }

  /** The log leaves out zeros at the end. */
  private static Optional<byte[]> bytes(@Nullable Object value, int length) {
    return value instanceof byte[] bytes
        ? Optional.of(Arrays.copyOf(bytes, length))
        : Optional.empty();
  }

  private static Object uuid(byte[] bytes) {
    ByteBuffer halves = ByteBuffer.wrap(bytes);
    return new java.util.UUID(halves.getLong(), halves.getLong()).toString();
  }

  private static @Nullable Object plain(@Nullable Object value) {
    return value == null ? null : BinlogText.plain(value.toString());
  }

  private static @Nullable Object text(@Nullable Object value) {
    return value instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : value;
  }

  /**
   * MariaDB keeps the SRID and the WKB; the extended WKB of PostGIS has both, and is plain WKB
   * where there is no SRID.
   */
  private static Optional<ByteBuffer> ewkb(@Nullable Object value) {
    if (!(value instanceof byte[] kept)) {
      return Optional.empty();
    }
    ByteBuffer from = ByteBuffer.wrap(kept).order(ByteOrder.LITTLE_ENDIAN);
    int srid = from.getInt();
    if (srid == 0) {
      return Optional.of(ByteBuffer.wrap(kept, SRID_BYTES, kept.length - SRID_BYTES).slice());
    }
    byte order = from.get();
    from.order(order == 0 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    ByteBuffer to = ByteBuffer.allocate(kept.length).order(from.order());
    to.put(order).putInt(from.getInt() | EWKB_SRID).putInt(srid).put(from);
    return Optional.of(to.flip());
  }
}
