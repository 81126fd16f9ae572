package dev.firn.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rows without a key are told apart by all that they hold, also by what is within a value. */
class TestNestedKeys {
  private static final Types.StructType POINT = point(11, 12);
  private static final Type MAP =
      Types.MapType.ofOptional(21, 22, Types.StringType.get(), Types.StringType.get());
  private static final Type LISTS =
      Types.ListType.ofOptional(31, Types.ListType.ofOptional(32, Types.StringType.get()));

  private static Types.StructType point(int x, int y) {
    return Types.StructType.of(
        Types.NestedField.optional(x, "x", Types.DoubleType.get()),
        Types.NestedField.optional(y, "y", Types.DoubleType.get()));
  }

  @Test
  void structsDifferByTheirFields() {
    requireApart(
        POINT, at(1.0, 2.0), at(2.0, 1.0), at(1.0, null), at(null, 1.0), at(null, null), null);
    assertThat(key(POINT, at(1.0, 2.0))).isEqualTo(key(POINT, at(1.0, 2.0)));
  }

  @Test
  void mapsDifferByTheirEntries() {
    requireApart(
        MAP,
        Map.of(),
        Map.of("a", "b"),
        Map.of("b", "a"),
        Map.of("a", "b", "c", "d"),
        nullAt("a"),
        Map.of("ab", ""),
        null);
  }

  @Test
  void orderOfAMapTellsNothing() {
    Map<String, String> turned = new LinkedHashMap<>();
    turned.put("c", "d");
    turned.put("a", "b");
    assertThat(key(MAP, turned)).isEqualTo(key(MAP, new TreeMap<>(turned)));
  }

  @Test
  void listsDifferByWhereTheyEnd() {
    requireApart(
        LISTS,
        List.of(),
        List.of(List.of()),
        List.of(List.of(), List.of()),
        List.of(List.of("a"), List.of()),
        List.of(List.of(), List.of("a")),
        List.of(List.of("a", "b")),
        List.of(List.of("a"), List.of("b")),
        Arrays.asList(List.of("a"), null),
        null);
  }

  /** What stands for a null is what stands for a value as well, but for where it stands. */
  @Test
  void listsDifferByWhereTheirNullsAre() {
    requireApart(
        Types.ListType.ofOptional(31, Types.BooleanType.get()),
        Arrays.asList(null, null, true),
        Arrays.asList(true, null, null),
        Arrays.asList(null, true, null),
        Arrays.asList(null, null, null),
        Arrays.asList(null, null, false));
  }

  @Test
  void typesAreTheSameWhateverTheirIds() {
    assertThat(Widening.isSame(POINT, point(41, 42))).isTrue();
    assertThat(
            Widening.isSame(
                Types.ListType.ofOptional(1, POINT), Types.ListType.ofOptional(2, point(41, 42))))
        .isTrue();
    assertThat(
            Widening.isSame(
                MAP,
                Types.MapType.ofOptional(51, 52, Types.StringType.get(), Types.StringType.get())))
        .isTrue();
    assertThat(
            Widening.isSame(MAP, Types.MapType.ofOptional(21, 22, Types.StringType.get(), POINT)))
        .isFalse();
    assertThat(
            Widening.isSame(
                POINT,
                Types.StructType.of(
                    Types.NestedField.optional(11, "x", Types.DoubleType.get()),
                    Types.NestedField.optional(12, "z", Types.DoubleType.get()))))
        .isFalse();
    assertThat(
            Widening.isSame(
                POINT,
                Types.StructType.of(Types.NestedField.optional(11, "x", Types.DoubleType.get()))))
        .isFalse();
    assertThat(Widening.isSame(MAP, LISTS)).isFalse();
  }

  private static void requireApart(Type type, @Nullable Object... values) {
    List<RowKey> keys = Stream.of(values).map(value -> key(type, value)).toList();
    assertThat(keys).doesNotHaveDuplicates();
  }

  private static Map<String, @Nullable String> nullAt(String name) {
    Map<String, @Nullable String> map = new LinkedHashMap<>();
    map.put(name, null);
    return map;
  }

  private static Record at(@Nullable Double x, @Nullable Double y) {
    Record point = GenericRecord.create(POINT);
    point.set(0, x);
    point.set(1, y);
    return point;
  }

  private static RowKey key(Type type, @Nullable Object value) {
    Schema columns = new Schema(Types.NestedField.optional(1, "value", type));
    Record row = GenericRecord.create(columns);
    row.set(0, value);
    return RowKeys.of(columns, List.of()).keyOf(row);
  }
}
