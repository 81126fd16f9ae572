package dev.firn.ingest;

import dev.firn.ingest.ColumnType.Conversion;
import dev.firn.ingest.ColumnType.UnsupportedValueException;
import dev.firn.ingest.OtherTypes.Value;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Types;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.HStoreConverter;

/** Values of PostgreSQL's types, from the text that it writes for them in the ISO date style. */
final class PostgresText {
  private static final Pattern DATE_TIME =
      Pattern.compile(
          "(?<year>\\d{4,9})-(?<month>\\d\\d)-(?<day>\\d\\d)(?: (?<time>[\\d:.]{8,15}))?(?<zone>[+-][\\d:]{2,8})?(?<bc> BC)?");

  private static final String HEXADECIMAL = "\\x";
  private static final int OCTAL_DIGITS = 3;
  private static final String END_OF_DAY = "24:00:00";
  private static final String BEFORE_CHRIST = " BC";
  private static final String UTC = "+00";

  /** Lengths of {@code 2026-03-01}, of that with a time, and of that with microseconds. */
  private static final int DATE_LENGTH = 10;

  private static final int TIME_LENGTH = 19;
  private static final int MOST_LENGTH = 26;
  private static final int NANO_DIGITS = 9;
  private static final String INFINITY = "infinity";
  private static final String MINUS_INFINITY = "-infinity";

  /** Without a fraction where that is 0. */
  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder()
          .appendPattern("HH:mm:ss")
          .appendFraction(ChronoField.MICRO_OF_SECOND, 0, 6, true)
          .toFormatter(Locale.ROOT);

  /** The type of PostGIS, by its name. */
  static final String GEOMETRY = "geometry";

  /** The parameter of a schema that names the type. */
  private static final String TYPE = "type";

  /** Its ids, and those of the types below, are within the type; a table gives them its own. */
  private static final Types.StructType POINT =
      Types.StructType.of(
          Types.NestedField.required(1, "x", Types.DoubleType.get()),
          Types.NestedField.required(2, "y", Types.DoubleType.get()));

  private static final Types.MapType HSTORE =
      Types.MapType.ofOptional(1, 2, Types.StringType.get(), Types.StringType.get());
  private static final Types.ListType VECTOR = Types.ListType.ofRequired(1, Types.FloatType.get());

  /** A number in the text of a geometric value, as Java writes it. */
  private static final Pattern NUMBER =
      Pattern.compile("-?(?:Infinity|\\d[\\d.]*(?:E-?\\d+)?)|NaN");

  /** PostgreSQL writes numbers from here on with an exponent, and those below the least one. */
  private static final int MAX_PLAIN_EXPONENT = 14;

  private static final int MIN_PLAIN_EXPONENT = -4;

  private static final ColumnType TEXT = new ColumnType(Types.StringType.get(), value -> value);
  private static final Map<String, ColumnType> TYPES =
      Map.ofEntries(
          Map.entry("int2", of(Types.IntegerType.get(), Integer::valueOf)),
          Map.entry("int4", of(Types.IntegerType.get(), Integer::valueOf)),
          Map.entry("int8", of(Types.LongType.get(), Long::valueOf)),
          Map.entry("oid", of(Types.LongType.get(), Long::valueOf)),
          Map.entry("float4", of(Types.FloatType.get(), Float::valueOf)),
          Map.entry("float8", of(Types.DoubleType.get(), Double::valueOf)),
          Map.entry("bool", of(Types.BooleanType.get(), "t"::equals)),
          Map.entry("date", of(Types.DateType.get(), PostgresText::date)),
          Map.entry("time", of(Types.TimeType.get(), PostgresText::time)),
          Map.entry("timestamp", of(Types.TimestampType.withoutZone(), PostgresText::timestamp)),
          Map.entry(
              "timestamptz",
              of(Types.TimestampType.withZone(), text -> timestamp(text).atOffset(ZoneOffset.UTC))),
          Map.entry("uuid", of(Types.UUIDType.get(), UUID::fromString)),
          Map.entry("bytea", of(Types.BinaryType.get(), PostgresText::bytes)),
          Map.entry("point", of(POINT, PostgresText::point)),
          Map.entry("hstore", of(HSTORE, PostgresText::map)),
          Map.entry("vector", of(VECTOR, PostgresText::vector)),
          Map.entry("halfvec", of(VECTOR, PostgresText::vector)),
          Map.entry(GEOMETRY, of(Types.BinaryType.get(), PostgresText::wellKnownBinary)),
          Map.entry("geography", of(Types.BinaryType.get(), PostgresText::wellKnownBinary)));

