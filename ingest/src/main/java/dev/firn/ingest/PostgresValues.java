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
import java.util.Arrays;
import java.util.Calendar;
import java.util.Comparator;
import java.util.GregorianCalendar;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TimeZone;
import java.util.TreeMap;
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

  /** Stands for NaN, which PostgreSQL takes in any numeric; it has too many digits for each. */
  private static final BigDecimal NO_NUMBER = BigDecimal.TEN.pow(MAX_PRECISION + 1);

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

  /** Keys by their length in bytes, then by their bytes: see {@code comparePairs} of hstore. */
  private static final Comparator<String> HSTORE_ORDER =
      Comparator.comparing(
          (String key) -> key.getBytes(StandardCharsets.UTF_8),
          Comparator.<byte[]>comparingInt(key -> key.length)
              .thenComparing(Arrays::compareUnsigned));

  /** Types whose values the driver reads, and writes with numbers as Java has them. */
  private static final Set<String> GEOMETRIC =
      Set.of("point", "line", "lseg", "box", "path", "polygon", "circle");

  private String placeholder = "";
  private ColumnForms forms = ColumnForms.NONE;
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
    forms = ColumnForms.parse(properties);
    others =
        others(
            properties.stringPropertyNames().stream()
                .filter(key -> key.startsWith(SOURCE))
                .collect(
                    Collectors.toMap(
                        key -> key.substring(SOURCE.length()), properties::getProperty)));
  }

  private static OtherTypes others(Map<String, String> source) {
    return new OtherTypes(() -> new PostgresSource(source, ColumnRules.NONE).connectBriefly());
  }

  @Override
  public void converterFor(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    if (isWantedAsText(column)) {
      registration.register(
          PostgresText.schema(OtherTypes.Value.OTHER), value -> written(column, value));
      return;
    }
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
      case PgOid.JSON, PgOid.JSONB_OID -> {
        if (forms.isVariant(column.dataCollection(), column.name())) {
          registration.register(JsonVariant.schema(), value -> text(column, value));
        }
      }
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
          registration.register(textSchema(column.nativeType()), value -> text(column, value));
        } else if (column.nativeType() == PgOid.NUMERIC) {
          registerFixed(column, registration);
        } else if (isOther(column)) {
          others
              .of(column.nativeType())
              .ifPresent(type ->
                  registration.register(otherSchema(column, type), value -> text(column, value)));
        }
      }
    }
  }

  private static void registerFixed(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    int scale = column.scale().orElse(0);
    registration.register(
        Decimal.builder(scale)
            .parameter(
                ColumnType.PRECISION_PARAMETER, Integer.toString(column.length().orElseThrow())),
        required(column, BigDecimal.ZERO.setScale(scale), value -> fixed(value, scale)));
  }

  private SchemaBuilder otherSchema(RelationalColumn column, OtherTypes.Value type) {
    return type.name().equals(PostgresText.GEOMETRY)
            && forms.isGeometry(column.dataCollection(), column.name())
        ? GeometryColumn.schema(forms.system())
        : PostgresText.schema(type.name());
  }

  private static SchemaBuilder textSchema(int type) {
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
   * Whether it is named, and of a type that has values which no type of the lake holds, or that is
   * more than a single value there.
   */
  private boolean isWantedAsText(RelationalColumn column) {
    boolean isPossible =
        switch (column.nativeType()) {
          case PgOid.DATE,
              PgOid.TIME,
              PgOid.TIMESTAMP,
              PgOid.TIMESTAMPTZ,
              PgOid.NUMERIC,
              PgOid.POINT ->
              true;
          default -> column.jdbcType() == Types.ARRAY || isOther(column);
        };
    return isPossible && forms.isText(column.dataCollection(), column.name());
  }

  /** As PostgreSQL writes it. */
  private @Nullable Object written(RelationalColumn column, @Nullable Object value) {
    if (value == null || isDefault(value)) {
      return text(column, value);
    }
    return switch (column.nativeType()) {
      case PgOid.DATE, PgOid.TIMESTAMP, PgOid.TIMESTAMPTZ -> writtenTime(column, value);
      default -> text(value);
    };
  }

  private static String writtenTime(RelationalColumn column, Object value) {
    if (value instanceof String text) {
      return read(text);
    }
    return switch (column.nativeType()) {
      case PgOid.DATE -> PostgresText.written(date(value));
      case PgOid.TIMESTAMP -> PostgresText.written(dateTime(value, TimeZone.getDefault()));
      default -> PostgresText.writtenInUtc(dateTime(value, UTC));
    };
  }

  /**
   * Gives a value of the type where there is none to convert, and nobody reads it: in the image
   * before a delete, which has the key only, and for a column's default, which comes as the text of
   * its expression, or as the number that Debezium has made of it.
   */
  private static Converter required(RelationalColumn column, Object unread, Converter converter) {
    return value ->
        isDefault(value) || (value == null && !column.isOptional())
            ? unread
            : converter.convert(value);
  }

  private static boolean isDefault(@Nullable Object value) {
    return value instanceof Integer
        || value instanceof Long
        || (value instanceof String text && !text.startsWith(PostgresSnapshotQuery.READ));
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
      case BigDecimal number -> number.toPlainString();
      case byte[] bytes -> new String(bytes, StandardCharsets.UTF_8);
      case PGobject object when GEOMETRIC.contains(object.getType()) ->
          PostgresText.geometric(String.valueOf(object.getValue()));
      case PGobject object -> object.getValue();
      case Map<?, ?> hstore -> HStoreConverter.toString(inOrder(hstore));
      default -> value.toString();
    };
  }

  /** As PostgreSQL keeps an hstore, which the driver does not. */
  private static Map<String, Object> inOrder(Map<?, ?> hstore) {
    Map<String, Object> entries = new TreeMap<>(HSTORE_ORDER);
    hstore.forEach((key, value) -> entries.put(String.valueOf(key), value));
    return entries;
  }

  private static String number(SpecialValueDecimal number) {
    if (number.getDecimalValue().isPresent()) {
      return number.getDecimalValue().orElseThrow().toPlainString();
    }
    return number.equals(SpecialValueDecimal.NOT_A_NUMBER)
        ? "NaN"
        : number.equals(SpecialValueDecimal.POSITIVE_INF) ? "Infinity" : "-Infinity";
  }

  /** What {@link PostgresSnapshotQuery} reads as text. */
  private static String read(String text) {
    return text.substring(PostgresSnapshotQuery.READ.length());
  }

  /** Of a column with a scale, which only a default may exceed: PostgreSQL rounds it so. */
  private static @Nullable Object fixed(@Nullable Object value, int scale) {
    return switch (value) {
      case null -> null;
      case SpecialValueDecimal number ->
          number.getDecimalValue().orElse(NO_NUMBER).setScale(scale, RoundingMode.HALF_UP);
      case BigDecimal number -> number.setScale(scale, RoundingMode.HALF_UP);
      default -> throw new DataException("a number of " + value.getClass());
    };
  }

  /** Amounts that a query of somebody's own reads come as doubles. */
  private static @Nullable Object money(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case SpecialValueDecimal amount -> money(amount.getDecimalValue().orElseThrow());
      case BigDecimal amount -> amount.setScale(MONEY_SCALE, RoundingMode.UNNECESSARY);
      case Double amount when Math.abs(amount) < MAX_EXACT_MONEY ->
          BigDecimal.valueOf(amount).setScale(MONEY_SCALE, RoundingMode.HALF_EVEN);
      default ->
          throw new DataException(
              "an amount of money that the database's driver does not read exactly");
    };
  }

  private static @Nullable Object day(@Nullable Object value) {
    if (value == null) {
      return null;
    }
    LocalDate date = date(value);
    return date.equals(LocalDate.MAX) || date.equals(LocalDate.MIN)
        ? INFINITE_DAY
        : Math.toIntExact(date.toEpochDay());
  }

  /** Infinite ones are the last and the first that Java knows. */
  private static LocalDate date(Object value) {
    return switch (value) {
      case String text -> PostgresText.dateTime(read(text)).toLocalDate();
      case LocalDate date when date.equals(PostgresValueConverter.POSITIVE_INFINITY_LOCAL_DATE) ->
          LocalDate.MAX;
      case LocalDate date when date.equals(PostgresValueConverter.NEGATIVE_INFINITY_LOCAL_DATE) ->
          LocalDate.MIN;
      case LocalDate date -> date;
      case LocalDateTime time -> time.toLocalDate();
      case java.sql.Date date when date.getTime() == PGStatement.DATE_POSITIVE_INFINITY ->
          LocalDate.MAX;
      case java.sql.Date date when date.getTime() == PGStatement.DATE_NEGATIVE_INFINITY ->
          LocalDate.MIN;
      case java.sql.Date date -> local(date.getTime(), TimeZone.getDefault()).toLocalDate();
      default -> throw new DataException("a date of " + value.getClass());
    };
  }

  /**
   * @param zone in which the driver has made a timestamp's fields an instant
   */
  private static @Nullable Object micros(@Nullable Object value, TimeZone zone) {
    if (value == null) {
      return null;
    }
    LocalDateTime time = dateTime(value, zone);
    return time.equals(LocalDateTime.MAX) || time.equals(LocalDateTime.MIN)
        ? INFINITY
        : microsOf(time.toInstant(ZoneOffset.UTC));
  }

  /** In UTC, where it has a zone. Infinite ones are the last and the first that Java knows. */
  private static LocalDateTime dateTime(Object value, TimeZone zone) {
    return switch (value) {
      case String text -> PostgresText.dateTime(read(text));
      case Instant time when time.equals(PostgresValueConverter.POSITIVE_INFINITY_INSTANT) ->
          LocalDateTime.MAX;
      case Instant time when time.equals(PostgresValueConverter.NEGATIVE_INFINITY_INSTANT) ->
          LocalDateTime.MIN;
      case Instant time -> LocalDateTime.ofInstant(time, ZoneOffset.UTC);
      case OffsetDateTime time
          when time.equals(PostgresValueConverter.POSITIVE_INFINITY_OFFSET_DATE_TIME) ->
          LocalDateTime.MAX;
      case OffsetDateTime time
          when time.equals(PostgresValueConverter.NEGATIVE_INFINITY_OFFSET_DATE_TIME) ->
          LocalDateTime.MIN;
      case OffsetDateTime time -> LocalDateTime.ofInstant(time.toInstant(), ZoneOffset.UTC);
      case ZonedDateTime time -> LocalDateTime.ofInstant(time.toInstant(), ZoneOffset.UTC);
      case LocalDateTime time -> time;
      case Timestamp time when time.getTime() == PGStatement.DATE_POSITIVE_INFINITY ->
          LocalDateTime.MAX;
      case Timestamp time when time.getTime() == PGStatement.DATE_NEGATIVE_INFINITY ->
          LocalDateTime.MIN;
      case Timestamp time -> local(time.getTime(), zone).withNano(time.getNanos());
      default -> throw new DataException("a timestamp of " + value.getClass());
    };
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
