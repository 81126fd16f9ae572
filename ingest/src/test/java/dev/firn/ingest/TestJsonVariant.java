package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.writer.Unavailable;
import dev.firn.writer.VariantText;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.variants.PhysicalType;
import org.apache.iceberg.variants.Variant;
import org.apache.iceberg.variants.VariantValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TestJsonVariant {
  /** What a reader finds in the bytes that a file has. */
  private static String read(String json) {
    Variant variant = JsonVariant.of(json);
    int names = variant.metadata().sizeInBytes();
    ByteBuffer bytes =
        ByteBuffer.allocate(names + variant.value().sizeInBytes()).order(ByteOrder.LITTLE_ENDIAN);
    variant.metadata().writeTo(bytes, 0);
    variant.value().writeTo(bytes, names);
    return VariantText.of(Variant.from(bytes));
  }

  private static VariantValue number(String text) {
    return JsonVariant.of(text).value();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "true",
        "[]",
        "{}",
        "\"\"",
        "{\"\":{\"\":[]}}",
        "[1,-1,127,128,-32768,32768,2147483647,2147483648,-9223372036854775808]",
        "[99999999999999999999999999999999999999,-99999999999999999999999999999999999999]",
        "[1.50,0.00,-0.10,1e0]",
        "{\"a\":[1,{\"b\":null,\"c\":\"ü🙂\\\"\\\\\"}],\"b\":false}"
      })
  void whatItHoldsIsWhatWasWritten(String json) {
    assertThat(read(json)).isEqualTo(json.replace("1e0", "1"));
  }

  @Test
  void blanksOrderAndEscapesAreNoPartOfTheValue() {
    assertThat(read(" { \"b\" : 1 , \"a\" : \"\\u0061\\/\\n\" } "))
        .isEqualTo("{\"a\":\"a/\\u000a\",\"b\":1}");
    assertThat(read("\"x\\u0000y\"")).isEqualTo("\"x\\u0000y\"");
  }

  @ParameterizedTest
  @CsvSource({
    "1e2, INT8, 100",
    "1e37, DECIMAL16, 10000000000000000000000000000000000000",
    "1e38, DOUBLE, 1.0E38",
    "-0, DOUBLE, -0.0",
    "-0.00, DOUBLE, -0.0",
    "0e99999, INT8, 0",
    "1.7976931348623157e308, DOUBLE, 1.7976931348623157E308",
    "4.9e-324, DOUBLE, 4.9E-324",
    "0.1, DECIMAL4, 0.1",
    "0.000000001, DECIMAL4, 1E-9",
    "0.0000000001, DECIMAL8, 1E-10",
    "0.0000000000000000001, DECIMAL16, 1E-19",
    "1e-38, DECIMAL16, 1E-38",
    "1e-39, DOUBLE, 1.0E-39",
    "1.00000000000000000000000000000000000000, INT8, 1",
    "0.12345678901234567890123456789012345678, DECIMAL16, 0.12345678901234567890123456789012345678",
    "999999999, INT32, 999999999",
    "9999999999999999999, DECIMAL16, 9999999999999999999"
  })
  void numbersHaveTheirValue(String json, PhysicalType type, String value) {
    VariantValue number = number(json);
    assertThat(number.type()).isEqualTo(type);
    assertThat(number.asPrimitive().get()).hasToString(value);
  }

  @Test
  void longWholeNumberOfJsonbIsADouble() {
    assertThat(number("1" + "0".repeat(300)).asPrimitive().get()).isEqualTo(1e300);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "123456789012345678901234567890123456789",
        "0.123456789012345678901234567890123456789",
        "1e400",
        "-1e309",
        "1e-400",
        "1e99999999999",
        "1e-99999999999",
        "1.79769313486231581e308"
      })
  void numbersThatNothingHoldsAreRefused(String json) {
    assertThatThrownBy(() -> JsonVariant.of("[" + json + "]"))
        .isInstanceOf(ColumnType.UnsupportedValueException.class)
        .hasMessageContaining("neither a decimal of 38 digits nor a double");
  }

  /** Whatever a double was before it became JSON. */
  @Test
  void doublesAreHeldAsTheyAreWritten() {
    Random random = new Random(7);
    for (int i = 0; i < 100_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(value) && value != 0) {
        Object held = number(Double.toString(value)).asPrimitive().get();
        assertThat(new BigDecimal(held.toString()))
            .isEqualByComparingTo(new BigDecimal(Double.toString(value)));
      }
    }
  }

  @Test
  void keyThatIsThereTwiceIsRefused() {
    assertThatThrownBy(() -> JsonVariant.of("[{\"secret\":1,\"b\":2,\"secret\":1}]"))
        .isInstanceOf(ColumnType.UnsupportedValueException.class)
        .hasMessage("a JSON object that has a key twice");
    assertThat(read("[{\"a\":1},{\"a\":2}]")).isEqualTo("[{\"a\":1},{\"a\":2}]");
  }

  @Test
  void halfOfASurrogatePairIsRefused() {
    for (String half : new String[] {"\\ud83d", "\\ude42", "\\ude42\\ud83d", "x\\ud83dx"}) {
      assertThatThrownBy(() -> JsonVariant.of("\"" + half + "\""))
          .hasMessage("a JSON text with half of a surrogate pair");
      assertThatThrownBy(() -> JsonVariant.of("{\"" + half + "\":1}"))
          .hasMessage("a JSON text with half of a surrogate pair");
    }
    assertThat(read("\"\\ud83d\\ude42\"")).isEqualTo("\"🙂\"");
  }

  @Test
  void levelsAreThoseThatIcebergReads() {
    int levels = JsonVariant.MAX_LEVELS;
    String deep = "[".repeat(levels) + "1" + "]".repeat(levels);
    assertThat(read(deep)).isEqualTo(deep);
    String objects = "{\"a\":".repeat(levels) + "1" + "}".repeat(levels);
    assertThat(read(objects)).isEqualTo(objects);
    assertThatThrownBy(() -> JsonVariant.of("[" + deep + "]"))
        .hasMessage("JSON of more than 1000 levels");
    // Far deeper, the stack must not matter.
    assertThatThrownBy(() -> JsonVariant.of("[".repeat(1_000_000)))
        .hasMessage("JSON of more than 1000 levels");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "{", "[1,]", "{\"a\"}", "1 2", "secret", "NaN", "01", "'a'"})
  void textThatIsNoJsonIsRefusedWithoutItsWords(String text) {
    assertThatThrownBy(() -> JsonVariant.of(text))
        .isInstanceOf(ColumnType.UnsupportedValueException.class)
        .hasMessage("a text that is no JSON");
  }

  @Test
  void documentThatSparkWouldNotReadIsRefused() {
    assertThatThrownBy(() -> JsonVariant.of(" ".repeat(JsonVariant.MAX_BYTES) + "1"))
        .hasMessage("a JSON document of more than 128 MB");
  }

  @Test
  void schemaSaysThatItIsOne() {
    ColumnType type = ColumnType.of(JsonVariant.schema().build(), Events.PLACEHOLDER);
    assertThat(type.type()).isEqualTo(Types.VariantType.get());
    assertThat(type.conversion().convert("unavailable")).isSameAs(Unavailable.VALUE);
    assertThat(VariantText.of((Variant) type.conversion().convert("[1]"))).isEqualTo("[1]");
  }
}
