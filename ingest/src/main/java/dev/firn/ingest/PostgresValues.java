package dev.firn.ingest;

import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PgOid;
import io.debezium.connector.postgresql.PostgresValueConverter;
import io.debezium.connector.postgresql.UnchangedToastedReplicationMessageColumn;
import io.debezium.data.SpecialValueDecimal;
import io.debezium.spi.converter.CustomConverter;
import io.debezium.spi.converter.RelationalColumn;
import io.debezium.time.Date;
import io.debezium.time.MicroTimestamp;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Calendar;
import java.util.GregorianCalendar;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TimeZone;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.errors.DataException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.util.HStoreConverter;
import org.postgresql.util.PGobject;

/**
 * Makes Debezium deliver values exactly where its own way loses something: bit strings (their
 * length), numbers without a fixed scale (their scale, NaN, infinity), timestamps (the calendar
 * before 1582 in an initial snapshot), money (large amounts), arrays, geometric values, and the
 * types that it does not know.
 */
public final class PostgresValues implements CustomConverter<SchemaBuilder, RelationalColumn> {
  /** The name under which it stands in {@code converters}. */
  static final String NAME = "firn_values";

  /** A string as PostgreSQL writes the value. */
  static final String TEXT = "dev.firn.Text";

  /** Microseconds since 1970, UTC. */
  static final String INSTANT = "dev.firn.Instant";

  /** Stands for infinity, and for what lies beyond the range of microseconds. */
  static final long INFINITY = Long.MAX_VALUE;

  /** Property of the converter: Debezium's {@code unavailable.value.placeholder}. */
  static final String PLACEHOLDER = "unavailable.value.placeholder";

  /** What its properties begin with that are the connector's. */
  private static final String SOURCE = "source.";

  private static final int MAX_PRECISION = 38;
  private static final int MONEY_SCALE = 2;
  private static final int MONEY_PRECISION = 19;

  /** Amounts from here on are not exact as the driver's double. */
  private static final double MAX_EXACT_MONEY = (1L << 53) / 100.0;

  private static final int INFINITE_DAY = Integer.MAX_VALUE;
  private static final TimeZone UTC = TimeZone.getTimeZone(ZoneOffset.UTC);

  /** A day later than the change of the calendar, in any zone. */
  private static final long GREGORIAN_SINCE =
      LocalDate.of(1582, 10, 16).atStartOfDay().toInstant(ZoneOffset.UTC).toEpochMilli();

  /** Types of which Debezium knows nothing, by the OIDs that PostgreSQL fixes. */
  private static final Set<Integer> UNKNOWN_SCALARS =
      Set.of(
          24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191, // reg*
          27, 28, 29, 5069, // tid, xid, cid, xid8
          2970, 5038, // txid_snapshot, pg_snapshot
          3220, // pg_lsn
          3615, // tsquery
          4072, // jsonpath
          4451, 4532, 4533, 4534, 4535, 4536, // multiranges
          600, 601, 602, 603, 604, 628, 718, // geometric types
          1033, // aclitem
          1790); // refcursor

  /** Types whose values the driver reads, and writes with numbers as Java has them. */
  private static final Set<String> GEOMETRIC =
      Set.of("point", "line", "lseg", "box", "path", "polygon", "circle");

  private String placeholder = "";
  private OtherTypes others = others(Map.of());

  /** The connector's configuration, and in it how the converter reaches the source. */
  static Configuration reaching(Configuration connector) {
    String own = NAME + ".";
    Map<String, String> all = new HashMap<>(connector.asMap());
    connector
        .asMap()
        .forEach((key, value) -> {
          if (!key.startsWith(own)) {
            all.put(own + SOURCE + key, value);
          }
        });
    return Configuration.from(all);
  }

  @Override
  public void configure(Properties properties) {
    placeholder = properties.getProperty(PLACEHOLDER, "");
    others =
        others(
            properties.stringPropertyNames().stream()
                .filter(key -> key.startsWith(SOURCE))
                .collect(
                    Collectors.toMap(
                        key -> key.substring(SOURCE.length()), properties::getProperty)));
  }

