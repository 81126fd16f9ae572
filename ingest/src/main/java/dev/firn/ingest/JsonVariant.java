package dev.firn.ingest;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.firn.ingest.ColumnType.UnsupportedValueException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.iceberg.variants.PhysicalType;
import org.apache.iceberg.variants.ShreddedObject;
import org.apache.iceberg.variants.ValueArray;
import org.apache.iceberg.variants.Variant;
import org.apache.iceberg.variants.VariantMetadata;
import org.apache.iceberg.variants.VariantValue;
import org.apache.iceberg.variants.Variants;
import org.apache.kafka.connect.data.SchemaBuilder;

/**
 * Makes variants of JSON: the value exactly, not how it is written (blanks, the order of keys,
 * {@code 1e2} for 100). What a variant cannot hold is a value that the column cannot hold.
 */
final class JsonVariant {
  /** The name of the Connect schema: a text of JSON. */
  static final String SCHEMA_NAME = "dev.firn.Variant";

  /** Objects and arrays in one another: the most that Iceberg and Jackson read. */
  static final int MAX_LEVELS = 1_000;

  /** The most that Spark reads, for the value and for the names in it. */
  static final int MAX_BYTES = 128 << 20;

  private static final int MAX_DIGITS = 38;
  private static final int MAX_DIGITS_OF_8_BYTES = 18;
  private static final int MAX_DIGITS_OF_4_BYTES = 9;

  /** The limits are ours: they depend on what a variant holds. */
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private final JsonParser parser;
  private final Set<String> names = new TreeSet<>();

  private JsonVariant(JsonParser parser) {
    this.parser = parser;
  }

  static SchemaBuilder schema() {
    return SchemaBuilder.string().name(SCHEMA_NAME);
  }

  /**
   * The value of a text.
   *
   * @throws UnsupportedValueException a variant cannot hold it, or it is no JSON
   */
  static Variant of(String json) {
    requireAtMost(json.length());
    try (JsonParser parser = JSON.createParser(json)) {
      JsonVariant reading = new JsonVariant(parser);
      Object value = reading.value(parser.nextToken(), 0);
      if (parser.nextToken() != null) {
        throw noJson();
      }
      return variant(Variants.metadata(reading.names), value);
    } catch (IOException e) {
      // Without its message: that has the value.
      throw noJson();
    }
  }

  private static UnsupportedValueException noJson() {
    return new UnsupportedValueException("a text that is no JSON");
  }

  private static void requireAtMost(int bytes) {
    if (bytes > MAX_BYTES) {
      throw new UnsupportedValueException(
          "a JSON document of more than %d MB".formatted(MAX_BYTES >> 20));
    }
  }

  /** A map, a list, or what a variant has for the value. */
  private Object value(JsonToken token, int level) throws IOException {
    return switch (token) {
      case START_OBJECT -> object(deeper(level));
      case START_ARRAY -> array(deeper(level));
      case VALUE_STRING -> Variants.of(whole(parser.getText()));
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser.getText());
      case VALUE_TRUE -> Variants.of(true);
      case VALUE_FALSE -> Variants.of(false);
      case VALUE_NULL -> Variants.ofNull();
      case null, default -> throw noJson();
    };
  }

  private static int deeper(int level) {
    if (level == MAX_LEVELS) {
      throw new UnsupportedValueException("JSON of more than %d levels".formatted(MAX_LEVELS));
    }
    return level + 1;
  }

  private Map<String, Object> object(int level) throws IOException {
    Map<String, Object> fields = new TreeMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = whole(parser.currentName());
      names.add(name);
      if (fields.put(name, value(parser.nextToken(), level)) != null) {
        throw new UnsupportedValueException("a JSON object that has a key twice");
      }
    }
    return fields;
  }

  private List<Object> array(int level) throws IOException {
    List<Object> elements = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      elements.add(value(parser.currentToken(), level));
    }
    return elements;
  }

  /** UTF-8 has no half of a surrogate pair, which an escape may write. */
  private static String whole(String text) {
    for (int i = 0; i < text.length(); i++) {
      char letter = text.charAt(i);
      if (Character.isHighSurrogate(letter)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(letter)) {
        throw new UnsupportedValueException("a JSON text with half of a surrogate pair");
      }
    }
    return text;
  }

  private static VariantValue number(String text) {
    try {
      BigDecimal number = new BigDecimal(text);
      if (number.signum() == 0 && text.startsWith("-")) {
        return Variants.of(-0.0);
      }
      BigDecimal held = withDigits(number);
      return held.scale() == 0 && held.precision() <= MAX_DIGITS_OF_8_BYTES
          ? integer(held.longValueExact())
          : isDecimal(held) ? decimal(held) : binary(held);
    } catch (NumberFormatException e) {
      // Its exponent has more than ten digits.
      throw noNumber();
    }
  }

  /** With the digits that it is written with, zeros at the end too, where there is place. */
  private static BigDecimal withDigits(BigDecimal number) {
    if (isDecimal(number)) {
      return number;
    }
    BigDecimal least = number.stripTrailingZeros();
    boolean isWhole = least.scale() < 0 && (long) least.precision() - least.scale() <= MAX_DIGITS;
    return isWhole ? least.setScale(0) : least;
  }

  private static boolean isDecimal(BigDecimal number) {
    return number.scale() >= 0 && Math.max(number.precision(), number.scale()) <= MAX_DIGITS;
  }

  private static VariantValue integer(long number) {
    if (number == (byte) number) {
      return Variants.of((byte) number);
    }
    if (number == (short) number) {
      return Variants.of((short) number);
    }
    return number == (int) number ? Variants.of((int) number) : Variants.of(number);
  }

  /** Spark refuses one whose scale is larger than the digits that its size has. */
  private static VariantValue decimal(BigDecimal number) {
    int digits = Math.max(number.precision(), number.scale());
    PhysicalType type =
        digits <= MAX_DIGITS_OF_4_BYTES
            ? PhysicalType.DECIMAL4
            : digits <= MAX_DIGITS_OF_8_BYTES ? PhysicalType.DECIMAL8 : PhysicalType.DECIMAL16;
    return Variants.of(type, number);
  }

  /** A double whose shortest decimal is the number. */
  private static VariantValue binary(BigDecimal number) {
    double nearest = number.doubleValue();
    if (Double.isInfinite(nearest) || BigDecimal.valueOf(nearest).compareTo(number) != 0) {
      throw noNumber();
    }
    return Variants.of(nearest);
  }

  private static UnsupportedValueException noNumber() {
    return new UnsupportedValueException(
        "a number in JSON that is neither a decimal of 38 digits nor a double");
  }

  /** In one piece, as a file has it. */
  private static Variant variant(VariantMetadata metadata, Object parsed) {
    VariantValue value = value(metadata, parsed);
    requireAtMost(Math.max(metadata.sizeInBytes(), value.sizeInBytes()));
    ByteBuffer bytes = ByteBuffer.allocate(value.sizeInBytes()).order(ByteOrder.LITTLE_ENDIAN);
    value.writeTo(bytes, 0);
    return Variant.of(metadata, Variants.value(metadata, bytes));
  }

  private static VariantValue value(VariantMetadata metadata, Object parsed) {
    return switch (parsed) {
      case Map<?, ?> fields -> {
        ShreddedObject object = Variants.object(metadata);
        fields.forEach((name, value) -> object.put((String) name, value(metadata, value)));
        yield object;
      }
      case List<?> elements -> {
        ValueArray array = Variants.array();
        elements.forEach(element -> array.add(value(metadata, element)));
        yield array;
      }
      default -> (VariantValue) parsed;
    };
  }
}