  private PostgresText() {}

  private interface Reading {
    Object read(String text);
  }

  private static ColumnType of(org.apache.iceberg.types.Type type, Reading reading) {
    return new ColumnType(type, value -> reading.read((String) value));
  }

  /**
   * The type in the lake and the conversion of a type's texts; a type that is not known by its name
   * stays text.
   *
   * @param name as PostgreSQL has it in its catalog: {@code int4}
   */
  static ColumnType type(String name) {
    return TYPES.getOrDefault(name, TEXT);
  }

  /** The same by the schema of such texts, which names a type that does not stay text. */
  static ColumnType type(Schema schema) {
    Map<String, String> parameters = schema.parameters();
    return parameters == null ? TEXT : type(parameters.getOrDefault(TYPE, Value.OTHER));
  }

  /** The schema of texts of a type, which need not be one that does not stay text. */
  static SchemaBuilder schema(String type) {
    SchemaBuilder schema = SchemaBuilder.string().name(PostgresValues.TEXT);
    return TYPES.containsKey(type) ? schema.parameter(TYPE, type) : schema;
  }

  /** The same for numbers of a fixed precision and scale. */
  static ColumnType decimal(int precision, int scale) {
    Conversion conversion =
        value -> {
          if (value.equals("NaN")) {
            throw new UnsupportedValueException("NaN in a number of fixed scale");
          }
          return new BigDecimal((String) value).setScale(scale);
        };
    return new ColumnType(Types.DecimalType.of(precision, scale), conversion);
  }

  private static LocalDate date(String text) {
    return finite(text).toLocalDate();
  }

  private static LocalDate date(Matcher parts) {
    int year = Integer.parseInt(parts.group("year"));
    return LocalDate.of(
        parts.group("bc") == null ? year : 1 - year,
        Integer.parseInt(parts.group("month")),
        Integer.parseInt(parts.group("day")));
  }

  private static LocalTime time(String text) {
    if (text.equals(END_OF_DAY)) {
      throw new UnsupportedValueException("the time 24:00");
    }
    return LocalTime.parse(text);
  }

  /** In UTC, where the text has a zone. */
  private static LocalDateTime timestamp(String text) {
    return ColumnType.inRange(finite(text));
  }

  private static LocalDateTime dateTime(Matcher parts) {
    LocalTime time =
        Optional.ofNullable(parts.group("time")).map(LocalTime::parse).orElse(LocalTime.MIDNIGHT);
    int ahead =
        Optional.ofNullable(parts.group("zone"))
            .map(zone -> ZoneOffset.of(zone).getTotalSeconds())
            .orElse(0);
    return date(parts).atTime(time).minusSeconds(ahead);
  }

  /**
   * Any date or timestamp, in UTC where it has a zone; infinite ones are the last and the first
   * that Java knows.
   */
  static LocalDateTime dateTime(String text) {
    return switch (text) {
      case INFINITY -> LocalDateTime.MAX;
      case MINUS_INFINITY -> LocalDateTime.MIN;
      default -> finite(text);
    };
  }

  private static LocalDateTime finite(String text) {
    LocalDateTime plain = plain(text);
    return plain == null ? dateTime(match(text)) : plain;
  }

  /**
   * The same for nearly all of them, fast: {@code 2026-03-01}, {@code 2026-03-01 12:34:56.789},
   * {@code 2026-03-01 12:34:56+00}. Null for other texts.
   */
  private static @Nullable LocalDateTime plain(String text) {
    int end = text.endsWith(UTC) ? text.length() - UTC.length() : text.length();
    boolean hasTime = end >= TIME_LENGTH;
    boolean hasFraction = end > TIME_LENGTH + 1;
    if ((!hasTime && end != DATE_LENGTH)
        || text.charAt(4) != '-'
        || text.charAt(7) != '-'
        || (hasFraction ? text.charAt(TIME_LENGTH) != '.' : hasTime && end != TIME_LENGTH)
        || end > MOST_LENGTH) {
      return null;
    }
    int year = digits(text, 0, 4);
    int month = digits(text, 5, 7);
    int day = digits(text, 8, DATE_LENGTH);
    int hour = hasTime ? digits(text, 11, 13) : 0;
    int minute = hasTime ? digits(text, 14, 16) : 0;
    int second = hasTime ? digits(text, 17, TIME_LENGTH) : 0;
    int fraction = hasFraction ? digits(text, TIME_LENGTH + 1, end) : 0;
    if ((year | month | day | hour | minute | second | fraction) < 0) {
      return null;
    }
    for (int i = end; hasFraction && i <= TIME_LENGTH + NANO_DIGITS; i++) {
      fraction *= 10;
    }
    return LocalDateTime.of(year, month, day, hour, minute, second, fraction);
  }