  private static OtherTypes others(Map<String, String> source) {
    return new OtherTypes(() -> new PostgresSource(source).connectBriefly());
  }

  @Override
  public void converterFor(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    switch (column.nativeType()) {
      case PgOid.DATE ->
          registration.register(Date.builder(), required(column, 0, PostgresValues::day));
      case PgOid.TIMESTAMP ->
          registration.register(
              MicroTimestamp.builder(),
              required(column, 0L, value -> micros(value, TimeZone.getDefault())));
      case PgOid.TIMESTAMPTZ ->
          registration.register(
              SchemaBuilder.int64().name(INSTANT),
              required(column, 0L, value -> micros(value, UTC)));
      case PgOid.MONEY ->
          registration.register(
              Decimal.builder(MONEY_SCALE)
                  .parameter(ColumnType.PRECISION_PARAMETER, Integer.toString(MONEY_PRECISION)),
              required(column, BigDecimal.ZERO.setScale(MONEY_SCALE), PostgresValues::money));
      default -> {
        if (column.jdbcType() == Types.ARRAY) {
          registration.register(
              PostgresArray.schema(column, others),
              value -> value == null && !column.isOptional() ? "{}" : text(value));
        } else if (isText(column)) {
          registration.register(text(column.nativeType()), value -> text(column, value));
        } else if (isOther(column)) {
          others
              .of(column.nativeType())
              .ifPresent(type ->
                  registration.register(
                      PostgresText.schema(type.name()), value -> text(column, value)));
        }
      }
    }
  }

  private static SchemaBuilder text(int type) {
    return PostgresText.schema(type == PgOid.POINT ? "point" : OtherTypes.Value.OTHER);
  }

  private @Nullable Object text(RelationalColumn column, @Nullable Object value) {
    return value == null && !column.isOptional() ? "" : text(value);
  }

  /** Whether it is of a type that is not PostgreSQL's own and that the driver does not know. */
  private static boolean isOther(RelationalColumn column) {
    return !OtherTypes.isOwn(column.nativeType())
        && (column.jdbcType() == Types.OTHER || column.jdbcType() == Types.STRUCT);
  }

  /**
   * Gives a value of the type where there is none to convert, and nobody reads it: in the image
   * before a delete, which has the key only, and for a column's default, which comes as the text of
   * its expression.
   */
  private static Converter required(RelationalColumn column, Object unread, Converter converter) {
    return value ->
        value instanceof String || (value == null && !column.isOptional())
            ? unread
            : converter.convert(value);
  }

  private static boolean isText(RelationalColumn column) {
    int length = column.length().orElse(0);
    return switch (column.nativeType()) {
      case PgOid.BIT -> length != 1;
      case PgOid.VARBIT -> true;
      case PgOid.NUMERIC -> !isFixed(length, column.scale().orElse(0));
      default -> UNKNOWN_SCALARS.contains(column.nativeType());
    };
  }

  static boolean isFixed(int precision, int scale) {
    return precision > 0 && precision <= MAX_PRECISION && scale >= 0 && scale <= precision;
  }

  private @Nullable Object text(@Nullable Object value) {
    if (UnchangedToastedReplicationMessageColumn.isUnchangedToastedValue(value)) {
      return placeholder;
    }
    return switch (value) {
      case null -> null;
      case SpecialValueDecimal number -> number(number);
      case byte[] bytes -> new String(bytes, StandardCharsets.UTF_8);
      case PGobject object when GEOMETRIC.contains(object.getType()) ->
          PostgresText.geometric(String.valueOf(object.getValue()));
      case PGobject object -> object.getValue();
      case Map<?, ?> hstore -> HStoreConverter.toString(hstore);
      default -> value.toString();
    };
  }

  private static String number(SpecialValueDecimal number) {
    if (number.getDecimalValue().isPresent()) {
      return number.getDecimalValue().orElseThrow().toPlainString();
    }
    return number.equals(SpecialValueDecimal.NOT_A_NUMBER)
        ? "NaN"
        : number.equals(SpecialValueDecimal.POSITIVE_INF) ? "Infinity" : "-Infinity";
  }

