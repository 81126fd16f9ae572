package dev.firn.ingest;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.connect.errors.DataException;
import org.jspecify.annotations.Nullable;

/**
 * Dates and times of MariaDB and MySQL, as they write them and as their logs have them. What is
 * none (a zero date, or one without a month or a day) is empty.
 */
final class BinlogText {
  /** What a text begins with that a query gave; the default of a column does not. */
  static final String READ = "@";

  private static final Pattern DATE_TIME =
      Pattern.compile(
          "(\\d{4})-(\\d\\d)-(\\d\\d)(?:[ T](\\d\\d):(\\d\\d):(\\d\\d)(?:\\.(\\d{1,6}))?)?");
  private static final Pattern TIME =
      Pattern.compile("(-?)(\\d{2,3}):(\\d\\d):(\\d\\d)(?:\\.(\\d{1,6}))?");
  private static final int NANO_DIGITS = 9;
  private static final int MICRO_DIGITS = 6;

  private BinlogText() {}

  /** A text without what tells that it was read. */
  static String plain(String text) {
    return text.startsWith(READ) ? text.substring(1) : text;
  }

  static Optional<LocalDate> date(@Nullable Object value) {
    return value instanceof LocalDate date
        ? Optional.of(date)
        : dateTime(value).map(LocalDateTime::toLocalDate);
  }

  static Optional<LocalDateTime> dateTime(@Nullable Object value) {
    return switch (value) {
      case null -> Optional.empty();
      case LocalDateTime time -> Optional.of(time);
      case LocalDate date -> Optional.of(date.atStartOfDay());
      case ZonedDateTime time ->
          Optional.of(time.withZoneSameInstant(ZoneOffset.UTC).toLocalDateTime());
      case java.sql.Timestamp time -> Optional.of(time.toLocalDateTime());
      case String text -> parsed(plain(text));
      // The default of a column, which nobody reads.
      case Number unused -> Optional.empty();
      default -> throw new DataException("a date of " + value.getClass());
    };
  }

  /** Seconds since 1970 in the log, where 0 is the zero date. */
  static Optional<Instant> instant(@Nullable Object value) {
    return dateTime(value)
        .map(time -> time.toInstant(ZoneOffset.UTC))
        .filter(time -> !time.equals(Instant.EPOCH));
  }

  static Optional<Duration> time(@Nullable Object value) {
    return switch (value) {
      case null -> Optional.empty();
      case Duration time -> Optional.of(time);
      case String text -> parsedTime(plain(text));
      case Number unused -> Optional.empty();
      default -> throw new DataException("a time of " + value.getClass());
    };
  }

  private static Optional<LocalDateTime> parsed(String text) {
    Matcher found = DATE_TIME.matcher(text);
    if (!found.matches()) {
      // A default such as current_timestamp().
      return Optional.empty();
    }
    int year = Integer.parseInt(found.group(1));
    int month = Integer.parseInt(found.group(2));
    int day = Integer.parseInt(found.group(3));
    if (year == 0 || month == 0 || day == 0) {
      return Optional.empty();
    }
    LocalDate date = LocalDate.of(year, month, day);
    return Optional.of(
        found.group(4) == null
            ? date.atStartOfDay()
            : date.atTime(
                Integer.parseInt(found.group(4)),
                Integer.parseInt(found.group(5)),
                Integer.parseInt(found.group(6)),
                nanos(found.group(7))));
  }

  private static Optional<Duration> parsedTime(String text) {
    Matcher found = TIME.matcher(text);
    if (!found.matches()) {
      return Optional.empty();
    }
    Duration time =
        Duration.ofHours(Long.parseLong(found.group(2)))
            .plusMinutes(Long.parseLong(found.group(3)))
            .plusSeconds(Long.parseLong(found.group(4)))
            .plusNanos(nanos(found.group(5)));
    return Optional.of(found.group(1).isEmpty() ? time : time.negated());
  }

  private static int nanos(@Nullable String fraction) {
    return fraction == null
        ? 0
        : Integer.parseInt(fraction + "0".repeat(NANO_DIGITS - fraction.length()));
  }

  /**
   * As MariaDB writes it in UTC.
   *
   * @param digits of the fraction of a second
   */
  static @Nullable String written(BinlogValues.Kind kind, int digits, @Nullable Object value) {
    return switch (value) {
      case null -> null;
      case String text -> withFraction(plain(text), digits);
      case LocalDate date -> date.toString();
      case LocalDateTime time -> written(time, digits);
      case ZonedDateTime time -> writtenInstant(time, digits);
      case Duration time -> written(time, digits);
      case BigDecimal number -> number.toPlainString();
      case byte[] bytes -> new String(bytes, StandardCharsets.UTF_8);
      default -> throw new DataException("%s of %s".formatted(kind, value.getClass()));
    };
  }

  /** The driver writes all digits of some types, whatever the column has. */
  private static String withFraction(String text, int digits) {
    int dot = text.indexOf('.');
    boolean isLonger = dot >= 0 && text.indexOf(':') >= 0 && text.length() - dot - 1 > digits;
    return isLonger ? text.substring(0, digits == 0 ? dot : dot + 1 + digits) : text;
  }

  private static String writtenInstant(ZonedDateTime time, int digits) {
    LocalDateTime utc = time.withZoneSameInstant(ZoneOffset.UTC).toLocalDateTime();
    return time.toInstant().equals(Instant.EPOCH)
        ? "0000-00-00 00:00:00" + fraction(0, digits)
        : written(utc, digits);
  }

  private static String written(LocalDateTime time, int digits) {
    return "%s %02d:%02d:%02d%s"
        .formatted(
            time.toLocalDate(),
            time.getHour(),
            time.getMinute(),
            time.getSecond(),
            fraction(time.getNano(), digits));
  }

  private static String written(Duration time, int digits) {
    Duration size = time.abs();
    return String.format(
        Locale.ROOT,
        "%s%02d:%02d:%02d%s",
        time.isNegative() ? "-" : "",
        size.toHours(),
        size.toMinutesPart(),
        size.toSecondsPart(),
        fraction(size.toNanosPart(), digits));
  }

  /** Zero dates are written as the log has them. */
  static String written(int[] parts, int micros, int digits) {
    return String.format(
        Locale.ROOT,
        "%s%04d-%02d-%02d %02d:%02d:%02d%s",
        READ,
        parts[0],
        parts[1],
        parts[2],
        parts[3],
        parts[4],
        parts[5],
        fraction(micros * 1_000, digits));
  }

  /** What a literal of SQL stands for, with its quotation marks. */
  static String literal(String quoted) {
    boolean isQuoted = quoted.length() >= 2 && quoted.startsWith("'") && quoted.endsWith("'");
    String inner = isQuoted ? quoted.substring(1, quoted.length() - 1) : quoted;
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < inner.length(); i++) {
      char next = inner.charAt(i);
      boolean isEscape = (next == '\\' || next == '\'') && i + 1 < inner.length();
      text.append(isEscape ? escaped(next, inner.charAt(++i)) : next);
    }
    return text.toString();
  }

  private static char escaped(char by, char escaped) {
    if (by == '\'') {
      return escaped;
    }
    return switch (escaped) {
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case '0' -> '\0';
      default -> escaped;
    };
  }

  private static String fraction(int nanos, int digits) {
    return digits <= 0
        ? ""
        : "."
            + String.format(Locale.ROOT, "%0" + NANO_DIGITS + "d", nanos)
                .substring(0, Math.min(digits, MICRO_DIGITS));
  }
}
