package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.firn.writer.Unavailable;
import io.debezium.config.Configuration;
import io.debezium.data.VariableScaleDecimal;
import io.debezium.data.Xml;
import io.debezium.jdbc.JdbcConfiguration;
import io.debezium.jdbc.JdbcConnection;
import io.debezium.relational.Column;
import io.debezium.relational.ColumnEditor;
import io.debezium.relational.ValueConverterProvider;
import io.debezium.time.Interval;
import io.debezium.time.IsoTimestamp;
import io.debezium.time.ZonedTimestamp;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.apache.iceberg.types.Types.BinaryType;
import org.apache.iceberg.types.Types.DecimalType;
import org.apache.iceberg.types.Types.DoubleType;
import org.apache.iceberg.types.Types.FloatType;
import org.apache.iceberg.types.Types.IntegerType;
import org.apache.iceberg.types.Types.LongType;
import org.apache.iceberg.types.Types.StringType;
import org.apache.iceberg.types.Types.TimestampType;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Oracle's types: what LogMiner writes, what the connector makes of it, what the lake has. */
class TestOracleTypes {
  private static final String PACKAGE = "io.debezium.connector.oracle.";

  /** The driver's own numbers (oracle.jdbc.OracleTypes). */
  private static final int BINARY_FLOAT = 100;

  private static final int BINARY_DOUBLE = 101;
  private static final int TIMESTAMPTZ = -101;
  private static final int TIMESTAMPLTZ = -102;
  private static final int INTERVALYM = -103;
  private static final int INTERVALDS = -104;

  /**
   * @param jdbc the number of its type, as the driver tells it
   * @param length digits, or letters
   * @param scale absent: not declared
   * @param written what LogMiner writes in a statement
   * @param schema what the connector's events have for it
   */
  record Type(
      String name,
      int jdbc,
      int length,
      OptionalInt scale,
      String written,
      Schema schema,
      Object sent,
      org.apache.iceberg.types.Type lake,
      Object value) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Type type(
      String name,
      int jdbc,
      int length,
      String written,
      Schema schema,
      Object sent,
      org.apache.iceberg.types.Type lake,
      Object value) {
    return new Type(name, jdbc, length, OptionalInt.empty(), written, schema, sent, lake, value);
  }

