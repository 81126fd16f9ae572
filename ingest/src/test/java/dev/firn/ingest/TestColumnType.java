package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.debezium.time.Date;
import io.debezium.time.MicroTime;
import io.debezium.time.MicroTimestamp;
import io.debezium.time.NanoTime;
import io.debezium.time.NanoTimestamp;
import io.debezium.time.ZonedTimestamp;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import org.apache.iceberg.types.Types;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.junit.jupiter.api.Test;

/** Schemas made by hand; {@link PostgresTypesIT} has the real ones. */
class TestColumnType {
  private static ColumnType of(Schema schema) {
    return ColumnType.of(schema, Events.PLACEHOLDER);
  }

  private static Object convert(Schema schema, Object value) {
    return of(schema).conversion().convert(value);
  }

  @Test
  void smallIntegersAreIntegers() {
    assertThat(of(Schema.INT16_SCHEMA).type()).isEqualTo(Types.IntegerType.get());
    assertThat(convert(Schema.INT16_SCHEMA, (short) -5)).isEqualTo(-5);
  }

  @Test
  void decimalsHaveThePrecisionOfTheirSchema() {
    Schema fits = Decimal.builder(2).parameter("connect.decimal.precision", "10").build();
    assertThat(of(fits).type()).isEqualTo(Types.DecimalType.of(10, 2));
    assertThat(convert(fits, new BigDecimal("1.50"))).isEqualTo(new BigDecimal("1.50"));
    Schema tooWide = Decimal.builder(2).parameter("connect.decimal.precision", "39").build();
    assertThat(of(tooWide).type()).isEqualTo(Types.StringType.get());
    assertThat(convert(tooWide, new BigDecimal("1E+5").setScale(2))).isEqualTo("100000.00");
  }

  @Test
  void numbersInTextsStayTexts() {
    assertThat(convert(Schema.STRING_SCHEMA, "1234")).isEqualTo("1234");
  }

  @Test
  void timesAreExactToTheMicrosecond() {
    assertThat(convert(Date.schema(), -1)).isEqualTo(LocalDate.of(1969, 12, 31));
    assertThat(convert(MicroTime.schema(), 86_399_999_999L))
        .isEqualTo(LocalTime.of(23, 59, 59, 999_999_000));
    assertThat(convert(MicroTimestamp.schema(), -1L))
        .isEqualTo(LocalDateTime.of(1969, 12, 31, 23, 59, 59, 999_999_000));
    assertThat(convert(ZonedTimestamp.schema(), "2026-01-31T23:59:59.12Z"))
        .isEqualTo(OffsetDateTime.parse("2026-01-31T23:59:59.12Z"));
    assertThat(convert(ZonedTimestamp.schema(), "2026-01-31T23:59:59+02:00"))
        .isEqualTo(OffsetDateTime.parse("2026-01-31T21:59:59Z"));
  }

  @Test
  void nanosecondsAreKept() {
    Schema timestamp = NanoTimestamp.schema();
    assertThat(of(timestamp).type()).isEqualTo(Types.TimestampNanoType.withoutZone());
    assertThat(convert(timestamp, -1L))
        .isEqualTo(LocalDateTime.parse("1969-12-31T23:59:59.999999999"));
    assertThat(convert(timestamp, Long.MAX_VALUE))
        .isEqualTo(LocalDateTime.parse("2262-04-11T23:47:16.854775807"));
    assertThat(convert(timestamp, Long.MIN_VALUE))
        .isEqualTo(LocalDateTime.parse("1677-09-21T00:12:43.145224192"));
    // Iceberg has no time of nanoseconds.
    assertThat(of(NanoTime.schema()).type()).isEqualTo(Types.StringType.get());
    assertThat(convert(NanoTime.schema(), 86_399_999_999_900L)).isEqualTo("23:59:59.999999900");
    assertThatThrownBy(() -> convert(NanoTime.schema(), 86_400_000_000_000L))
        .hasMessage("the time 24:00");
    assertThatThrownBy(() -> convert(NanoTime.schema(), -1L))
        .hasMessage("a time that is none of a day");
    assertThatThrownBy(() -> convert(ZonedTimestamp.schema(), "2026-01-31T23:59:59.1234567Z"))
        .hasMessage("a time with more than six digits of its second");
  }

  @Test
  void whatTheTypeCannotHoldIsRefused() {
    assertThatThrownBy(() -> convert(MicroTime.schema(), 86_400_000_000L))
        .isInstanceOf(ColumnType.UnsupportedValueException.class);
    assertThatThrownBy(() -> convert(ZonedTimestamp.schema(), "infinity"))
        .hasMessage("an infinite timestamp");
    assertThatThrownBy(() -> convert(Date.schema(), Integer.MAX_VALUE))
        .hasMessage("an infinite date");
    assertThatThrownBy(() -> convert(MicroTimestamp.schema(), PostgresValues.INFINITY))
        .isInstanceOf(ColumnType.UnsupportedValueException.class);
  }

  @Test
  void bytesAreBuffers() {
    assertThat(convert(Schema.BYTES_SCHEMA, new byte[] {1, 2}))
        .isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
  }

  @Test
  void otherSchemasAreRefused() {
    for (Schema schema :
        new Schema[] {
          SchemaBuilder.array(Schema.STRING_SCHEMA).build(),
          SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.STRING_SCHEMA).build(),
          SchemaBuilder.struct().name("io.debezium.data.geometry.Point").build(),
          org.apache.kafka.connect.data.Timestamp.SCHEMA
        }) {
      assertThatThrownBy(() -> of(schema)).isInstanceOf(ColumnType.UnsupportedTypeException.class);
    }
  }
}
