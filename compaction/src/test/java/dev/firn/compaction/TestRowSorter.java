package dev.firn.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.iceberg.MetadataColumns;
import org.apache.iceberg.NullOrder;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortDirection;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.SortOrderComparators;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.expressions.Term;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.iceberg.variants.Variant;
import org.apache.iceberg.variants.VariantMetadata;
import org.apache.iceberg.variants.Variants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TestRowSorter {
  private static final int ROWS = 600;
  private static final long ROOM = 1L << 30;

  /** A type and what makes values of it. */
  record Values(Type type, Function<Random, Object> next) {
    @Override
    public String toString() {
      return type.toString();
    }
  }

  private static Stream<Values> values() {
    return Stream.of(
        new Values(Types.BooleanType.get(), Random::nextBoolean),
        new Values(Types.IntegerType.get(), Random::nextInt),
        new Values(Types.LongType.get(), Random::nextLong),
        new Values(
            Types.FloatType.get(),
            random -> random.nextInt(9) == 0 ? Float.NaN : random.nextFloat() - 0.5F),
        new Values(
            Types.DoubleType.get(),
            random -> random.nextInt(9) == 0 ? Double.NEGATIVE_INFINITY : random.nextGaussian()),
        new Values(Types.StringType.get(), TestRowSorter::text),
        new Values(Types.UUIDType.get(), random -> new UUID(random.nextLong(), random.nextLong())),
        new Values(Types.DecimalType.of(20, 3), random -> BigDecimal.valueOf(random.nextLong(), 3)),
        new Values(
            Types.DateType.get(), random -> LocalDate.ofEpochDay(random.nextInt(-9_999, 9_999))),
        new Values(
            Types.TimeType.get(),
            random -> LocalTime.ofNanoOfDay(random.nextInt(86_400) * 1_000_001_000L)),
        new Values(Types.TimestampType.withoutZone(), TestRowSorter::time),
        new Values(Types.TimestampType.withZone(), random -> time(random).atOffset(ZoneOffset.UTC)),
        new Values(Types.TimestampNanoType.withoutZone(), TestRowSorter::time),
        new Values(Types.FixedType.ofLength(3), random -> bytes(random, 3)),
        new Values(
            Types.BinaryType.get(), random -> ByteBuffer.wrap(bytes(random, random.nextInt(5)))));
  }

  private static String text(Random random) {
    int[] letters = random.ints(random.nextInt(6), 0, 4).toArray();
    return Arrays.stream(letters)
        .mapToObj(letter -> List.of("a", "Z", "\u00e4", "\ud83d\ude00").get(letter))
        .reduce("", String::concat);
  }

  private static LocalDateTime time(Random random) {
    return LocalDateTime.ofEpochSecond(
        random.nextInt(), random.nextInt(1_000_000) * 1_000, ZoneOffset.UTC);
  }

  private static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static Schema columns(Type type) {
    return MetadataColumns.schemaWithRowLineage(
        new Schema(
            NestedField.required(1, "id", Types.IntegerType.get()),
            NestedField.optional(2, "v", type)));
  }

  private static List<Record> rows(Schema columns, Function<Random, Object> next) {
    Random random = new Random(7);
    List<Record> rows = new ArrayList<>();
    for (int id = 0; id < ROWS; id++) {
      Record row = GenericRecord.create(columns);
      row.set(0, id);
      row.set(1, random.nextInt(7) == 0 ? null : next.apply(random));
      row.setField("_row_id", 1_000L + id);
      row.setField("_last_updated_sequence_number", 5L);
      rows.add(row);
    }
    return rows;
  }

  private static SortOrder order(
      Schema columns, Term term, SortDirection direction, NullOrder nulls) {
    return SortOrder.builderFor(columns).sortBy(term, direction, nulls).build();
  }

  /** As Iceberg orders them, rows of equal values in the order in which they came. */
  private static List<Integer> expected(List<Record> rows, Schema columns, SortOrder order) {
    Comparator<StructLike> values = SortOrderComparators.forSchema(columns, order);
    List<Record> sorted = new ArrayList<>(rows);
    sorted.sort((one, other) -> values.compare(view(columns, one), view(columns, other)));
    return sorted.stream().map(row -> (Integer) row.get(0)).toList();
  }

  private static StructLike view(Schema columns, Record row) {
    return new InternalRecordWrapper(columns.asStruct()).wrap(row);
  }

  private static List<Record> sorted(
      List<Record> rows, Schema columns, SortOrder order, long memoryBytes, int leastRuns)
      throws IOException {
    List<Record> sorted = new ArrayList<>();
    try (RowSorter sorter =
        new RowSorter(
            columns, new SortKeys(columns).by(order, columns), memoryBytes, Work.silent())) {
      long origin = 0;
      for (Record row : rows) {
        sorter.add(origin++, row);
      }
      assertThat(sorter.runs()).isGreaterThanOrEqualTo(leastRuns);
      sorter.forEach((from, row) -> {
        assertThat(row.get(0)).isEqualTo((int) from);
        sorted.add(row);
      });
    }
    return sorted;
  }

  private static String digest(Schema columns, List<Record> rows) {
    RowDigest digest = new RowDigest(columns);
    rows.forEach(digest::add);
    return digest.toString();
  }

  /** Up and down, nulls first and last; in memory, and by runs in several levels. */
  @ParameterizedTest
  @MethodSource("values")
  void valuesOfEachTypeAreSorted(Values values) throws IOException {
    Schema columns = columns(values.type);
    List<Record> rows = rows(columns, values.next);
    for (SortDirection direction : SortDirection.values()) {
      for (NullOrder nulls : NullOrder.values()) {
        SortOrder order = order(columns, Expressions.ref("v"), direction, nulls);
        List<Integer> expected = expected(rows, columns, order);

        List<Record> inMemory = sorted(rows, columns, order, ROOM, 0);
        List<Record> spilled = sorted(rows, columns, order, 16_000, 8);

        assertThat(inMemory).extracting(row -> row.get(0)).isEqualTo(expected);
        assertThat(spilled).extracting(row -> row.get(0)).isEqualTo(expected);
        assertThat(digest(columns, spilled)).isEqualTo(digest(columns, rows));
      }
    }
  }

  private static Stream<Term> terms() {
    return Stream.of(
        Expressions.bucket("v", 4), Expressions.truncate("v", 2), Expressions.ref("v"));
  }

  @ParameterizedTest
  @MethodSource("terms")
  void theTransformedValueCounts(Term term) throws IOException {
    Schema columns = columns(Types.StringType.get());
    List<Record> rows = rows(columns, TestRowSorter::text);
    SortOrder order = order(columns, term, SortDirection.DESC, NullOrder.NULLS_FIRST);

    assertThat(sorted(rows, columns, order, 16_000, 8))
        .extracting(row -> row.get(0))
        .isEqualTo(expected(rows, columns, order));
  }

  /** Whatever else is in a row comes back from the disk. */
  @Test
  void nestedValuesAreKept() throws IOException {
    Schema columns =
        MetadataColumns.schemaWithRowLineage(
            new Schema(
                NestedField.required(1, "id", Types.IntegerType.get()),
                NestedField.optional(
                    2,
                    "place in the world",
                    Types.StructType.of(NestedField.optional(3, "x", Types.LongType.get()))),
                NestedField.optional(
                    4, "list", Types.ListType.ofOptional(5, Types.StringType.get())),
                NestedField.optional(
                    6,
                    "map",
                    Types.MapType.ofOptional(7, 8, Types.IntegerType.get(), Types.DateType.get())),
                NestedField.optional(9, "variant", Types.VariantType.get())));
    List<Record> rows = new ArrayList<>();
    for (int id = 0; id < ROWS; id++) {
      Record row = GenericRecord.create(columns);
      row.set(0, id);
      if (id % 5 > 0) {
        Record place = GenericRecord.create(columns.findType(2).asStructType());
        place.set(0, id % 3 == 0 ? null : (long) -id);
        row.set(1, place);
        row.set(2, Arrays.asList("a" + id, null));
        row.set(3, Map.of(id, LocalDate.ofEpochDay(id)));
        row.set(4, Variant.of(VariantMetadata.empty(), Variants.of("text " + id)));
      }
      rows.add(row);
    }
    Collections.shuffle(rows, new Random(3));
    for (int at = 0; at < ROWS; at++) {
      rows.get(at).set(0, at);
    }
    SortOrder order =
        order(
            columns,
            Expressions.ref("place in the world.x"),
            SortDirection.ASC,
            NullOrder.NULLS_LAST);

    List<Record> sorted = sorted(rows, columns, order, 16_000, 8);

    assertThat(sorted).extracting(row -> row.get(0)).isEqualTo(expected(rows, columns, order));
    assertThat(digest(columns, sorted)).isEqualTo(digest(columns, rows));
  }
}
