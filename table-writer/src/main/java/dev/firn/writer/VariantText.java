package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.apache.iceberg.variants.PhysicalType;
import org.apache.iceberg.variants.Variant;
import org.apache.iceberg.variants.VariantArray;
import org.apache.iceberg.variants.VariantObject;
import org.apache.iceberg.variants.VariantPrimitive;
import org.apache.iceberg.variants.VariantValue;

/**
 * A variant as JSON without blanks, keys in their order. What JSON has no form for bears the name
 * of its type.
 */
public final class VariantText {
  private static final int FIRST_PLAIN = 0x20;

  private final StringBuilder text = new StringBuilder();
  private final UnaryOperator<BigDecimal> digits;

  private VariantText(UnaryOperator<BigDecimal> digits) {
    this.digits = digits;
  }

  /** Numbers have the digits that the variant has, such as {@code 1.50}. */
  public static String of(Variant variant) {
    return new VariantText(UnaryOperator.identity()).whole(variant);
  }

  /**
   * The same for equal variants, however a file has them: numbers without zeros at the end, which a
   * shredded file may have others of.
   */
  public static String canonical(Variant variant) {
    return new VariantText(BigDecimal::stripTrailingZeros).whole(variant);
  }

  private String whole(Variant variant) {
    put(variant.value());
    return text.toString();
  }

  private void put(VariantValue value) {
    switch (value.type()) {
      case OBJECT -> put(value.asObject());
      case ARRAY -> put(value.asArray());
      default -> put(value.asPrimitive());
    }
  }

  private void put(VariantObject object) {
    TreeSet<String> names = new TreeSet<>();
    object.fieldNames().forEach(names::add);
    String before = "{";
    for (String name : names) {
      text.append(before);
      quote(name);
      text.append(':');
      put(requireNonNull(object.get(name), "a name without a value"));
      before = ",";
    }
    text.append(names.isEmpty() ? "{}" : "}");
  }

  private void put(VariantArray array) {
    text.append('[');
    for (int i = 0; i < array.numElements(); i++) {
      text.append(i == 0 ? "" : ",");
      put(array.get(i));
    }
    text.append(']');
  }

  private void put(VariantPrimitive<?> primitive) {
    switch (primitive.type()) {
      case NULL -> text.append("null");
      case STRING -> quote((String) primitive.get());
      case BOOLEAN_TRUE, BOOLEAN_FALSE, INT8, INT16, INT32, INT64, DOUBLE ->
          text.append(primitive.get());
      case DECIMAL4, DECIMAL8, DECIMAL16 ->
          text.append(digits.apply((BigDecimal) primitive.get()).toPlainString());
      default -> put(primitive.type(), primitive.get());
    }
  }

  /** None that JSON has. */
  private void put(PhysicalType type, Object value) {
    text.append(type).append('(').append(shown(value)).append(')');
  }

  private static Object shown(Object value) {
    if (value instanceof ByteBuffer buffer) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.duplicate().get(bytes);
      return HexFormat.of().formatHex(bytes);
    }
    return value;
  }

  private void quote(String string) {
    text.append('"');
    for (int i = 0; i < string.length(); i++) {
      char letter = string.charAt(i);
      if (letter == '"' || letter == '\\') {
        text.append('\\').append(letter);
      } else if (letter < FIRST_PLAIN) {
        text.append("\\u00").append(HexFormat.of().toHexDigits((byte) letter));
      } else {
        text.append(letter);
      }
    }
    text.append('"');
  }
}
