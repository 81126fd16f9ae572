package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.debezium.config.CommonConnectorConfig.BinaryHandlingMode;
import io.debezium.data.Xml;
import io.debezium.jdbc.JdbcValueConverters.DecimalMode;
import io.debezium.jdbc.TemporalPrecisionMode;
import io.debezium.relational.Column;
import io.debezium.relational.ValueConverterProvider;
import io.debezium.time.IsoDate;
import io.debezium.time.IsoTime;
import io.debezium.time.IsoTimestamp;
import io.debezium.time.ZonedTimestamp;
import java.lang.reflect.Constructor;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.iceberg.types.Types.BinaryType;
import org.apache.iceberg.types.Types.BooleanType;
import org.apache.iceberg.types.Types.DateType;
import org.apache.iceberg.types.Types.DecimalType;
import org.apache.iceberg.types.Types.DoubleType;
import org.apache.iceberg.types.Types.FloatType;
import org.apache.iceberg.types.Types.IntegerType;
import org.apache.iceberg.types.Types.LongType;
import org.apache.iceberg.types.Types.StringType;
import org.apache.iceberg.types.Types.TimeType;
import org.apache.iceberg.types.Types.TimestampType;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** SQL Server's types: what the driver gives, what the connector makes of it, what the lake has. */
class TestSqlServerTypes {
  private static final String CONVERTERS =
      "io.debezium.connector.sqlserver.SqlServerValueConverters";

  /** The driver's own number for money (microsoft.sql.Types). */
  private static final int MONEY = -148;

  /**
   * @param jdbc the number of its type, as the driver tells it
   * @param length digits, or letters
   * @param read what the driver reads
   * @param schema what the connector's events have for it
   */
  record Type(
      String name,
      int jdbc,
      int length,
      int scale,
      Object read,
      Schema schema,
      Object sent,
      org.apache.iceberg.types.Type lake,
      Object value) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Schema decimal(int precision, int scale) {
    return Decimal.builder(scale)
        .parameter("connect.decimal.precision", Integer.toString(precision))
        .optional()
        .build();
  }

  private static Schema optional(SchemaBuilder schema) {
    return schema.optional().build();
  }

