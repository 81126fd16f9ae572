package dev.firn.ingest;

import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/**
 * Reads ISO-8601 timestamps with a zone, the usual UTC form ({@code 2026-01-31T23:59:59.123Z})
 * fast.
 */
final class IsoTimestamps {
  private static final int SECONDS_END = 19;
  private static final int NANO_DIGITS = 9;

  private IsoTimestamps() {}

  static OffsetDateTime parse(String text) {
    try {
      return isUsual(text)
          ? usual(text)
          : OffsetDateTime.parse(text).withOffsetSameInstant(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      throw new ColumnType.UnsupportedValueException(
          text.endsWith("infinity")
              ? "an infinite timestamp"
              : "a timestamp beyond what Java reads");
    }
  }

  private static boolean isUsual(String text) {
    int length = text.length();
    return length > SECONDS_END
        && length <= SECONDS_END + NANO_DIGITS + 2
        && text.charAt(length - 1) == 'Z'
        && text.charAt(4) == '-'
        && text.charAt(10) == 'T'
        && (length == SECONDS_END + 1 || text.charAt(SECONDS_END) == '.');
  }

  private static OffsetDateTime usual(String text) {
    return OffsetDateTime.of(
        number(text, 0, 4),
        number(text, 5, 7),
        number(text, 8, 10),
        number(text, 11, 13),
        number(text, 14, 16),
        number(text, 17, SECONDS_END),
        nanos(text),
        ZoneOffset.UTC);
  }

  private static int nanos(String text) {
    int end = text.length() - 1;
    if (end == SECONDS_END) {
      return 0;
    }
    int nanos = number(text, SECONDS_END + 1, end);
    for (int digits = end - SECONDS_END - 1; digits < NANO_DIGITS; digits++) {
      nanos *= 10;
    }
    return nanos;
  }

  private static int number(String text, int from, int to) {
    int number = 0;
    for (int i = from; i < to; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        throw new DateTimeException("no digit");
      }
      number = number * 10 + digit;
    }
    return number;
  }
}