  private static Type number(
      int precision,
      int scale,
      String written,
      Schema schema,
      Object sent,
      org.apache.iceberg.types.Type lake,
      Object value) {
    String name = "NUMBER(%d,%d)".formatted(precision, scale);
    return new Type(
        name, Types.NUMERIC, precision, OptionalInt.of(scale), written, schema, sent, lake, value);
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

  private static Type anyScale(String name, int jdbc, int length, String written, String lake) {
    Schema schema = optional(VariableScaleDecimal.builder());
    return type(
        name,
        jdbc,
        length,
        written,
        schema,
        VariableScaleDecimal.fromLogical(schema, new BigDecimal(written)),
        StringType.get(),
        lake);
  }

  private static Type text(String name, int jdbc, int length, String written, String value) {
    return type(
        name, jdbc, length, written, Schema.OPTIONAL_STRING_SCHEMA, value, StringType.get(), value);
  }

  private static Type bytes(String name, int jdbc, int length) {
    ByteBuffer value = ByteBuffer.wrap(new byte[] {0, -1});
    return type(
        name,
        jdbc,
        length,
        "HEXTORAW('00FF')",
        Schema.OPTIONAL_BYTES_SCHEMA,
        value,
        BinaryType.get(),
        value);
  }

  private static Stream<Type> types() {
    return Stream.concat(numbers(), others());
  }

  private static Stream<Type> numbers() {
    return Stream.of(
        number(2, 0, "-99", Schema.OPTIONAL_INT8_SCHEMA, (byte) -99, IntegerType.get(), -99),
        number(4, 0, "9999", Schema.OPTIONAL_INT16_SCHEMA, (short) 9999, IntegerType.get(), 9999),
        number(
            9,
            0,
            "-999999999",
            Schema.OPTIONAL_INT32_SCHEMA,
            -999999999,
            IntegerType.get(),
            -999999999),
        number(
            18,
            0,
            "9".repeat(18),
            Schema.OPTIONAL_INT64_SCHEMA,
            999999999999999999L,
            LongType.get(),
            999999999999999999L),
        number(
            38,
            0,
            "9".repeat(38),
            decimal(38, 0),
            new BigDecimal("9".repeat(38)),
            DecimalType.of(38, 0),
            new BigDecimal("9".repeat(38))),
        number(
            10,
            2,
            "1.5",
            decimal(10, 2),
            new BigDecimal("1.50"),
            DecimalType.of(10, 2),
            new BigDecimal("1.50")),
        number(5, -2, "1234500", Schema.OPTIONAL_INT32_SCHEMA, 1234500, IntegerType.get(), 1234500),
        number(
            20, -3, "12000", decimal(20, -3), new BigDecimal("12E+3"), StringType.get(), "12000"),
        number(
            2, 5, ".00012", decimal(2, 5), new BigDecimal("0.00012"), StringType.get(), "0.00012"),
        anyScale("NUMBER", Types.NUMERIC, 0, "100.25", "100.25"),
        anyScale("FLOAT(126)", Types.FLOAT, 126, ".1", "0.1"),
        type(
            "BINARY_FLOAT",
            BINARY_FLOAT,
            0,
            "0.1",
            Schema.OPTIONAL_FLOAT32_SCHEMA,
            0.1f,
            FloatType.get(),
            0.1f),
        type(
            "BINARY_DOUBLE",
            BINARY_DOUBLE,
            0,
            "1.0E-001",
            Schema.OPTIONAL_FLOAT64_SCHEMA,
            0.1,
            DoubleType.get(),
            0.1));
  }

  private static Stream<Type> others() {
    return Stream.of(
        text("VARCHAR2(20)", Types.VARCHAR, 20, "a 'b'", "a 'b'"),
        text("NVARCHAR2(20)", Types.NVARCHAR, 20, "UNISTR('gr\\00FC\\00DFe')", "grüße"),
        text("CHAR(3)", Types.CHAR, 3, "ab ", "ab "),
        text("CLOB", Types.CLOB, 4000, "long", "long"),
        text("ROWID", Types.ROWID, 10, "AAAR1QAAMAAAAFDAAA", "AAAR1QAAMAAAAFDAAA"),
        bytes("RAW(4)", Types.BINARY, 4),
        bytes("BLOB", Types.BLOB, 4000),
        type(
            "XMLTYPE",
            Types.SQLXML,
            0,
            "<a/>",
            optional(Xml.builder()),
            "<a/>",
            StringType.get(),
            "<a/>"),
        type(
            "DATE",
            Types.TIMESTAMP,
            7,
            "TO_DATE('2026-03-29 02:30:00', 'YYYY-MM-DD HH24:MI:SS')",
            optional(IsoTimestamp.builder()),
            "2026-03-29T02:30:00Z",
            TimestampType.withoutZone(),
            LocalDateTime.parse("2026-03-29T02:30:00")),
        type(
            "TIMESTAMP(6)",
            Types.TIMESTAMP,
            6,
            "TO_TIMESTAMP('9999-12-31 23:59:59.999999')",
            optional(IsoTimestamp.builder()),
            "9999-12-31T23:59:59.999999Z",
            TimestampType.withoutZone(),
            LocalDateTime.parse("9999-12-31T23:59:59.999999")),
        type(
            "TIMESTAMP WITH TIME ZONE",
            TIMESTAMPTZ,
            6,
            "TO_TIMESTAMP_TZ('2026-02-28 12:34:56.7 +02:00')",
            optional(ZonedTimestamp.builder()),
            "2026-02-28T12:34:56.700000+02:00",
            TimestampType.withZone(),
            OffsetDateTime.parse("2026-02-28T10:34:56.7Z")),
        type(
            "TIMESTAMP WITH LOCAL TIME ZONE",
            TIMESTAMPLTZ,
            6,
            "TO_TIMESTAMP_TZ('2026-02-28 12:34:56.7 +00:00')",
            optional(ZonedTimestamp.builder()),
            "2026-02-28T12:34:56.700000Z",
            TimestampType.withZone(),
            OffsetDateTime.parse("2026-02-28T12:34:56.7Z")),
        type(
            "INTERVAL YEAR TO MONTH",
            INTERVALYM,
            2,
            "TO_YMINTERVAL('-03-06')",
            optional(Interval.builder()),
            "P-3Y-6M0DT0H0M0S",
            StringType.get(),
            "P-3Y-6M0DT0H0M0S"),
        type(
            "INTERVAL DAY TO SECOND",
            INTERVALDS,
            2,
            "TO_DSINTERVAL('+03 04:05:06.789')",
            optional(Interval.builder()),
            "P0Y0M3DT4H5M6.789S",
            StringType.get(),
            "P0Y0M3DT4H5M6.789S"));
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
    Column column = column(type);
    Schema schema = converters.schemaBuilder(column).optional().build();
    assertThat(schema).isEqualTo(type.schema());
    assertThat(converters.converter(column, new Field("c", 0, schema)).convert(type.written()))
        .isEqualTo(type.sent());
  }

  private static Column column(Type type) {
    ColumnEditor column =
        Column.editor()
            .name("c")
            .type(type.name())
            .jdbcType(type.jdbc())
            .length(type.length())
            .optional(true);
    type.scale().ifPresent(column::scale);
    return column.create();
  }

  /** What stands for a large value that an update has not changed. */
  @Test
  void valueThatWasNotToldIsFilled() throws Exception {
    ValueConverterProvider converters = converters();
    Object untold =
        Class.forName(PACKAGE + "OracleValueConverters").getField("UNAVAILABLE_VALUE").get(null);
    ColumnType.Placeholder placeholder = ColumnType.Placeholder.of(ServerConfig.PLACEHOLDER);
    for (Type type : others().toList()) {
      if (type.name().matches("CLOB|BLOB|XMLTYPE")) {
        Column column = column(type);
        Object sent =
            converters.converter(column, new Field("c", 0, type.schema())).convert(untold);
        assertThat(ColumnType.of(type.schema(), placeholder).conversion().convert(sent))
            .as(type.name())
            .isEqualTo(Unavailable.VALUE);
      }
    }
  }

  /** The names of settings that Debezium does not publish, and what large values depend on. */
  @Test
  void settingsAreUnderstood() throws Exception {
    Object config = config();
    assertThat(asked(config, "isLobEnabled")).isEqualTo(true);
    assertThat(asked(config, "getLogMiningTransactionSnapshotBoundaryMode")).hasToString("ALL");
    assertThat(asked(config, "getLogMiningBufferType")).hasToString("MEMORY");
    assertThat(asked(config, "getConnectorAdapter")).hasToString("LOG_MINER");
    assertThat(asked(config, "skipUnparseableDdlStatements")).isEqualTo(false);
  }

  /** The build leaves out what other buffers than the memory need. */
  @Test
  void readerDoesWithoutWhatIsLeftOut() throws Exception {
    requireBuilt();
    for (String name :
        new String[] {
          "logminer.buffered.BufferedLogMinerStreamingChangeEventSource",
          "logminer.buffered.BufferedLogMinerAdapter",
          "OracleSnapshotChangeEventSource",
          "OracleConnectorTask",
          "OracleConnector"
        }) {
      assertThat(Class.forName(PACKAGE + name, true, getClass().getClassLoader())).isNotNull();
    }
    Class<?> config = Class.forName(PACKAGE + "OracleConnectorConfig");
    Object buffer =
        Class.forName(PACKAGE + "logminer.buffered.memory.MemoryCacheProvider")
            .getConstructor(config)
            .newInstance(config());
    assertThat(asked(buffer, "getTransactionCache")).isNotNull();
  }

  private static Object asked(Object of, String method) throws ReflectiveOperationException {
    return of.getClass().getMethod(method).invoke(of);
  }

  private static Object config() throws ReflectiveOperationException {
    requireBuilt();
    Map<String, String> settings = new HashMap<>(TestOracleEvents.SOURCE);
    String prefix = ServerConfig.SOURCE_PREFIX;
    ServerConfig.fixed(Map.of(prefix + "connector.class", SourceKind.ORACLE.connector()))
        .forEach((key, value) -> settings.put(key.substring(prefix.length()), value));
    settings.put("topic.prefix", ConnectorEvents.TOPIC);
    settings.put("unavailable.value.placeholder", ServerConfig.PLACEHOLDER);
    return Class.forName(PACKAGE + "OracleConnectorConfig")
        .getConstructor(Configuration.class)
        .newInstance(Configuration.from(settings));
  }

  private static void requireBuilt() {
    assumeTrue(isBuilt(), "this build lacks the connector of Oracle: mvn -Poracle");
  }

  private static ValueConverterProvider converters() throws ReflectiveOperationException {
    Object config = config();
    Class<?> connection = Class.forName(PACKAGE + "OracleConnection");
    JdbcConnection.ConnectionFactory standIn = unused -> withCharacterSet();
    return Class.forName(PACKAGE + "OracleValueConverters")
        .asSubclass(ValueConverterProvider.class)
        .getConstructor(config.getClass(), connection)
        .newInstance(
            config,
            connection
                .getConstructor(
                    JdbcConfiguration.class, JdbcConnection.ConnectionFactory.class, boolean.class)
                .newInstance(asked(config, "getJdbcConfig"), standIn, false));
  }

  /** Another database, of which the one thing is asked that the converters need. */
  private static Connection withCharacterSet() throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite::memory:");
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE nls_database_parameters (parameter TEXT, value TEXT)");
      statement.execute(
          "INSERT INTO nls_database_parameters VALUES ('NLS_NCHAR_CHARACTERSET', 'AL16UTF16')");
    }
    return connection;
  }

  private static boolean isBuilt() {
    try {
      SourceKind.ORACLE.requireBuilt();
      return true;
    } catch (SettingsException e) {
      return false;
    }
  }

  /** TIMESTAMP(9). */
  @Test
  void digitsThatTheLakeLacksStop() {
    assertThatThrownBy(() -> of(IsoTimestamp.schema(), "2026-02-28T12:34:56.123456789Z"))
        .isInstanceOf(ColumnType.UnsupportedValueException.class)
        .hasMessage("a time with more than six digits of its second");
  }

  private static @Nullable Object of(Schema schema, Object value) {
    return ColumnType.of(schema, Events.PLACEHOLDER).conversion().convert(value);
  }
}