  private static Stream<Type> types() {
    Timestamp hundredNanos = Timestamp.valueOf("2026-02-28 12:34:56.123456");
    BigDecimal money = new BigDecimal("-922337203685477.5808");
    return Stream.of(
        new Type(
            "bit",
            Types.BIT,
            1,
            0,
            true,
            Schema.OPTIONAL_BOOLEAN_SCHEMA,
            true,
            BooleanType.get(),
            true),
        new Type(
            "tinyint",
            Types.TINYINT,
            3,
            0,
            (short) 255,
            Schema.OPTIONAL_INT16_SCHEMA,
            (short) 255,
            IntegerType.get(),
            255),
        new Type(
            "smallint",
            Types.SMALLINT,
            5,
            0,
            (short) -32768,
            Schema.OPTIONAL_INT16_SCHEMA,
            (short) -32768,
            IntegerType.get(),
            -32768),
        new Type(
            "int",
            Types.INTEGER,
            10,
            0,
            -5,
            Schema.OPTIONAL_INT32_SCHEMA,
            -5,
            IntegerType.get(),
            -5),
        new Type(
            "bigint",
            Types.BIGINT,
            19,
            0,
            Long.MIN_VALUE,
            Schema.OPTIONAL_INT64_SCHEMA,
            Long.MIN_VALUE,
            LongType.get(),
            Long.MIN_VALUE),
        new Type(
            "real",
            Types.REAL,
            24,
            0,
            0.1f,
            Schema.OPTIONAL_FLOAT32_SCHEMA,
            0.1f,
            FloatType.get(),
            0.1f),
        new Type(
            "float",
            Types.DOUBLE,
            53,
            0,
            0.1,
            Schema.OPTIONAL_FLOAT64_SCHEMA,
            0.1,
            DoubleType.get(),
            0.1),
        new Type(
            "decimal(10,2)",
            Types.DECIMAL,
            10,
            2,
            new BigDecimal("12345678.90"),
            decimal(10, 2),
            new BigDecimal("12345678.90"),
            DecimalType.of(10, 2),
            new BigDecimal("12345678.90")),
        new Type(
            "numeric(38,0)",
            Types.NUMERIC,
            38,
            0,
            new BigDecimal("9".repeat(38)),
            decimal(38, 0),
            new BigDecimal("9".repeat(38)),
            DecimalType.of(38, 0),
            new BigDecimal("9".repeat(38))),
        new Type("money", MONEY, 19, 4, money, decimal(19, 4), money, DecimalType.of(19, 4), money),
        new Type(
            "nvarchar(20)",
            Types.NVARCHAR,
            20,
            0,
            "grüße 🙂",
            Schema.OPTIONAL_STRING_SCHEMA,
            "grüße 🙂",
            StringType.get(),
            "grüße 🙂"),
        new Type(
            "char(3)",
            Types.CHAR,
            3,
            0,
            "ab ",
            Schema.OPTIONAL_STRING_SCHEMA,
            "ab ",
            StringType.get(),
            "ab "),
        new Type(
            "text",
            Types.LONGVARCHAR,
            20,
            0,
            "",
            Schema.OPTIONAL_STRING_SCHEMA,
            "",
            StringType.get(),
            ""),
        new Type(
            "xml",
            Types.SQLXML,
            0,
            0,
            "<a/>",
            optional(Xml.builder()),
            "<a/>",
            StringType.get(),
            "<a/>"),
        new Type(
            "uniqueidentifier",
            Types.CHAR,
            36,
            0,
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            Schema.OPTIONAL_STRING_SCHEMA,
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            StringType.get(),
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
        new Type(
            "varbinary(4)",
            Types.VARBINARY,
            4,
            0,
            new byte[] {0, -1},
            Schema.OPTIONAL_BYTES_SCHEMA,
            ByteBuffer.wrap(new byte[] {0, -1}),
            BinaryType.get(),
            ByteBuffer.wrap(new byte[] {0, -1})),
        new Type(
            "date",
            Types.DATE,
            10,
            0,
            java.sql.Date.valueOf("0001-01-01"),
            optional(IsoDate.builder()),
            "0001-01-01Z",
            DateType.get(),
            LocalDate.of(1, 1, 1)),
        new Type(
            "time(6)",
            Types.TIME,
            15,
            6,
            hundredNanos,
            optional(IsoTime.builder()),
            "12:34:56.123456Z",
            TimeType.get(),
            LocalTime.parse("12:34:56.123456")),
        new Type(
            "datetime",
            Types.TIMESTAMP,
            23,
            3,
            Timestamp.valueOf("1753-01-01 00:00:00.003"),
            optional(IsoTimestamp.builder()),
            "1753-01-01T00:00:00.003Z",
            TimestampType.withoutZone(),
            LocalDateTime.parse("1753-01-01T00:00:00.003")),
        new Type(
            "datetime2",
            Types.TIMESTAMP,
            27,
            7,
            Timestamp.valueOf("9999-12-31 23:59:59.999999"),
            optional(IsoTimestamp.builder()),
            "9999-12-31T23:59:59.999999Z",
            TimestampType.withoutZone(),
            LocalDateTime.parse("9999-12-31T23:59:59.999999")),
        new Type(
            "datetimeoffset",
            Types.TIMESTAMP_WITH_TIMEZONE,
            34,
            7,
            OffsetDateTime.parse("2026-02-28T12:34:56.7+02:00"),
            optional(ZonedTimestamp.builder()),
            "2026-02-28T12:34:56.7+02:00",
            TimestampType.withZone(),
            OffsetDateTime.parse("2026-02-28T10:34:56.7Z")));
  }

  @ParameterizedTest
  @MethodSource("types")
  void isWhatTheEventsSay(Type type) {
    ColumnType column = ColumnType.of(type.schema(), Events.PLACEHOLDER);
    assertThat(column.type()).isEqualTo(type.lake());
    assertThat(column.conversion().convert(type.sent())).isEqualTo(type.value());
  }

  /** In a build that has the connector: that its events are as they are taken for here. */
  @ParameterizedTest
  @MethodSource("types")
  void isWhatTheConnectorMakesOfIt(Type type) throws Exception {
    ValueConverterProvider converters = converters();
    Column column =
        Column.editor()
            .name("c")
            .type(type.name())
            .jdbcType(type.jdbc())
            .length(type.length())
            .scale(type.scale())
            .optional(true)
            .create();
    Schema schema = converters.schemaBuilder(column).optional().build();
    assertThat(schema).isEqualTo(type.schema());
    assertThat(converters.converter(column, new Field("c", 0, schema)).convert(type.read()))
        .isEqualTo(type.sent());
  }

  private static ValueConverterProvider converters() throws ReflectiveOperationException {
    assumeTrue(isBuilt(), "this build lacks the connector of SQL Server: mvn -Psqlserver");
    Constructor<?> made =
        Class.forName(CONVERTERS)
            .getConstructor(
                DecimalMode.class, TemporalPrecisionMode.class, BinaryHandlingMode.class);
    return (ValueConverterProvider)
        made.newInstance(
            DecimalMode.PRECISE, TemporalPrecisionMode.ISOSTRING, BinaryHandlingMode.BYTES);
  }

  private static boolean isBuilt() {
    try {
      SourceKind.SQLSERVER.requireBuilt();
      return true;
    } catch (SettingsException e) {
      return false;
    }
  }

  /** The seventh digit of a second. */
  @Test
  void digitsThatTheLakeLacksStopOrAreText() {
    for (Schema schema : List.of(IsoTimestamp.schema(), ZonedTimestamp.schema())) {
      assertThatThrownBy(() -> of(schema, "2026-02-28T12:34:56.1234567Z"))
          .isInstanceOf(ColumnType.UnsupportedValueException.class)
          .hasMessage("a time with more than six digits of its second");
    }
    assertThatThrownBy(() -> of(IsoTime.schema(), "12:34:56.1234567Z"))
        .isInstanceOf(ColumnType.UnsupportedValueException.class);
    assertThat(asText(IsoTimestamp.schema(), "2026-02-28T12:34:56.1234567Z"))
        .isEqualTo("2026-02-28T12:34:56.1234567");
    assertThat(asText(ZonedTimestamp.schema(), "2026-02-28T12:34:56.1234567+02:00"))
        .isEqualTo("2026-02-28T12:34:56.1234567+02:00");
    assertThat(asText(decimal(10, 2), new BigDecimal("1.50"))).isEqualTo("1.50");
  }

  private static Object of(Schema schema, Object value) {
    return ColumnType.of(schema, Events.PLACEHOLDER).conversion().convert(value);
  }

  /** As of a column that the setting names. */
  private static Object asText(Schema schema, Object value) {
    Schema row = SchemaBuilder.struct().field("c", schema).build();
    CapturedTable table =
        new CapturedTable(
            new SourceTable("dbo", "t"),
            row,
            List.of(),
            java.util.Set.of(),
            ColumnRules.NONE,
            ColumnForms.ofText("dbo\\.t\\.c"),
            Optional.empty());
    ColumnType type = table.columnType(row.field("c"), Events.PLACEHOLDER);
    assertThat(type.type()).isEqualTo(StringType.get());
    return type.conversion().convert(value);
  }
}
