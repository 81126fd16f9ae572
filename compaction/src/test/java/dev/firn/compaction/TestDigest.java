package dev.firn.compaction;

import static dev.firn.compaction.ForeignTable.row;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TestDigest {
  private static final PartitionSpec NONE = PartitionSpec.unpartitioned();

  @TempDir private Path folder;

  @Test
  void theOrderOfRowsIsOfNoImportance() {
    assertThat(digest(row(1, "a", "x"), row(2, "b", "y")))
        .hasSize(32)
        .isEqualTo(digest(row(2, "b", "y"), row(1, "a", "x")))
        .isNotEqualTo(digest(row(1, "b", "x"), row(2, "a", "y")));
  }

  @Test
  void howOftenARowIsThereCounts() {
    assertThat(digest(row(1, "a", "x"), row(1, "a", "x")))
        .isNotEqualTo(digest(row(1, "a", "x")))
        .isNotEqualTo(digest());
  }

  @Test
  void aNullIsNeitherAnEmptyTextNorThatOfAnotherColumn() {
    assertThat(
            List.of(
                digest(row(1, null, "x")),
                digest(row(1, "x", null)),
                digest(row(1, "", "x")),
                digest(row(1, "x", "")),
                digest(row(1, null, null))))
        .doesNotHaveDuplicates();
  }

  private static String digest(Record... rows) {
    return digest(ForeignTable.SCHEMA, rows);
  }

  private static String digest(Schema columns, Record... rows) {
    RowDigest digest = new RowDigest(columns);
    Arrays.stream(rows).forEach(digest::add);
    return digest.toString();
  }

  private static Stream<List<Object>> values() {
    return Stream.of(
        List.of(Types.BooleanType.get(), true, false),
        List.of(Types.LongType.get(), 1L, 2L),
        List.of(Types.FloatType.get(), 0.0F, -0.0F),
        List.of(Types.DoubleType.get(), 1.5, Double.NaN),
        List.of(Types.DecimalType.of(9, 2), new BigDecimal("1.10"), new BigDecimal("1.11")),
        List.of(Types.DateType.get(), LocalDate.EPOCH, LocalDate.EPOCH.plusDays(1)),
        List.of(
            Types.TimestampType.withoutZone(),
            LocalDateTime.of(2026, 1, 1, 0, 0),
            LocalDateTime.of(2026, 1, 1, 0, 0, 0, 1_000)),
        List.of(
            Types.TimestampType.withZone(),
            OffsetDateTime.of(2026, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC),
            OffsetDateTime.of(2026, 1, 1, 0, 0, 1, 0, ZoneOffset.UTC)),
        List.of(Types.UUIDType.get(), new UUID(1, 2), new UUID(2, 1)),
        List.of(Types.FixedType.ofLength(1), new byte[] {1}, new byte[] {2}),
        List.of(
            Types.BinaryType.get(),
            ByteBuffer.wrap(new byte[] {1}),
            ByteBuffer.wrap(new byte[] {1, 0})),
        List.of(
            Types.ListType.ofOptional(5, Types.IntegerType.get()),
            Arrays.asList(1, null, 2),
            List.of(1, 2)),
        List.of(
            Types.MapType.ofOptional(5, 6, Types.StringType.get(), Types.IntegerType.get()),
            Map.of("a", 1),
            Map.of("b", 1)));
  }

  @ParameterizedTest
  @MethodSource("values")
  void valuesOfEachTypeCount(List<Object> example) {
    Schema columns = new Schema(Types.NestedField.optional(1, "v", (Type) example.get(0)));
    List<String> digests = new ArrayList<>();
    for (Object value : Arrays.asList(null, example.get(1), example.get(2))) {
      Record row = GenericRecord.create(columns);
      row.set(0, value);
      assertThat(digest(columns, row)).isEqualTo(digest(columns, row.copy()));
      digests.add(digest(columns, row));
    }
    assertThat(digests).doesNotHaveDuplicates();
  }

  @Test
  void theSummaryHasTheDigestOfWhatWentInAndOut() {
    ForeignTable lake = ForeignTable.in(folder, 2, NONE);
    lake.append(List.of(row(1, "a", "x"), row(9, "a", "x")));
    lake.append(List.of(row(2, "b", "y")));
    lake.deleteWhere(List.of("id"), row(9, null, null));

    lake.compact();

    Snapshot rewrite = rewrite(lake.table());
    assertThat(rewrite.summary())
        .containsEntry("firn.compaction.digest-in", digest(row(1, "a", "x"), row(2, "b", "y")))
        .containsEntry("firn.compaction.digest-out", digest(row(1, "a", "x"), row(2, "b", "y")))
        .containsEntry("firn.compaction.equality-deletes-merged", "1")
        .containsEntry("firn.compaction.mode", "all")
        .containsKeys("firn.compaction.bytes-in", "firn.compaction.bytes-out");
  }

  private static Snapshot rewrite(Table table) {
    Snapshot found = table.currentSnapshot();
    while (!found.summary().containsKey(CompactionKeys.DIGEST_IN)) {
      found = table.snapshot(found.parentId());
    }
    return found;
  }

  /** The disk gives back other rows than were written: as many, and one of them is not the same. */
  @Test
  void aRowThatCameOutWrongIsNotCommitted() {
    ForeignTable lake = ForeignTable.in(folder, 2, NONE);
    lake.append(List.of(row(1, "a", "x"), row(2, "b", "y")));
    lake.append(List.of(row(3, "c", "z")));
    DataFile other =
        ForeignTable.write(
            lake.table(), List.of(row(1, "a", "x"), row(2, "B", "y"), row(3, "c", "z")));
    Snapshot before = lake.table().currentSnapshot();

    TableResult result =
        Compaction.of(
                "other.t",
                CompactionFixture.all(CompactionFixture.TARGET),
                Progress.NONE,
                () -> written().forEach(file -> replace(file, other)))
            .run(lake.table(), InstantSource.system());

    assertThat(result.failure())
        .hasValueSatisfying(e -> assertThat(e).hasMessageContaining("digest"));
    assertThat(lake.table().currentSnapshot()).isEqualTo(before);
    assertThat(written()).isEmpty();
  }

  private List<Path> written() {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith("compacted.parquet")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Only when it is complete: the reader looks for the length that the file had. */
  private static void replace(Path file, DataFile other) {
    try {
      if (Files.size(file) > 0) {
        Files.copy(
            Path.of(other.location().replaceFirst("^file:/*", "/")),
            file,
            StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
