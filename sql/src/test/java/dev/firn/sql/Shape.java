package dev.firn.sql;

import dev.firn.writer.ColumnChanges;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.types.Types;

/**
 * What a table is made of.
 *
 * @param name of the table
 * @param key its key columns; none: it has no key
 * @param partition what it is partitioned by, as a setting has it; none: it is not
 */
record Shape(String name, Schema schema, List<String> key, List<String> partition) {
  private static final Types.NestedField ID =
      Types.NestedField.required(1, "id", Types.LongType.get());

  static final Shape KEYED =
      new Shape(
          "keyed",
          new Schema(ID, column(2, "name", Types.StringType.get())),
          List.of("id"),
          List.of());
  static final Shape COMPOSITE =
      new Shape(
          "composite",
          new Schema(
              column(1, "amount", Types.DecimalType.of(10, 2)),
              Types.NestedField.required(2, "place", Types.StringType.get()),
              Types.NestedField.required(3, "day", Types.DateType.get())),
          List.of("place", "day"),
          List.of());
  static final Shape KEYLESS =
      new Shape(
          "keyless",
          new Schema(
              column(1, "flag", Types.BooleanType.get()),
              column(2, "amount", Types.DecimalType.of(3, 1))),
          List.of(),
          List.of());
  static final Shape PARTITIONED =
      new Shape(
          "partitioned",
          new Schema(
              ID,
              column(2, "flag", Types.BooleanType.get()),
              column(3, "n", Types.IntegerType.get())),
          List.of("id"),
          List.of("flag"));

  /** By values of all kinds, which are in paths of files as well; sorted. */
  static final Shape LAID_OUT =
      new Shape(
          "laid_out",
          new Schema(
              ID,
              column(2, "name", Types.StringType.get()),
              column(3, "at", Types.TimestampType.withZone())),
          List.of("id"),
          List.of("bucket(2, id)", "truncate(1, name)"));

  /** Its columns change while it is written. */
  static final Shape GROWING =
      new Shape(
          "growing",
          new Schema(ID, column(2, "n", Types.IntegerType.get())),
          List.of("id"),
          List.of());

  static final ColumnChanges GROWTH =
      new ColumnChanges(
          List.of(new ColumnChanges.NewColumn("note", Types.StringType.get(), null)),
          Map.of("n", Types.LongType.get()),
          Set.of("id", "n", "note"));

  /** Every type but that which Spark does not know. */
  static final Shape TYPED =
      new Shape(
          "typed",
          new Schema(
              Types.NestedField.required(1, "id", Types.UUIDType.get()),
              column(2, "a_boolean", Types.BooleanType.get()),
              column(3, "an_int", Types.IntegerType.get()),
              column(4, "a_long", Types.LongType.get()),
              column(5, "a_float", Types.FloatType.get()),
              column(6, "a_double", Types.DoubleType.get()),
              column(7, "a_string", Types.StringType.get()),
              column(8, "a_small_decimal", Types.DecimalType.of(9, 2)),
              column(9, "a_decimal", Types.DecimalType.of(18, 0)),
              column(10, "a_large_decimal", Types.DecimalType.of(38, 10)),
              column(11, "a_date", Types.DateType.get()),
              column(12, "a_timestamp", Types.TimestampType.withoutZone()),
              column(13, "an_instant", Types.TimestampType.withZone()),
              column(14, "a_uuid", Types.UUIDType.get()),
              column(15, "bytes", Types.BinaryType.get()),
              column(16, "numbers", Types.ListType.ofOptional(18, Types.IntegerType.get())),
              column(17, "texts", Types.ListType.ofOptional(19, Types.StringType.get())),
              column(
                  20,
                  "a_map",
                  Types.MapType.ofOptional(21, 22, Types.StringType.get(), Types.StringType.get())),
              column(23, "a_point", point(24, 25)),
              column(26, "points", Types.ListType.ofOptional(27, point(28, 29)))),
          List.of("id"),
          List.of());

  /** With the type that Spark does not know. */
  static final Shape TIMED =
      new Shape(
          "timed",
          new Schema(ID, column(2, "a_time", Types.TimeType.get())),
          List.of("id"),
          List.of());

  /** With documents, which format 2 does not have. */
  static final Shape DOCUMENTS =
      new Shape(
          "documents",
          new Schema(ID, column(2, "document", Types.VariantType.get())),
          List.of("id"),
          List.of());

  /** The same, told apart by them. */
  static final Shape KEYLESS_DOCUMENTS =
      new Shape(
          "keyless_documents",
          new Schema(column(1, "document", Types.VariantType.get())),
          List.of(),
          List.of());

  /** With another type that Spark does not know. */
  static final Shape NANOSECONDS =
      new Shape(
          "nanoseconds",
          new Schema(ID, column(2, "at", Types.TimestampNanoType.withoutZone())),
          List.of("id"),
          List.of());

  private static final List<Shape> OF_ALL_VERSIONS =
      List.of(KEYED, COMPOSITE, KEYLESS, PARTITIONED, LAID_OUT, GROWING, TYPED, TIMED);

  /** Those that a format version has. */
  static List<Shape> all(int formatVersion) {
    return formatVersion < 3
        ? OF_ALL_VERSIONS
        : Stream.concat(
                OF_ALL_VERSIONS.stream(), Stream.of(DOCUMENTS, KEYLESS_DOCUMENTS, NANOSECONDS))
            .toList();
  }

  private static Types.StructType point(int x, int y) {
    return Types.StructType.of(
        Types.NestedField.required(x, "x", Types.DoubleType.get()),
        Types.NestedField.required(y, "y", Types.DoubleType.get()));
  }

  private static Types.NestedField column(int id, String name, org.apache.iceberg.types.Type type) {
    return Types.NestedField.optional(id, name, type);
  }
}
