package dev.firn.ingest.sql;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.trino.jdbc.Row;
import io.trino.jdbc.RowField;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An object of JSON for each row, on a line of its own.
 *
 * <p>Whole numbers, {@code real} and {@code double} are numbers, decimals are text with all digits,
 * binary values are text of hexadecimal digits, arrays are arrays, maps and rows objects,
 * everything else is text as Trino writes it. {@code NaN} and the infinities are text. A second
 * column of a name gets {@code _2} behind it.
 */
public final class JsonLines implements Answer {
  private static final JsonFactory JSON = new JsonFactory();

  @Override
  public long show(ResultSet rows, PrintWriter out) throws SQLException {
    List<String> names = names(rows.getMetaData());
    long count = 0;
    while (rows.next()) {
      out.println(line(rows, names));
      count++;
    }
    out.flush();
    return count;
  }

  private static List<String> names(ResultSetMetaData columns) throws SQLException {
    List<String> names = new ArrayList<>();
    Set<String> taken = new HashSet<>();
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      String name = columns.getColumnLabel(i);
      String free = name;
      for (int n = 2; !taken.add(free); n++) {
        free = name + "_" + n;
      }
      names.add(free);
    }
    return names;
  }

  private static String line(ResultSet row, List<String> names) throws SQLException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      for (int i = 1; i <= names.size(); i++) {
        json.writeFieldName(names.get(i - 1));
        write(json, Cell.value(row, i));
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void write(JsonGenerator json, @Nullable Object value)
      throws IOException, SQLException {
    switch (value) {
      case null -> json.writeNull();
      case Boolean truth -> json.writeBoolean(truth);
      case Byte number -> json.writeNumber(number.intValue());
      case Short number -> json.writeNumber(number.intValue());
      case Integer number -> json.writeNumber(number);
      case Long number -> json.writeNumber(number);
      case Float number when Float.isFinite(number) -> json.writeNumber(number);
      case Double number when Double.isFinite(number) -> json.writeNumber(number);
      case Cell.Document document -> json.writeRawValue(document.json());
      case byte[] bytes -> json.writeString(HexFormat.of().formatHex(bytes));
      case Array array -> writeAll(json, Arrays.asList((Object[]) array.getArray()));
      case List<?> list -> writeAll(json, list);
      case Row row -> writeFields(json, row);
      case Map<?, ?> map -> writeFields(json, map);
      default -> json.writeString(Cell.text(value));
    }
  }

  private static void writeAll(JsonGenerator json, List<?> values)
      throws IOException, SQLException {
    json.writeStartArray();
    for (@Nullable Object value : values) {
      write(json, value);
    }
    json.writeEndArray();
  }

  private static void writeFields(JsonGenerator json, Row row) throws IOException, SQLException {
    json.writeStartObject();
    for (RowField field : row.getFields()) {
      json.writeFieldName(field.getName().orElse("_" + (field.getOrdinal() + 1)));
      write(json, field.getValue());
    }
    json.writeEndObject();
  }

  private static void writeFields(JsonGenerator json, Map<?, ?> fields)
      throws IOException, SQLException {
    json.writeStartObject();
    for (Map.Entry<?, ?> field : fields.entrySet()) {
      json.writeFieldName(String.valueOf(field.getKey()));
      write(json, field.getValue());
    }
    json.writeEndObject();
  }
}