  /** Streamed amounts are exact; those that the initial snapshot reads come as doubles. */
  private static @Nullable Object money(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case BigDecimal amount -> amount.setScale(MONEY_SCALE, RoundingMode.UNNECESSARY);
      case Double amount when Math.abs(amount) < MAX_EXACT_MONEY ->
          BigDecimal.valueOf(amount).setScale(MONEY_SCALE, RoundingMode.HALF_EVEN);
      default ->
          throw new DataException(
              "an amount of money that the database's driver does not read exactly");
    };
  }

  private static @Nullable Object day(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case LocalDate date -> isInfinite(date) ? INFINITE_DAY : Math.toIntExact(date.toEpochDay());
      case LocalDateTime time -> Math.toIntExact(time.toLocalDate().toEpochDay());
      case java.sql.Date date ->
          isInfinite(date.getTime())
              ? INFINITE_DAY
              : Math.toIntExact(
                  local(date.getTime(), TimeZone.getDefault()).toLocalDate().toEpochDay());
      default -> throw new DataException("a date of " + value.getClass());
    };
  }

  /**
   * @param zone in which the driver has made a timestamp's fields an instant
   */
  private static @Nullable Object micros(@Nullable Object value, TimeZone zone) {
    return switch (value) {
      case null -> null;
      case Instant instant -> isInfinite(instant) ? INFINITY : microsOf(instant);
      case OffsetDateTime time -> isInfinite(time) ? INFINITY : microsOf(time.toInstant());
      case ZonedDateTime time -> microsOf(time.toInstant());
      case LocalDateTime time -> microsOf(time.toInstant(ZoneOffset.UTC));
      case Timestamp timestamp ->
          isInfinite(timestamp.getTime()) ? INFINITY : micros(timestamp, zone);
      default -> throw new DataException("a timestamp of " + value.getClass());
    };
  }

  private static long micros(Timestamp timestamp, TimeZone zone) {
    return microsOf(
        local(timestamp.getTime(), zone).withNano(timestamp.getNanos()).toInstant(ZoneOffset.UTC));
  }

  private static boolean isInfinite(LocalDate date) {
    return date.equals(PostgresValueConverter.POSITIVE_INFINITY_LOCAL_DATE)
        || date.equals(PostgresValueConverter.NEGATIVE_INFINITY_LOCAL_DATE);
  }

  private static boolean isInfinite(Instant instant) {
    return instant.equals(PostgresValueConverter.POSITIVE_INFINITY_INSTANT)
        || instant.equals(PostgresValueConverter.NEGATIVE_INFINITY_INSTANT);
  }

  private static boolean isInfinite(OffsetDateTime time) {
    return time.equals(PostgresValueConverter.POSITIVE_INFINITY_OFFSET_DATE_TIME)
        || time.equals(PostgresValueConverter.NEGATIVE_INFINITY_OFFSET_DATE_TIME);
  }

  private static boolean isInfinite(long driverMillis) {
    return driverMillis == PGStatement.DATE_POSITIVE_INFINITY
        || driverMillis == PGStatement.DATE_NEGATIVE_INFINITY;
  }

  /**
   * The fields that the driver has made an instant of: by Java's old calendar, which is Julian
   * before October 1582, and in the years before Christ counts backwards.
   */
  private static LocalDateTime local(long millis, TimeZone zone) {
    if (millis >= GREGORIAN_SINCE) {
      return LocalDateTime.ofInstant(Instant.ofEpochMilli(millis), zone.toZoneId());
    }
    GregorianCalendar calendar = new GregorianCalendar(zone);
    calendar.setTimeInMillis(millis);
    int year = calendar.get(Calendar.YEAR);
    return LocalDateTime.of(
        calendar.get(Calendar.ERA) == GregorianCalendar.AD ? year : 1 - year,
        calendar.get(Calendar.MONTH) + 1,
        calendar.get(Calendar.DAY_OF_MONTH),
        calendar.get(Calendar.HOUR_OF_DAY),
        calendar.get(Calendar.MINUTE),
        calendar.get(Calendar.SECOND));
  }

  private static long microsOf(Instant instant) {
    try {
      return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
    } catch (ArithmeticException e) {
      return INFINITY;
    }
  }
}
