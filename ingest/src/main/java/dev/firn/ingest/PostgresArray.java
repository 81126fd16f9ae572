package dev.firn.ingest;

import dev.firn.ingest.ColumnType.UnsupportedTypeException;
import dev.firn.ingest.ColumnType.UnsupportedValueException;
import dev.firn.writer.Unavailable;
import io.debezium.spi.converter.RelationalColumn;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.iceberg.types.Types;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.Oid;

/**
 * Arrays of PostgreSQL. They come as the text that it writes for them, which its documentation
 * describes in "Array Input and Output Syntax", and become lists.
 */
final class PostgresArray {
  /** The name of the Connect schema: such a text. */
  static final String SCHEMA_NAME = "dev.firn.Array";

  /** Types from here on are not PostgreSQL's own: extensions' and users'. */
  private static final int FIRST_OTHER_OID = 16_384;

  /** How the driver's names of types of arrays end. */
  private static final String ARRAYS = "_ARRAY";

  private static final String ARRAY = "array";
  private static final String ELEMENT = "element";
  private static final String OTHER = "other";
  private static final String PRECISION = "precision";
  private static final String SCALE = "scale";
  private static final String NUMERIC = "numeric";

  /** An id within the type; the table gives it one of its own. */
  private static final int ANY_ID = 1;

  private PostgresArray() {}

  /** The schema of a column's arrays. */
  static SchemaBuilder schema(RelationalColumn column) {
    SchemaBuilder schema =
        SchemaBuilder.string()
            .name(SCHEMA_NAME)
            .parameter(ARRAY, column.typeName())
            .parameter(ELEMENT, element(column.nativeType()));
    int precision = column.length().orElse(0);
    int scale = column.scale().orElse(0);
    return PostgresValues.isFixed(precision, scale)
        ? schema
            .parameter(PRECISION, Integer.toString(precision))
            .parameter(SCALE, Integer.toString(scale))
        : schema;
  }

  /**
   * The name of the elements' type as far as it is known; empty where it is not PostgreSQL's own.
   */
  private static String element(int arrays) {
    if (arrays >= FIRST_OTHER_OID) {
      return "";
    }
    String name = Oid.toString(arrays);
    return name.endsWith(ARRAYS)
        ? name.substring(0, name.length() - ARRAYS.length()).toLowerCase(Locale.ROOT)
        : OTHER;
  }

  /**
   * What becomes of such a schema.
   *
   * @throws UnsupportedTypeException the elements' type is not PostgreSQL's own
   */
  static ColumnType type(Schema schema, ColumnType.Placeholder placeholder) {
    Map<String, String> parameters = schema.parameters();
    String name = parameters.getOrDefault(ELEMENT, "");
    if (name.isEmpty()) {
      // Its elements may be separated by something else than a comma.
      throw new UnsupportedTypeException(parameters.getOrDefault(ARRAY, SCHEMA_NAME));
    }
    ColumnType element =
        name.equals(NUMERIC) && parameters.containsKey(PRECISION)
            ? PostgresText.decimal(
                Integer.parseInt(parameters.get(PRECISION)),
                Integer.parseInt(parameters.get(SCALE)))
            : PostgresText.type(name);
    char delimiter = name.equals("box") ? ';' : ',';
    return new ColumnType(
        Types.ListType.ofOptional(ANY_ID, element.type()),
        value ->
            placeholder.inText(value) == Unavailable.VALUE
                ? Unavailable.VALUE
                : new Reader((String) value, delimiter, element.conversion()).read());
  }

  /** Reads one text, character by character. */
  private static final class Reader {
    private final String text;
    private final char delimiter;
    private final ColumnType.Conversion conversion;
    private final List<@Nullable Object> elements = new ArrayList<>();
    private int at;

    Reader(String text, char delimiter, ColumnType.Conversion conversion) {
      this.text = text;
      this.delimiter = delimiter;
      this.conversion = conversion;
    }

    List<@Nullable Object> read() {
      if (!text.startsWith("{") || !text.endsWith("}")) {
        throw new UnsupportedValueException(
            text.startsWith("[") ? "an array that does not begin at 1" : "no array");
      }
      at = 1;
      while (text.charAt(at) != '}') {
        elements.add(element());
        if (text.charAt(at) == delimiter) {
          at++;
        }
      }
      return elements;
    }

    private @Nullable Object element() {
      if (text.charAt(at) == '{') {
        throw new UnsupportedValueException("an array of several dimensions");
      }
      if (text.charAt(at) == '"') {
        return conversion.convert(quoted());
      }
      String bare = bare();
      return bare.equals("NULL") ? null : conversion.convert(bare);
    }

    private String quoted() {
      StringBuilder element = new StringBuilder();
      at++;
      while (text.charAt(at) != '"') {
        if (text.charAt(at) == '\\') {
          at++;
        }
        element.append(text.charAt(at++));
      }
      at++;
      return element.toString();
    }

    private String bare() {
      int start = at;
      while (text.charAt(at) != delimiter && text.charAt(at) != '}') {
        at++;
      }
      return text.substring(start, at);
    }
  }
}
