package dev.firn.sql;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.writer.VariantText;
import io.trino.jdbc.Row;
import io.trino.jdbc.RowField;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.variants.Variant;
import org.jspecify.annotations.Nullable;

/** One text for a value, whichever engine has read it; {@code NULL} for none. */
final class Values {
  private static final String ZONE = " UTC";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private Values() {}

  /** Of a value as Iceberg's own reader gives it. */
  static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "NULL";
      case byte[] bytes -> HexFormat.of().formatHex(bytes);
      case ByteBuffer buffer -> {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        yield HexFormat.of().formatHex(bytes);
      }
      case BigDecimal number -> number.toPlainString();
      // JDKs differ in the shortest decimals for them.
      case Float number -> Float.toHexString(number);
      case Double number -> Double.toHexString(number);
      case OffsetDateTime time -> time.toInstant().toString();
      case List<?> list -> list.stream().map(Values::text).toList().toString();
      case Map<?, ?> map -> {
        Map<String, String> texts = new TreeMap<>();
        map.forEach((key, to) -> texts.put(text(key), text(to)));
        yield texts.toString();
      }
      case Variant document -> json(VariantText.of(document));
      case Record struct -> text(IntStream.range(0, struct.size()).mapToObj(struct::get).toList());
      case Row struct -> text(struct.getFields().stream().map(RowField::getValue).toList());
      default -> value.toString();
    };
  }

  /** Of a column of the present row; its session is in UTC. */
  static String text(ResultSet row, int column) throws SQLException {
    String text = row.getString(column);
    if (text == null) {
      return text(null);
    }
    if (row.getMetaData().getColumnTypeName(column).equals("variant")) {
      return json(text);
    }
    // Trino's driver would use classes that know two calendars and no microseconds.
    return switch (row.getMetaData().getColumnType(column)) {
      case Types.DATE -> LocalDate.parse(text).toString();
      case Types.TIME -> LocalTime.parse(text).toString();
      case Types.TIMESTAMP -> local(text).toString();
      case Types.TIMESTAMP_WITH_TIMEZONE ->
          local(text.substring(0, text.length() - ZONE.length()))
              .toInstant(ZoneOffset.UTC)
              .toString();
      case Types.ARRAY -> text(Arrays.asList((Object[]) row.getArray(column).getArray()));
      default -> text(row.getObject(column));
    };
  }

  /** Of a document: engines differ in the order of keys and in zeros at the end of a number. */
  static String json(String text) {
    try {
      return json(JSON.readTree(text));
    } catch (IOException e) {
      throw new UncheckedIOException("no JSON: " + text, e);
    }
  }

  private static String json(JsonNode node) {
    if (node.isArray()) {
      return node.valueStream().map(Values::json).toList().toString();
    }
    if (node.isObject()) {
      Map<String, String> fields = new TreeMap<>();
      node.forEachEntry((name, value) -> fields.put(name, json(value)));
      return fields.toString();
    }
    return node.isNumber() ? number(node.decimalValue()) : node.toString();
  }

  private static String number(BigDecimal number) {
    return number.stripTrailingZeros().toString();
  }

  private static LocalDateTime local(String text) {
    return LocalDateTime.parse(text.replace(' ', 'T'));
  }
}
