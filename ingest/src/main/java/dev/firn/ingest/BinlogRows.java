package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.shyiko.mysql.binlog.event.EventType;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import com.github.shyiko.mysql.binlog.event.deserialization.AbstractRowsEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import com.github.shyiko.mysql.binlog.io.ByteArrayInputStream;
import io.debezium.config.CommonConnectorConfig.EventProcessingFailureHandlingMode;
import io.debezium.connector.binlog.event.RowDeserializers;
import java.io.IOException;
import java.io.Serializable;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Locale;
import java.util.Map;

/**
 * Reads the rows of a binary log as Debezium does, but for dates that are none: zero dates, and
 * such without a month or a day. These become the text that the server writes; so do JSON
 * documents.
 */
final class BinlogRows {
  private static final EventProcessingFailureHandlingMode FAIL =
      EventProcessingFailureHandlingMode.FAIL;

  private static final int DATE_BYTES = 3;
  private static final int DATETIME_BYTES = 5;
  private static final int MONTHS = 13;

  private BinlogRows() {}

  /**
   * Has all rows read so.
   *
   * @param tables the newest description of each table in the log, by its number there
   */
  static void register(EventDeserializer events, Map<Long, TableMapEventData> tables) {
    register(events, EventType.WRITE_ROWS, new Writes(tables));
    register(events, EventType.UPDATE_ROWS, new Updates(tables));
    register(events, EventType.DELETE_ROWS, new Deletes(tables));
    register(
        events, EventType.EXT_WRITE_ROWS, new Writes(tables).setMayContainExtraInformation(true));
    register(
        events, EventType.EXT_UPDATE_ROWS, new Updates(tables).setMayContainExtraInformation(true));
    register(
        events, EventType.EXT_DELETE_ROWS, new Deletes(tables).setMayContainExtraInformation(true));
  }

  private static void register(
      EventDeserializer events, EventType type, AbstractRowsEventDataDeserializer<?> rows) {
    events.setEventDataDeserializer(type, rows);
  }

  /** Three bytes, the lowest first: 15 bits of the year, 4 of the month, 5 of the day. */
  static Serializable date(ByteArrayInputStream in) throws IOException {
    int value = in.readInteger(DATE_BYTES);
    int year = value >> 9;
    int month = (value >> 5) & 0xf;
    int day = value & 0x1f;
    return year == 0 || month == 0 || day == 0
        ? String.format(Locale.ROOT, "%s%04d-%02d-%02d", BinlogText.READ, year, month, day)
        : LocalDate.of(year, month, day);
  }

  /**
   * Five bytes, the highest first: a sign, 17 bits of 13 * year + month, 5 of the day, 5 of the
   * hour, 6 each of minute and second; then hundredths for each two digits of the fraction.
   *
   * @param digits of the fraction of a second
   */
  static Serializable dateTime(int digits, ByteArrayInputStream in) throws IOException {
    long value = bigEndian(in.read(DATETIME_BYTES));
    int micros = micros(digits, in);
    int months = (int) (value >> 22) & 0x1ffff;
    int[] parts = {
      months / MONTHS,
      months % MONTHS,
      (int) (value >> 17) & 0x1f,
      (int) (value >> 12) & 0x1f,
      (int) (value >> 6) & 0x3f,
      (int) value & 0x3f
    };
    return parts[0] == 0 || parts[1] == 0 || parts[2] == 0
        ? BinlogText.written(parts, micros, digits)
        : LocalDateTime.of(
            parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], micros * 1_000);
  }

  private static int micros(int digits, ByteArrayInputStream in) throws IOException {
    int bytes = (digits + 1) / 2;
    long fraction = bytes == 0 ? 0 : bigEndian(in.read(bytes));
    for (int i = bytes; i < 3; i++) {
      fraction *= 100;
    }
    return (int) fraction;
  }

  private static long bigEndian(byte[] bytes) {
    long value = 0;
    for (byte next : bytes) {
      value = value << 8 | (next & 0xff);
    }
    return value;
  }

  /** As text, which MariaDB keeps anyway: this type of column is MySQL's. */
  private static byte[] json(byte[] document) throws IOException {
    return MySqlJson.text(document).getBytes(UTF_8);
  }

  private static final class Writes extends RowDeserializers.WriteRowsDeserializer {
    Writes(Map<Long, TableMapEventData> tables) {
      super(tables, FAIL);
    }

    @Override
    protected Serializable deserializeDate(ByteArrayInputStream in) throws IOException {
      return date(in);
    }

    @Override
    protected Serializable deserializeDatetimeV2(int digits, ByteArrayInputStream in)
        throws IOException {
      return dateTime(digits, in);
    }

    @Override
    protected byte[] deserializeJson(int bytes, ByteArrayInputStream in) throws IOException {
      return json(super.deserializeJson(bytes, in));
    }
  }

  private static final class Updates extends RowDeserializers.UpdateRowsDeserializer {
    Updates(Map<Long, TableMapEventData> tables) {
      super(tables, FAIL);
    }

    @Override
    protected Serializable deserializeDate(ByteArrayInputStream in) throws IOException {
      return date(in);
    }

    @Override
    protected Serializable deserializeDatetimeV2(int digits, ByteArrayInputStream in)
        throws IOException {
      return dateTime(digits, in);
    }

    @Override
    protected byte[] deserializeJson(int bytes, ByteArrayInputStream in) throws IOException {
      return json(super.deserializeJson(bytes, in));
    }
  }

  private static final class Deletes extends RowDeserializers.DeleteRowsDeserializer {
    Deletes(Map<Long, TableMapEventData> tables) {
      super(tables, FAIL);
    }

    @Override
    protected Serializable deserializeDate(ByteArrayInputStream in) throws IOException {
      return date(in);
    }

    @Override
    protected Serializable deserializeDatetimeV2(int digits, ByteArrayInputStream in)
        throws IOException {
      return dateTime(digits, in);
    }

    @Override
    protected byte[] deserializeJson(int bytes, ByteArrayInputStream in) throws IOException {
      return json(super.deserializeJson(bytes, in));
    }
  }
}