  /** A number; -1 where there is anything else. */
  private static int digits(String text, int begin, int end) {
    int number = 0;
    for (int i = begin; i < end; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      number = 10 * number + digit;
    }
    return number;
  }

  private static Matcher match(String text) {
    Matcher parts = DATE_TIME.matcher(text);
    if (!parts.matches()) {
      throw new UnsupportedValueException("an infinite date or timestamp");
    }
    return parts;
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(
        text.startsWith(HEXADECIMAL)
            ? HexFormat.of().parseHex(text, HEXADECIMAL.length(), text.length())
            : escaped(text));
  }

  /** The two numbers of {@code (1,2)}. */
  private static Record point(String text) {
    int comma = text.indexOf(',');
    Record point = GenericRecord.create(POINT);
    point.set(0, Double.valueOf(text.substring(1, comma)));
    point.set(1, Double.valueOf(text.substring(comma + 1, text.length() - 1)));
    return point;
  }

  /** In the order of the keys, as equal maps are to be written equally. */
  private static Map<String, @Nullable String> map(String text) {
    return new TreeMap<>(HStoreConverter.fromString(text));
  }

  /** The numbers of {@code [1,2,3]}. */
  private static List<Float> vector(String text) {
    return Arrays.stream(text.substring(1, text.length() - 1).split(",", -1))
        .map(Float::valueOf)
        .toList();
  }

  /** Of PostGIS: its extended well-known binary (EWKB), in hexadecimal digits. */
  private static ByteBuffer wellKnownBinary(String text) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(text));
  }

  /**
   * A geometric value of the driver as PostgreSQL writes it: the driver writes the same with
   * numbers as Java has them.
   */
  static String geometric(String driver) {
    return NUMBER.matcher(driver).replaceAll(number -> number(Double.parseDouble(number.group())));
  }

  /** As PostgreSQL writes a {@code double precision}: see its {@code float8out}. */
  private static String number(double value) {
    if (!Double.isFinite(value)) {
      return Double.toString(value);
    }
    if (value == 0) {
      return Math.copySign(1, value) < 0 ? "-0" : "0";
    }
    BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = digits.precision() - digits.scale() - 1;
    if (exponent >= MIN_PLAIN_EXPONENT && exponent <= MAX_PLAIN_EXPONENT) {
      return digits.toPlainString();
    }
    return "%se%s%02d"
        .formatted(
            digits.movePointLeft(exponent).stripTrailingZeros().toPlainString(),
            exponent < 0 ? "-" : "+",
            Math.abs(exponent));
  }

  /**
   * A date as PostgreSQL writes it in the ISO date style; the last and the first one that Java
   * knows stand for infinite ones.
   */
  static String written(LocalDate date) {
    if (date.equals(LocalDate.MAX)) {
      return INFINITY;
    }
    if (date.equals(LocalDate.MIN)) {
      return MINUS_INFINITY;
    }
    boolean isBeforeChrist = date.getYear() <= 0;
    return "%04d-%02d-%02d%s"
        .formatted(
            isBeforeChrist ? 1 - date.getYear() : date.getYear(),
            date.getMonthValue(),
            date.getDayOfMonth(),
            isBeforeChrist ? BEFORE_CHRIST : "");
  }

  /** The same of a timestamp. */
  static String written(LocalDateTime time) {
    return written(time, "");
  }

  /** The same of a timestamp with a zone, in a session whose zone is UTC. */
  static String writtenInUtc(LocalDateTime time) {
    return written(time, "+00");
  }

  private static String written(LocalDateTime time, String zone) {
    String date = written(time.toLocalDate());
    if (time.equals(LocalDateTime.MAX) || time.equals(LocalDateTime.MIN)) {
      return date;
    }
    String day = date.replace(BEFORE_CHRIST, "");
    return day + " " + TIME.format(time) + zone + date.substring(day.length());
  }

  /** With {@code bytea_output} = escape. */
  private static byte[] escaped(String text) {
    StringBuilder bytes = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) != '\\') {
        bytes.append(text.charAt(i));
      } else if (text.charAt(i + 1) == '\\') {
        bytes.append('\\');
        i++;
      } else {
        bytes.append((char) Integer.parseInt(text, i + 1, i + 1 + OCTAL_DIGITS, 8));
        i += OCTAL_DIGITS;
      }
    }
    return bytes.toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
