package dev.firn.ingest;

import com.github.shyiko.mysql.binlog.event.deserialization.ColumnType;
import com.github.shyiko.mysql.binlog.event.deserialization.json.JsonBinary;
import com.github.shyiko.mysql.binlog.event.deserialization.json.JsonFormatter;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Locale;

/**
 * Writes a JSON document of MySQL's log as the server writes it in the result of a query: else a
 * row that was read and the same row in the log would differ.
 */
final class MySqlJson implements JsonFormatter {
  /** Numbers with more digits before the point, or as many zeros behind it, have an exponent. */
  private static final int PLAIN_DIGITS = 15;

  /** The server breaks lines, which are part of the text then. */
  private static final Base64.Encoder LINES = Base64.getMimeEncoder(76, new byte[] {'\n'});

  private final StringBuilder text = new StringBuilder();

  private MySqlJson() {}

  /**
   * The text of a document.
   *
   * @param document as the log has it; empty: the document null
   */
  static String text(byte[] document) throws IOException {
    if (document.length == 0) {
      // Written where a statement may have no other value, instead of none.
      return "null";
    }
    MySqlJson json = new MySqlJson();
    new Documents(document).parse(json);
    return json.text.toString();
  }

  /** Times of less than an hour before midnight keep their sign. */
  private static final class Documents extends JsonBinary {
    private static final int MICROS_BITS = 24;

    Documents(byte[] document) {
      super(document);
    }

    /** The sign is that of the whole: 10 bits of hours, 6 of minutes, 6 of seconds, and micros. */
    @Override
    protected void parseTime(JsonFormatter json) throws IOException {
      long packed = readInt64();
      long size = Math.abs(packed);
      int seconds = (int) (size >> MICROS_BITS);
      String text =
          time(
              (seconds >> 12) & 0x3ff,
              (seconds >> 6) & 0x3f,
              seconds & 0x3f,
              (int) (size & ((1 << MICROS_BITS) - 1)));
      json.value(packed < 0 ? "-" + text : text);
    }
  }

  @Override
  public void beginObject(int size) {
    text.append('{');
  }

  @Override
  public void beginArray(int size) {
    text.append('[');
  }

  @Override
  public void endObject() {
    text.append('}');
  }

  @Override
  public void endArray() {
    text.append(']');
  }

  @Override
  public void nextEntry() {
    text.append(", ");
  }

  @Override
  public void name(String name) {
    value(name);
    text.append(": ");
  }

  @Override
  public void value(String value) {
    text.append('"');
    value.chars().forEach(this::character);
    text.append('"');
  }

  private void character(int next) {
    switch (next) {
      case '"', '\\' -> text.append('\\').append((char) next);
      case '\b' -> text.append("\\b");
      case '\f' -> text.append("\\f");
      case '\n' -> text.append("\\n");
      case '\r' -> text.append("\\r");
      case '\t' -> text.append("\\t");
      default -> {
        if (next < ' ') {
          text.append(String.format(Locale.ROOT, "\\u%04x", next));
        } else {
          text.append((char) next);
        }
      }
    }
  }

  @Override
  public void value(int value) {
    text.append(value);
  }

  @Override
  public void value(long value) {
    text.append(value);
  }

  @Override
  public void value(double value) {
    text.append(written(value));
  }

  /** A number that is whole is told from an integer by its zero. */
  static String written(double value) {
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    BigDecimal digits = shortest(value);
    int before = digits.precision() - digits.scale();
    boolean isWhole = digits.precision() <= before;
    if (before <= -PLAIN_DIGITS || (before > PLAIN_DIGITS && isWhole)) {
      BigDecimal mantissa = digits.movePointLeft(before - 1);
      return mantissa.toPlainString() + "e" + (before - 1);
    }
    String plain = digits.toPlainString();
    return plain.indexOf('.') < 0 ? plain + ".0" : plain;
  }

  /** Java writes two digits also where one tells the number. */
  private static BigDecimal shortest(double value) {
    BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    BigDecimal one = digits.round(new MathContext(1, RoundingMode.HALF_EVEN));
    return one.doubleValue() == value ? one.stripTrailingZeros() : digits;
  }

  @Override
  public void value(BigInteger value) {
    text.append(value);
  }

  @Override
  public void value(BigDecimal value) {
    text.append(value.toPlainString());
  }

  @Override
  public void value(boolean value) {
    text.append(value);
  }

  @Override
  public void valueNull() {
    text.append("null");
  }

  @Override
  public void valueYear(int year) {
    text.append(year);
  }

  @Override
  public void valueDate(int year, int month, int day) {
    value(date(year, month, day));
  }

  private static String date(int year, int month, int day) {
    return String.format(Locale.ROOT, "%04d-%02d-%02d", year, month, day);
  }

  @Override
  public void valueDatetime(
      int year, int month, int day, int hour, int minute, int second, int micros) {
    value("%s %s".formatted(date(year, month, day), time(hour, minute, second, micros)));
  }

  private static String time(int hour, int minute, int second, int micros) {
    return String.format(Locale.ROOT, "%02d:%02d:%02d.%06d", hour, minute, second, micros);
  }

  @Override
  public void valueTime(int hour, int minute, int second, int micros) {
    value(time(hour, minute, second, micros));
  }

  @Override
  public void valueTimestamp(long seconds, int micros) {
    LocalDateTime time = LocalDateTime.ofInstant(Instant.ofEpochSecond(seconds), ZoneOffset.UTC);
    valueDatetime(
        time.getYear(),
        time.getMonthValue(),
        time.getDayOfMonth(),
        time.getHour(),
        time.getMinute(),
        time.getSecond(),
        micros);
  }

  @Override
  public void valueOpaque(ColumnType type, byte[] value) {
    value("base64:type%d:%s".formatted(type.getCode(), LINES.encodeToString(value)));
  }
}
