package dev.firn.ingest;

import dev.firn.ingest.ColumnType.UnsupportedTypeException;
import dev.firn.ingest.ColumnType.UnsupportedValueException;
import dev.firn.ingest.OtherTypes.Value;
import io.debezium.spi.converter.RelationalColumn;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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

  /** How the driver's names of types of arrays end. */
  private static final String ARRAYS = "_ARRAY";

  private static final String ARRAY = "array";
  private static final String ELEMENT = "element";
  private static final String DELIMITER = "delimiter";
  private static final String PRECISION = "precision";
  private static final String SCALE = "scale";
  private static final String NUMERIC = "numeric";

  /** An id within the type; the table gives it one of its own. */
  private static final int ANY_ID = 1;

  private PostgresArray() {}

  /**
   * The schema of a column's arrays.
   *
   * @param others what is asked about types that are not PostgreSQL's own
   */
  static SchemaBuilder schema(RelationalColumn column, OtherTypes others) {
    SchemaBuilder schema =
        SchemaBuilder.string().name(SCHEMA_NAME).parameter(ARRAY, column.typeName());
    Optional<Value> found =
        OtherTypes.isOwn(column.nativeType())
            ? Optional.of(own(column))
            : others.of(column.nativeType());
    found.ifPresent(element -> {
      schema
          .parameter(ELEMENT, element.name())
          .parameter(DELIMITER, Character.toString(element.delimiter()));
      if (PostgresValues.isFixed(element.precision(), element.scale())) {
        schema
            .parameter(PRECISION, Integer.toString(element.precision()))
            .parameter(SCALE, Integer.toString(element.scale()));
      }
    });
    return schema;
  }

  private static Value own(RelationalColumn column) {
    String array = Oid.toString(column.nativeType());
    String name =
        array.endsWith(ARRAYS)
            ? array.substring(0, array.length() - ARRAYS.length()).toLowerCase(Locale.ROOT)
            : Value.OTHER;
    return new Value(
        name, name.equals("box") ? ';' : ',', column.length().orElse(0), column.scale().orElse(0));
  }

  /**
   * What becomes of such a schema.
   *
   * @throws UnsupportedTypeException the lake has no exact type for the elements
   */
  static ColumnType type(Schema schema, ColumnType.Placeholder placeholder) {
    Map<String, String> parameters = schema.parameters();
    String name = parameters.get(ELEMENT);
    if (name == null) {
      throw new UnsupportedTypeException(parameters.getOrDefault(ARRAY, SCHEMA_NAME));
    }
    ColumnType element =
        name.equals(NUMERIC) && parameters.containsKey(PRECISION)
            ? PostgresText.decimal(
                Integer.parseInt(parameters.get(PRECISION)),
                Integer.parseInt(parameters.get(SCALE)))
            : PostgresText.type(name);
    char delimiter = parameters.getOrDefault(DELIMITER, ",").charAt(0);
    return new ColumnType(
            Types.ListType.ofOptional(ANY_ID, element.type()),
            value -> new Reader((String) value, delimiter, element.conversion()).read())
        .unlessUnchanged(placeholder);
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
